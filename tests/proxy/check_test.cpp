#include "proxy/command/check.hpp"

#include "proxy/command/manifest_files.hpp"

#include <boost/json.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

namespace proxy::command {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

constexpr const char* k_routes = R"(apiVersion: specs.smi-spec.io/v1alpha4
kind: HTTPRouteGroup
metadata: {name: routes, namespace: shop}
spec:
  matches:
  - {name: all, pathRegex: ".*", methods: ["*"]}
)";

constexpr const char* k_target = R"(apiVersion: access.smi-spec.io/v1alpha3
kind: TrafficTarget
metadata: {name: pay, namespace: shop}
spec:
  destination: {kind: ServiceAccount, name: api, namespace: shop}
  rules:
  - {kind: HTTPRouteGroup, name: routes, matches: [all]}
  sources:
  - {kind: ServiceAccount, name: web, namespace: shop}
)";

// Its rule names a group that is nowhere.
constexpr const char* k_unresolved = R"(apiVersion: access.smi-spec.io/v1alpha3
kind: TrafficTarget
metadata: {name: lost, namespace: elsewhere}
spec:
  destination: {kind: ServiceAccount, name: api, namespace: elsewhere}
  rules:
  - {kind: HTTPRouteGroup, name: absent}
  sources:
  - {kind: ServiceAccount, name: web, namespace: shop}
)";

struct Outcome {
    int exit_code = 0;
    std::string output;
    std::string error;
};

class Check : public ::testing::Test {
 protected:
    Check() {
        std::string name = (std::filesystem::temp_directory_path() / "smilax-XXXXXX").string();
        folder_ = ::mkdtemp(name.data());
    }
    ~Check() override { std::filesystem::remove_all(folder_); }

    std::string write(const std::string& name, const std::string& text) {
        const std::filesystem::path path = std::filesystem::path(folder_) / name;
        std::filesystem::create_directories(path.parent_path());
        std::ofstream(path) << text;
        return path.string();
    }

    static Outcome run(const CheckOptions& options, const std::string& input = {}) {
        std::istringstream in(input);
        std::ostringstream out;
        std::ostringstream err;
        const int exit_code = run_check(options, {in, out, err});
        return {exit_code, out.str(), err.str()};
    }

    Outcome run_on(const std::vector<std::string>& paths, const std::string& input = {}) {
        CheckOptions options;
        options.paths = paths;
        return run(options, input);
    }

    std::string folder_;
};

TEST_F(Check, FindsNothingWrongWithRightManifests) {
    write("routes.yaml", k_routes);
    write("target.yml", k_target);
    const Outcome outcome = run_on({folder_});
    EXPECT_EQ(outcome.exit_code, 0) << outcome.output;
    EXPECT_EQ(outcome.output, "");
    EXPECT_EQ(outcome.error, "2 files, 2 objects: 0 errors, 0 warnings\n");
}

TEST_F(Check, ReportsReferencesThatNothingAnswersWhateverTheWorkload) {
    const std::string file = write("lost.yaml", k_unresolved);
    const Outcome outcome = run_on({file});
    EXPECT_THAT(
        outcome.output, AllOf(StartsWith(file + ":7:"), HasSubstr("TrafficTarget elsewhere/lost"))
    );
    EXPECT_THAT(outcome.error, StartsWith("1 file, 1 object: "));
    EXPECT_THAT(outcome.error, Not(HasSubstr("0 errors, 0 warnings")));
}

TEST_F(Check, ExitsWithOneForTextThatDoesNotParse) {
    const std::string file = write("broken.yaml", "kind: [\n");
    const Outcome outcome = run_on({file});
    EXPECT_EQ(outcome.exit_code, 1);
    EXPECT_THAT(outcome.output, AllOf(StartsWith(file + ":"), HasSubstr(": error: ")));
    EXPECT_THAT(outcome.error, HasSubstr("1 file, 0 objects: 1 error, 0 warnings"));
}

TEST_F(Check, ReadsStandardInput) {
    const Outcome outcome = run_on({"-"}, "kind: [\n");
    EXPECT_EQ(outcome.exit_code, 1);
    EXPECT_THAT(outcome.output, StartsWith("<stdin>:"));
}

TEST_F(Check, SortsProblemsByFileAndPlace) {
    const std::string a = write("a.yaml", k_unresolved);
    const std::string b = write("b.yaml", "kind: [\n");
    const Outcome outcome = run_on({b, a});
    EXPECT_LT(outcome.output.find(a), outcome.output.find(b));
}

