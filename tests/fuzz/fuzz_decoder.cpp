// One object of any known kind and version: what cannot be read never means more than what can.
// Input: a line "apiVersion kind" of the tables of kinds (any other line picks a row by its first
// byte), then the object's YAML without those two fields.
#include "policy/decode_document.hpp"
#include "policy/document.hpp"
#include "policy/kube/kinds.hpp"
#include "policy/smi/versions.hpp"
#include "tests/policy/describe.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace {

using namespace policy;

void check(bool holds) {
    if (!holds) {
        std::abort();
    }
}

std::vector<KindRow> all_rows() {
    std::vector<KindRow> rows(smi::versions().begin(), smi::versions().end());
    rows.insert(rows.end(), kube::kinds().begin(), kube::kinds().end());
    return rows;
}

const KindRow& pick_row(const std::vector<KindRow>& rows, std::string_view header) {
    const auto named = std::find_if(rows.begin(), rows.end(), [&](const KindRow& row) {
        return std::string(row.api_version) + ' ' + std::string(row.kind) == header;
    });
    const std::size_t first = header.empty() ? 0 : static_cast<unsigned char>(header[0]);
    return named != rows.end() ? *named : rows[first % rows.size()];
}

void put_word(Node& object, std::string_view key, std::string_view word) {
    std::erase_if(object.entries, [key](const Node::Entry& entry) {
        return entry.key.scalar == key;
    });
    Node::Entry entry;
    for (Node* node : {&entry.key, &entry.value}) {
        node->kind = Node::Kind::scalar;
        node->line = 1;
        node->column = 1;
    }
    entry.key.scalar = key;
    entry.value.scalar = word;
    object.entries.push_back(std::move(entry));
}

/// True when the resource, by itself, allows or takes nothing, or has a part that does: what an
/// error must leave behind. Kinds without such a mark leave out what they cannot read.
struct IsSpoiled {
    bool operator()(const HttpRouteGroup& group) const {
        return group.is_spoiled ||
               std::any_of(group.matches.begin(), group.matches.end(), [](const HttpMatch& match) {
                   return match.is_spoiled;
               });
    }
    bool operator()(const TrafficSplit& split) const {
        return split.is_spoiled ||
               std::any_of(
                   split.backends.begin(),
                   split.backends.end(),
                   [](const SplitBackend& backend) { return !backend.weight_milli; }
               );
    }
    template <class T>
    bool operator()(const T& resource) const {
        if constexpr (requires { resource.is_spoiled; }) {
            return resource.is_spoiled;
        } else {
            return true;
        }
    }
};

struct Outcome {
    std::vector<Resource> resources;
    std::vector<Problem> problems;
};

Outcome decode(const Node& object) {
    DecodedFile file;
    decode_document(object, "f.yaml", "default", file);
    return {std::move(file.resources), file.problems.take()};
}

std::string describe(const Outcome& outcome) {
    std::string text;
    for (const Resource& resource : outcome.resources) {
        text += std::visit(test::Describer{}, resource);
    }
    for (const Problem& problem : outcome.problems) {
        text += to_string(problem) + '\n';
    }
    return text;
}

void check_problem(const Problem& problem) {
    check(
        problem.origin.file == "f.yaml" && problem.origin.line >= 1 && problem.origin.column >= 1
    );
    check(!problem.code.empty() && problem.message.find(' ') != std::string::npos);
    check(problem.message.size() <= k_problem_text_bytes_max + 3);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const std::vector<KindRow> rows = all_rows();
    const std::string_view input(reinterpret_cast<const char*>(data), size);
    const std::size_t line_end = std::min(input.find('\n'), input.size());
    const KindRow& row = pick_row(rows, input.substr(0, line_end));
    ParsedText parsed = parse_text(input.substr(line_end), "f.yaml");
    if (parsed.documents.empty() || !parsed.documents[0].is_mapping()) {
        return 0;
    }
    Node& object = parsed.documents[0];
    put_word(object, "apiVersion", row.api_version);
    put_word(object, "kind", row.kind);

    const Outcome outcome = decode(object);
    check(outcome.problems.size() <= k_problems_per_file_max + 1);
    std::for_each(outcome.problems.begin(), outcome.problems.end(), check_problem);
    const bool has_error =
        std::any_of(outcome.problems.begin(), outcome.problems.end(), [](const Problem& problem) {
            return problem.severity == Severity::error;
        });
    // Endpoints give a resource for each subset; all else gives one, or none.
    check(outcome.resources.size() <= 1 || row.kind == "Endpoints");
    for (const Resource& resource : outcome.resources) {
        check(!metadata_of(resource).name.name.empty());
        check(!has_error || std::visit(IsSpoiled{}, resource));
    }
    check(!outcome.resources.empty() || !outcome.problems.empty() || row.kind == "Endpoints");
    check(describe(decode(object)) == describe(outcome));
    return 0;
}
