// The documents of tests/data/smi, as the proxy reads them: manifest → the workload's snapshot as
// JSON, and the problems. SMILAX_UPDATE_GOLDENS=1 writes the goldens anew (tests/README.md).
#include "policy/compile.hpp"
#include "policy/document.hpp"
#include "policy/inventory.hpp"
#include "policy/smi/versions.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace policy::test {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view k_snapshot = ".snapshot.json";
constexpr std::string_view k_problems = ".problems";
constexpr std::string_view k_questions = ".questions";  // tests/e2e/test_explain_questions.py
constexpr std::string_view k_workload_comment = "# workload: ";

fs::path root() {
    const char* const data = std::getenv("SMILAX_TEST_DATA");
    return fs::path(data != nullptr ? data : "tests/data") / "smi";
}

bool is_updating() {
    const char* const update = std::getenv("SMILAX_UPDATE_GOLDENS");
    return update != nullptr && std::string_view(update) == "1";
}

/// Nothing when there is no such file.
std::optional<std::string> read_text(const fs::path& path) {
    std::ifstream stream(path, std::ios::binary);
    if (!stream) {
        return std::nullopt;
    }
    return std::string(std::istreambuf_iterator<char>(stream), {});
}

bool is_manifest(const std::string& file) {
    return file.ends_with(".yaml") || (file.ends_with(".json") && !file.ends_with(k_snapshot));
}

/// Files below the root ("access_v1alpha1/spec-x.yaml"), sorted.
std::vector<std::string> files() {
    std::vector<std::string> found;
    std::error_code error;
    for (const auto& entry : fs::recursive_directory_iterator(root(), error)) {
        if (entry.is_regular_file()) {
            found.push_back(fs::relative(entry.path(), root()).generic_string());
        }
    }
    std::sort(found.begin(), found.end());
    return found;
}

std::vector<std::string> manifests() {
    std::vector<std::string> found = files();
    std::erase_if(found, [](const std::string& file) { return !is_manifest(file); });
    return found;
}

std::string without_ending(const std::string& file) {
    return fs::path(file).replace_extension().generic_string();
}

/// "# workload: NS/SA[/POD]" in the first line; JSON has no comments and is for default/service-a.
Workload workload_of(std::string_view text) {
    Workload workload;
    workload.service_account = "service-a";
    if (!text.starts_with(k_workload_comment)) {
        return workload;
    }
    const std::string_view line = text.substr(0, text.find('\n'));
    const std::string name(line.substr(k_workload_comment.size()));
    const std::size_t slash = name.find('/');
    if (slash == std::string::npos) {
        ADD_FAILURE() << "write '# workload: NAMESPACE/SERVICEACCOUNT': " << line;
        return workload;
    }
    const std::size_t pod = name.find('/', slash + 1);
    workload.name_space = name.substr(0, slash);
    workload.service_account = name.substr(slash + 1, pod - slash - 1);
    workload.pod = pod == std::string::npos ? "" : name.substr(pod + 1);
    return workload;
}

struct Outcome {
    std::string snapshot;
    std::string problems;  // "code file:line:column: severity: sentence", one per line
};

void add_problems(const std::vector<Problem>& problems, std::string& text) {
    for (const Problem& problem : problems) {
        text += problem.code + ' ' + to_string(problem) + '\n';
    }
}

Outcome read_and_compile(const std::string& file, const std::string& text) {
    const Workload workload = workload_of(text);
    Inventory inventory(workload.name_space);
    // False where the text does not parse, which is then among the problems.
    static_cast<void>(inventory.replace_file(fs::path(file).filename().string(), text));
    const Compiled compiled = compile(inventory, workload, Options(), 1);
    Outcome outcome;
    outcome.snapshot = compiled.snapshot->to_json() + '\n';
    add_problems(inventory.problems(), outcome.problems);
    add_problems(compiled.problems, outcome.problems);
    return outcome;
}

std::vector<std::string> lines_of(const std::string& text) {
    std::vector<std::string> lines;
    for (std::size_t begin = 0; begin < text.size();) {
        const std::size_t end = std::min(text.find('\n', begin), text.size());
        lines.push_back(text.substr(begin, end - begin));
        begin = end + 1;
    }
    return lines;
}