TEST_F(Check, PrintsJsonForTools) {
    CheckOptions options;
    const std::string file = write("lost.yaml", k_unresolved);
    options.paths = {file};
    options.as_json = true;
    const Outcome outcome = run(options);
    const boost::json::object all = boost::json::parse(outcome.output).as_object();
    EXPECT_EQ(all.at("files").to_number<int>(), 1);
    EXPECT_EQ(all.at("objects").to_number<int>(), 1);
    const boost::json::object& problem = all.at("problems").as_array().at(0).as_object();
    EXPECT_EQ(problem.at("file").as_string(), file);
    EXPECT_EQ(problem.at("line").to_number<int>(), 7);
    EXPECT_GT(problem.at("column").to_number<int>(), 0);
    EXPECT_EQ(problem.at("object").as_string(), "TrafficTarget elsewhere/lost");
    EXPECT_EQ(problem.at("code").as_string(), "unresolved_reference");
    EXPECT_FALSE(problem.at("message").as_string().empty());
    const int errors = all.at("errors").to_number<int>();
    const int warnings = all.at("warnings").to_number<int>();
    EXPECT_EQ(static_cast<std::size_t>(errors + warnings), all.at("problems").as_array().size());
    EXPECT_EQ(outcome.exit_code, errors == 0 ? 0 : 1);
    EXPECT_EQ(outcome.error, "");
}

TEST_F(Check, ColoursOnlyWhenTold) {
    CheckOptions options;
    options.paths = {write("broken.yaml", "kind: [\n")};
    EXPECT_THAT(run(options).output, Not(HasSubstr("\x1b")));
    options.use_colours = true;
    EXPECT_THAT(run(options).output, HasSubstr("\x1b[1;31merror:\x1b[0m"));
}

TEST_F(Check, SaysWhichPathDoesNotExist) {
    const Outcome outcome = run_on({folder_ + "/absent"});
    EXPECT_EQ(outcome.exit_code, 2);
    EXPECT_EQ(outcome.error, "smilax check: " + folder_ + "/absent: No such file or directory\n");
    EXPECT_EQ(outcome.output, "");
}

TEST_F(Check, RefusesADirectoryWithoutManifests) {
    write("notes.txt", "x");
    const Outcome outcome = run_on({folder_});
    EXPECT_EQ(outcome.exit_code, 2);
    EXPECT_THAT(outcome.error, HasSubstr("no *.yaml, *.yml or *.json"));
}

TEST_F(Check, RefusesANamespaceThatNoIdentityCanHave) {
    CheckOptions options;
    options.paths = {write("routes.yaml", k_routes)};
    options.policy.name_space = "a b";
    EXPECT_EQ(run(options).exit_code, 2);
}

TEST_F(Check, PutsObjectsWithoutNamespaceIntoTheGivenOne) {
    CheckOptions options;
    std::string target = k_target;
    target.replace(target.find(", namespace: shop}"), 18, "}");  // of the metadata
    options.paths = {write("routes.yaml", k_routes), write("target.yaml", target)};
    options.policy.name_space = "shop";
    const Outcome outcome = run(options);
    EXPECT_EQ(outcome.error, "2 files, 2 objects: 0 errors, 0 warnings\n") << outcome.output;
}

TEST_F(Check, TellsAFileThatCannotBeReadAndReadsTheOthers) {
    const std::string file = write("huge.yaml", std::string(16 * 1024 * 1024 + 1, '#'));
    write("routes.yaml", k_routes);
    CheckOptions options;
    options.paths = {folder_};
    options.as_json = true;
    const Outcome outcome = run(options);
    EXPECT_EQ(outcome.exit_code, 1);
    const boost::json::object all = boost::json::parse(outcome.output).as_object();
    EXPECT_EQ(all.at("objects").to_number<int>(), 1);
    ASSERT_EQ(all.at("problems").as_array().size(), 1U);
    const boost::json::object& problem = all.at("problems").as_array()[0].as_object();
    EXPECT_EQ(problem.at("code").as_string(), "unreadable_file");
    EXPECT_EQ(problem.at("file").as_string(), file);
}

