// A code of problems.md as tables have it: what raises it, and what its sentence must say.
#pragma once

#include "policy/compile.hpp"
#include "policy/inventory.hpp"
#include "policy/problem.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace policy {

inline constexpr std::string_view k_culprit = "@@";

inline constexpr Severity error = Severity::error;
inline constexpr Severity warning = Severity::warning;

/// A manifest with @@ before what is wrong.
struct Case {
    const char* code;
    Severity severity;
    std::string manifest;
    const char* way_out;  // part of the message
};

// NOLINTNEXTLINE(readability-identifier-naming): GoogleTest looks for this name
inline void PrintTo(const Case& row, std::ostream* out) {
    *out << row.code;
}

/// Removes the mark and tells where it stood.
inline Place take_mark(std::string& text) {
    const std::size_t at = text.find(k_culprit);
    EXPECT_NE(at, std::string::npos) << "no @@ in:\n" << text;
    text.erase(at, k_culprit.size());
    EXPECT_EQ(text.find(k_culprit), std::string::npos) << "two @@";
    const auto line =
        std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(at), '\n');
    const std::size_t line_begin = at == 0 ? 0 : text.rfind('\n', at - 1) + 1;  // npos + 1 = 0
    return {static_cast<int>(line) + 1, static_cast<int>(at - line_begin) + 1};
}

/// What `check` and the proxy's /snapshot tell of one file.
inline std::vector<Problem> problems_of(const std::string& manifest) {
    Inventory inventory("shop");
    static_cast<void>(inventory.replace_file("f.yaml", manifest));
    const Workload workload{"cluster.local", "shop", "pay", "pay-1"};
    std::vector<Problem> problems = compile(inventory, workload, Options(), 1).problems;
    const std::vector<Problem> of_reading = inventory.problems();
    problems.insert(problems.end(), of_reading.begin(), of_reading.end());
    return in_order(std::move(problems));
}

/// The one problem of this code is where the mark stands, and says what to do.
inline void expect_raised(const Case& row) {
    std::string manifest = row.manifest;
    const Place place = take_mark(manifest);
    std::vector<Problem> found;
    std::string all;
    for (const Problem& problem : problems_of(manifest)) {
        all += to_string(problem) + " (" + problem.code + ")\n";
        if (problem.code == row.code) {
            found.push_back(problem);
        }
    }
    ASSERT_EQ(found.size(), 1U) << manifest << "gives:\n" << all;
    const Problem& problem = found.front();
    EXPECT_EQ(problem.origin.file, "f.yaml");
    EXPECT_EQ(problem.origin.line, place.line) << manifest << all;
    EXPECT_EQ(problem.origin.column, place.column) << manifest << all;
    EXPECT_EQ(to_string(problem.severity), to_string(row.severity));
    EXPECT_THAT(problem.message, ::testing::HasSubstr(row.way_out));
    EXPECT_THAT(problem.message, ::testing::Not(::testing::HasSubstr("  ")));
}

inline std::string head(const char* api_version, const char* kind, const char* name = "x") {
    return std::string("apiVersion: ") + api_version + "\nkind: " + kind +
           "\nmetadata: {name: " + name + ", namespace: shop}\n";
}
/// A TrafficTarget with these fields under spec, one per line.
inline std::string target(const std::string& spec) {
    return head("access.smi-spec.io/v1alpha3", "TrafficTarget") + "spec:\n" + spec;
}
inline std::string target_with(
    const std::string& destination, const std::string& sources, const std::string& rules
) {
    return target(
        "  destination: " + destination + "\n  sources: " + sources + "\n  rules: " + rules + "\n"
    );
}
inline const std::string k_pay = "{kind: ServiceAccount, name: pay}";
inline const std::string k_web = "[{kind: ServiceAccount, name: web, namespace: shop}]";
inline const std::string k_rules = "[{kind: TCPRoute, name: x}]";

inline std::string route(const std::string& spec) {
    return head("specs.smi-spec.io/v1alpha4", "TCPRoute") + "spec: " + spec + "\n---\n";
}
inline const std::string k_route = route("{matches: {ports: [80]}}");

inline std::string group(const std::string& matches) {
    return head("specs.smi-spec.io/v1alpha4", "HTTPRouteGroup") + "spec:\n  matches: " + matches +
           "\n---\n";
}

}  // namespace policy