/// What differs between the first and the last line that differ, with three lines around it.
std::string difference(const std::string& golden, const std::string& actual) {
    constexpr std::ptrdiff_t around = 3;
    const std::vector<std::string> left = lines_of(golden);
    const std::vector<std::string> right = lines_of(actual);
    const auto [left_from, right_from] =
        std::mismatch(left.begin(), left.end(), right.begin(), right.end());
    const auto [left_back, right_back] = std::mismatch(
        left.rbegin(),
        std::make_reverse_iterator(left_from),
        right.rbegin(),
        std::make_reverse_iterator(right_from)
    );
    const auto left_to = left_back.base();
    const auto right_to = right_back.base();
    std::string text;
    const auto add = [&text](char mark, auto from, auto to) {
        for (; from != to; ++from) {
            text += std::string(1, mark) + ' ' + *from + '\n';
        }
    };
    add(' ', left_from - std::min(around, left_from - left.begin()), left_from);
    add('-', left_from, left_to);
    add('+', right_from, right_to);
    add(' ', left_to, left_to + std::min(around, left.end() - left_to));
    return text.empty() ? "they differ in how the last line ends\n" : text;
}

/// A golden that would be empty is no file at all.
void compare_or_update(const std::string& name, const std::string& actual) {
    const fs::path path = root() / name;
    if (is_updating()) {
        if (actual.empty()) {
            fs::remove(path);
        } else {
            std::ofstream(path, std::ios::binary) << actual;
        }
    }
    const std::string golden = read_text(path).value_or("");
    EXPECT_TRUE(golden == actual) << name << " (- golden, + now):\n"
                                  << difference(golden, actual)
                                  << "If that is right: SMILAX_UPDATE_GOLDENS=1 (tests/README.md).";
}

class Golden : public testing::TestWithParam<std::string> {};

TEST_P(Golden, IsWhatTheManifestMeans) {
    const auto text = read_text(root() / GetParam());
    ASSERT_TRUE(text);
    const Outcome outcome = read_and_compile(GetParam(), *text);
    compare_or_update(without_ending(GetParam()) + std::string(k_snapshot), outcome.snapshot);
    compare_or_update(without_ending(GetParam()) + std::string(k_problems), outcome.problems);
}

INSTANTIATE_TEST_SUITE_P(
    Manifests,
    Golden,
    testing::ValuesIn(manifests()),
    [](const testing::TestParamInfo<std::string>& file) {
        std::string name = file.param;
        std::replace_if(
            name.begin(), name.end(), [](unsigned char c) { return std::isalnum(c) == 0; }, '_'
        );
        return name;
    }
);

// Without the data there is nothing to instantiate: the tests below say so.
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(Golden);

TEST(Goldens, StandEachBesideOneManifest) {
    std::set<std::string> names;
    for (const std::string& file : manifests()) {
        EXPECT_TRUE(names.insert(without_ending(file)).second)
            << file << ": its goldens would be those of another manifest; rename it";
    }
    for (const std::string& file : files()) {
        for (const std::string_view ending : {k_snapshot, k_problems, k_questions}) {
            EXPECT_TRUE(
                !file.ends_with(ending) ||
                names.contains(file.substr(0, file.size() - ending.size()))
            ) << file
              << ": has no manifest; remove it";
        }
    }
}

TEST(Goldens, AreOfKnownKindsOfFiles) {
    for (const std::string& file : files()) {
        const bool is_known = is_manifest(file) || file == "README.md" ||
                              file.ends_with(k_snapshot) || file.ends_with(k_problems) ||
                              file.ends_with(k_questions);
        EXPECT_TRUE(is_known) << file << ": no test reads it";
    }
}

/// apiVersion and kind of an object and of the items of a List, as versions() spells them.
void add_versions(const Node& object, std::set<std::pair<std::string, std::string>>& seen) {
    const Node* const version = object.find("apiVersion");
    const Node* const kind = object.find("kind");
    if (version != nullptr && kind != nullptr) {
        seen.emplace(version->scalar, kind->scalar);
    }
    if (const Node* const items = object.find("items")) {
        for (const Node& item : items->items) {
            add_versions(item, seen);
        }
    }
}

TEST(Goldens, HaveEveryVersionOfEveryKindAsYamlAndAsJson) {
    for (const std::string_view ending : {".yaml", ".json"}) {
        std::set<std::pair<std::string, std::string>> seen;
        for (const std::string& file : manifests()) {
            if (!file.ends_with(ending)) {
                continue;
            }
            for (const Node& node : parse_text(*read_text(root() / file), file).documents) {
                add_versions(node, seen);
            }
        }
        for (const KindRow& row : smi::versions()) {
            EXPECT_TRUE(seen.contains({std::string(row.api_version), std::string(row.kind)}))
                << row.api_version << ' ' << row.kind << ": no manifest *" << ending << " has it";
        }
    }
}

}  // namespace
}  // namespace policy::test