TEST_F(Check, JudgesByTheSwitchesAsTheProxyWouldByItsConfiguration) {
    const std::string routes = write("routes.yaml", R"(apiVersion: specs.smi-spec.io/v1alpha4
kind: HTTPRouteGroup
metadata: {name: routes, namespace: elsewhere}
spec: {matches: [{name: all, pathRegex: /admin, headers: {x: beta}}]}
)");
    std::string target = k_target;
    target.replace(target.find("namespace: shop}"), 16, "namespace: elsewhere}");
    const std::string file = write("target.yaml", target);
    const auto codes = [&](const CheckOptions& options) {
        std::vector<std::string> found;
        const boost::json::value all = boost::json::parse(run(options).output);
        for (const boost::json::value& problem : all.at("problems").as_array()) {
            found.emplace_back(problem.at("code").as_string());
        }
        return found;
    };
    CheckOptions options;
    options.paths = {routes, file};
    options.as_json = true;
    EXPECT_THAT(
        codes(options),
        ElementsAre("wide_path_regex", "unanchored_header_regex", "cross_namespace_target")
    );
    options.policy.options.path_regex = policy::RegexMode::full;
    options.policy.options.header_regex = policy::RegexMode::full;
    options.policy.options.allow_cross_namespace_targets = true;
    EXPECT_THAT(codes(options), IsEmpty());
}

TEST_F(Check, NamesInAManifestGiveTheTerminalNoOrders) {
    const std::string file =
        write("a.yaml", "apiVersion: v1\nkind: \"Pod\\e[2J\\n\"\nmetadata: {name: x}\n");
    EXPECT_EQ(
        run_on({file}).output,
        file +
            ":2:1: warning: v1 Pod\\x1b[2J\\x0a has no meaning here and is ignored "
            "[Pod\\x1b[2J\\x0a x]\n"
    );
}

TEST_F(Check, TellsTenThousandProblemsInOrder) {
    constexpr int files = 20;
    constexpr int objects = 250;  // with two problems each
    for (int i = 0; i < files; ++i) {
        std::string text;
        for (int j = 0; j < objects; ++j) {
            text +=
                "apiVersion: access.smi-spec.io/v1alpha3\nkind: TrafficTarget\nmetadata: {name: t" +
                std::to_string(i * objects + j) +
                "}\nspec:\n  destination: {kind: ServiceAccount, name: a}\n  sources: []\n"
                "  rules: [{kind: TCPRoute, name: absent}]\n---\n";
        }
        write("file-" + std::to_string(100 + i) + ".yaml", text);
    }
    const Outcome outcome = run_on({folder_});
    EXPECT_EQ(outcome.exit_code, 1);
    EXPECT_EQ(outcome.error, "20 files, 5000 objects: 10000 errors, 0 warnings\n");
    EXPECT_THAT(outcome.output, StartsWith(folder_ + "/file-100.yaml:6:12: error: "));
    std::istringstream lines(outcome.output);
    std::pair<std::string, int> before;
    for (std::string line; std::getline(lines, line);) {
        const std::size_t colon = line.find(':');
        const std::pair<std::string, int> here{
            line.substr(0, colon), std::stoi(line.substr(colon + 1))
        };
        ASSERT_LT(before, here) << line;
        before = here;
    }
}

TEST_F(Check, ListsManifestsOfAllFoldersOnce) {
    write("b.json", "{}");
    write("sub/a.yaml", "");
    write("sub/notes.md", "");
    write(".hidden.yaml", "");
    write("..2026/a.yaml", "");
    const auto files = list_manifest_files({folder_ + "/b.json", folder_, folder_ + "/./b.json"});
    ASSERT_TRUE(files.has_value());
    EXPECT_THAT(*files, ElementsAre(EndsWith("/b.json"), EndsWith("/sub/a.yaml")));
}

TEST_F(Check, FollowsTheLinksOfAMountedConfigMap) {
    write("..2026/a.yaml", k_routes);
    std::filesystem::create_directory_symlink("..2026", folder_ + "/..data");
    std::filesystem::create_symlink("..data/a.yaml", folder_ + "/a.yaml");
    const Outcome outcome = run_on({folder_});
    EXPECT_THAT(outcome.error, StartsWith("1 file, 1 object: "));
}

TEST_F(Check, TakesAFileOfAnyNameWhenItIsNamed) {
    const std::string file = write("manifest.txt", k_routes);
    EXPECT_THAT(run_on({file}).error, StartsWith("1 file, 1 object: "));
}

}  // namespace
}  // namespace proxy::command
