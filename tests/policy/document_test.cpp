#include "policy/document.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <utility>

namespace policy {
namespace {

ParsedText parse(std::string_view text) {
    return parse_text(text, "f.yaml");
}

/// The only document of a text that parses.
Node parse_one(std::string_view text) {
    ParsedText parsed = parse(text);
    EXPECT_TRUE(parsed.problems.empty()) << text << to_string(parsed.problems.at(0));
    EXPECT_EQ(parsed.documents.size(), 1U) << text;
    return parsed.documents.empty() ? Node{} : std::move(parsed.documents[0]);
}

TEST(Document, KeepsOrderPlacesAndQuotes) {
    const Node root = parse_one("a: 1\nb:\n  - \"2\"\n  - {c: x}\n");
    ASSERT_TRUE(root.is_mapping());
    ASSERT_EQ(root.entries.size(), 2U);
    EXPECT_EQ(root.entries[0].key.scalar, "a");
    EXPECT_EQ(root.entries[1].key.scalar, "b");
    const Node& first = root.find("b")->items[0];
    EXPECT_TRUE(first.quoted);
    EXPECT_EQ(std::pair(first.line, first.column), std::pair(3, 5));
    const Node& x = *root.find("b")->items[1].find("c");
    EXPECT_FALSE(x.quoted);
    EXPECT_EQ(std::pair(x.line, x.column), std::pair(4, 9));
    EXPECT_EQ(root.find("c"), nullptr);
    EXPECT_EQ(first.find("c"), nullptr);
}

TEST(Document, ReadsJson) {
    const Node root = parse_one("{\n\t\"a\":\t[1, true, null, \"\\u00e9\\/x\"]\n}\n");
    const Node& list = *root.find("a");
    ASSERT_EQ(list.items.size(), 4U);
    EXPECT_EQ(list.items[0].as_integer(), 1);
    EXPECT_EQ(list.items[1].as_bool(), true);
    EXPECT_TRUE(list.items[2].is_null());
    EXPECT_EQ(list.items[3].scalar, "\xc3\xa9/x");
}

TEST(Document, ReadsSeveralDocumentsAndLeavesOutEmptyOnes) {
    const ParsedText parsed = parse("---\n# none\n---\na: 1\n--- \nb: 2\n...\n# more\n\nc: 3\n");
    EXPECT_TRUE(parsed.problems.empty());
    ASSERT_EQ(parsed.documents.size(), 3U);
    EXPECT_EQ(parsed.documents[2].find("c")->line, 10);
    EXPECT_TRUE(parse("").documents.empty());
    EXPECT_TRUE(parse("# nothing\n").problems.empty());
}

TEST(Document, ReadsWindowsTextAndByteOrderMarks) {
    const ParsedText parsed = parse(
        "\xef\xbb\xbf"
        "a: 1\r\nb: x\r\n---\r\nc: 3\r\n...\r\nd: 4\r\n"
    );
    EXPECT_TRUE(parsed.problems.empty());
    ASSERT_EQ(parsed.documents.size(), 3U);
    EXPECT_EQ(parsed.documents[0].find("b")->scalar, "x");
}

TEST(Document, ReadsWhatKubectlPrints) {
    const Node root = parse_one(
        "metadata:\n"
        "  creationTimestamp: null\n"
        "  managedFields:\n"
        "  - fieldsV1:\n"
        "      f:metadata:\n"
        "        .: {}\n"
        "        k:{\"type\":\"Ready\"}: {}\n"
        "      ? k:{\"a\":1}\n"
        "      : {}\n"
        "  annotations:\n"
        "    note: |\n"
        "      ---\n"
        "      text\n"
    );
    const Node& metadata = *root.find("metadata");
    EXPECT_TRUE(metadata.find("creationTimestamp")->is_null());
    EXPECT_EQ(metadata.find("annotations")->find("note")->scalar, "---\ntext\n");
}

TEST(Document, ExpandsAliases) {
    const Node root = parse_one("a: &x {b: [1]}\nc: *x\nd: [*x, *x]\n");
    EXPECT_EQ(root.find("c")->find("b")->items[0].as_integer(), 1);
    EXPECT_EQ(root.find("d")->items[1].find("b")->items.size(), 1U);
}

struct Refusal {
    std::string_view text;
    int line;
    int column;
    std::string_view code;
};

TEST(Document, RefusesBrokenTextAtItsPlace) {
    using namespace std::string_view_literals;
    const Refusal cases[] = {
        {"a: [1, 2", 1, 1, "yaml_syntax"},
        {"a: \"x", 1, 6, "yaml_syntax"},
        {"x: 1\na: b: c", 2, 5, "yaml_syntax"},
        {"a: b\n  c: d", 2, 4, "yaml_syntax"},
        {"a:\n    b: 1\n  c: 2", 3, 3, "yaml_syntax"},
        {"{\"a\":1}}", 1, 8, "yaml_syntax"},
        {"]", 1, 1, "yaml_syntax"},
        {"a: *y", 1, 4, "yaml_syntax"},
        {"a: &x [*x]", 1, 8, "yaml_syntax"},
        {"? [a]\n: y", 1, 3, "yaml_syntax"},
        {": y", 1, 1, "yaml_syntax"},
        {"%YAML 3.0\n---\na: 1", 1, 1, "yaml_syntax"},
        {"b: 1\na: 1\nb: 2", 3, 1, "duplicate_key"},
        {"{a: {c: 1, c: 1}}", 1, 12, "duplicate_key"},
        {"x: {<<: 1}", 1, 5, "yaml_merge_key"},
        {"a: !!int 1", 1, 4, "yaml_tag"},
        {"a: !mine {}", 1, 4, "yaml_tag"},
        {"a: 1\nb: \x04\nc: 1", 2, 4, "invalid_text"},
        {"a: \0"sv, 1, 4, "invalid_text"},
        {"a: \xff", 1, 4, "invalid_text"},
        {"a: \xc0\xaf", 1, 4, "invalid_text"},
        {"a: \xed\xa0\x80", 1, 4, "invalid_text"},
        {"a: \xe2\x82", 1, 4, "invalid_text"},
    };
    for (const Refusal& refusal : cases) {
        const ParsedText parsed = parse(refusal.text);
        ASSERT_EQ(parsed.problems.size(), 1U) << refusal.text;
        const Problem& problem = parsed.problems[0];
        EXPECT_EQ(problem.severity, Severity::error);
        EXPECT_EQ(problem.code, refusal.code) << refusal.text;
        EXPECT_EQ(problem.origin.file, "f.yaml");
        EXPECT_EQ(
            std::pair(problem.origin.line, problem.origin.column),
            std::pair(refusal.line, refusal.column)
        ) << refusal.text;
    }
}

/// yaml-cpp would take the rest for another document; the first one would lose its constraints.
TEST(Document, RefusesTextThatBelongsToNoDocument) {
    for (const std::string_view text : {
             "  kind: TCPRoute\nspec: {}",
             "{\"a\":1}\n{\"b\":2}",
             "- a\nb: c",
             "\"foo\" bar",
             "a: 1\n---\n  b: 1\nc: 2",
         }) {
        const ParsedText parsed = parse(text);
        ASSERT_EQ(parsed.problems.size(), 1U) << text;
        EXPECT_EQ(parsed.problems[0].code, "yaml_syntax") << text;
    }
}

ParsedText parse_within(std::string_view text, const DocumentLimits& limits) {
    return parse_text(text, "f.yaml", limits);
}

TEST(Document, HoldsItsLimitsExactly) {
    const DocumentLimits limits{.text_bytes_max = 40, .nodes_max = 5, .depth_max = 3};
    EXPECT_TRUE(parse_within("[[[x]]]", limits).problems.empty());
    EXPECT_FALSE(parse_within("[[[[x]]]]", limits).problems.empty());
    EXPECT_TRUE(parse_within("[a, b, c, d]", limits).problems.empty());
    EXPECT_FALSE(parse_within("[a, b, c, d, e]", limits).problems.empty());
    EXPECT_FALSE(parse_within("[a, b]\n---\n[c, d]", limits).problems.empty());
    EXPECT_TRUE(parse_within(std::string(40, '#'), limits).problems.empty());
    EXPECT_FALSE(parse_within(std::string(41, '#'), limits).problems.empty());
}

TEST(Document, CountsTheDepthOfAliases) {
    const DocumentLimits limits{.depth_max = 4};
    EXPECT_TRUE(parse_within("- &a [[x]]\n- [*a]", limits).problems.empty());
    EXPECT_FALSE(parse_within("- &a [[x]]\n- [[*a]]", limits).problems.empty());
}

TEST(Document, StopsDeepNestingWhileParsing) {
    std::string steps;
    for (int i = 0; i < 3000; ++i) {
        steps += std::string(static_cast<std::size_t>(i), ' ') + "a:\n";
    }
    std::string flow_maps;
    for (int i = 0; i < 100'000; ++i) {
        flow_maps += "{a: ";
    }
    std::string dashes;
    for (int i = 0; i < 100'000; ++i) {
        dashes += "- ";
    }
    for (const std::string& text : {std::string(100'000, '['), flow_maps, dashes, steps}) {
        const ParsedText parsed = parse(text);
        ASSERT_EQ(parsed.problems.size(), 1U);
        EXPECT_EQ(parsed.problems[0].code, "limit_exceeded");
    }
}

TEST(Document, StopsAliasBombsOfNodesAndOfBytes) {
    std::string nodes = "a: &a [x,x,x,x,x,x,x,x,x]\n";
    for (char c = 'b'; c < 'z'; ++c) {
        const std::string alias = std::string("*") + static_cast<char>(c - 1);
        nodes += std::string(1, c) + ": &" + c + " [" + alias;
        for (int i = 0; i < 8; ++i) {
            nodes += "," + alias;
        }
        nodes += "]\n";
    }
    std::string bytes = "a: &a \"" + std::string(1'000'000, 'x') + "\"\nb:\n";
    for (int i = 0; i < 1000; ++i) {
        bytes += "- *a\n";
    }
    for (const std::string& text : {nodes, bytes}) {
        const ParsedText parsed = parse(text);
        ASSERT_EQ(parsed.problems.size(), 1U);
        EXPECT_EQ(parsed.problems[0].code, "limit_exceeded");
    }
}

TEST(Node, ReadsIntegersStrictly) {
    const std::pair<std::string_view, std::optional<long long>> cases[] = {
        {"0", 0},
        {"-0", 0},
        {"80", 80},
        {"-7", -7},
        {"+7", 7},
        {"0x1F", 31},
        {"0o17", 15},
        {"9223372036854775807", 9223372036854775807LL},
        {"9223372036854775808", std::nullopt},
        {"010", std::nullopt},
        {"\"80\"", std::nullopt},
        {"!!str 80", std::nullopt},
        {"80.0", std::nullopt},
        {"1e3", std::nullopt},
        {"1_000", std::nullopt},
        {"0x", std::nullopt},
        {"0x-1", std::nullopt},
        {"+-1", std::nullopt},
        {"abc", std::nullopt},
        {"[1]", std::nullopt},
    };
    for (const auto& [text, expected] : cases) {
        EXPECT_EQ(parse_one(text).as_integer(), expected) << text;
    }
}

TEST(Node, TellsStringsFromNumbersAndBooleans) {
    for (const std::string_view text : {
             "abc",
             "\"80\"",
             "'true'",
             "\"\"",
             "1.2.3.4",
             "500m",
             "2020-01-01T00:00:00Z",
             "12:30",
             "yes",
             "e5",
             ".",
             "1e",
             "a.b",
             "!!str 1",
         }) {
        EXPECT_TRUE(parse_one(text).as_string()) << text;
    }
    for (const std::string_view text : {
             "80",
             "-1",
             "8.5",
             ".5",
             "5.",
             "1e3",
             "1.5E-3",
             "0x1F",
             "0o17",
             ".inf",
             "-.INF",
             ".nan",
             "true",
             "False",
             "007",
         }) {
        EXPECT_FALSE(parse_one(text).as_string()) << text;
    }
    EXPECT_FALSE(parse_one("[a]").as_string());
    EXPECT_FALSE(parse_one("{a: ~}").find("a")->as_string());
}

TEST(Node, ReadsBooleansStrictly) {
    EXPECT_EQ(parse_one("true").as_bool(), true);
    EXPECT_EQ(parse_one("FALSE").as_bool(), false);
    EXPECT_EQ(parse_one("\"true\"").as_bool(), std::nullopt);
    EXPECT_EQ(parse_one("yes").as_bool(), std::nullopt);
    EXPECT_EQ(parse_one("1").as_bool(), std::nullopt);
}

}  // namespace
}  // namespace policy
