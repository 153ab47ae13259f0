#include "policy/matcher.hpp"

#include <gtest/gtest.h>

#include <string>

namespace policy {
namespace {

bool is_match(const std::string& pattern, RegexMode mode, const std::string& text) {
    const auto matcher = Matcher::make(pattern, mode);
    EXPECT_TRUE(matcher.has_value()) << pattern;
    return matcher && matcher->matches(text);
}

struct Case {
    const char* pattern;
    RegexMode mode;
    const char* text;
    bool expected;
};

class MatcherTable : public testing::TestWithParam<Case> {};

TEST_P(MatcherTable, HoldsThePatternAgainstTheText) {
    const Case& row = GetParam();
    EXPECT_EQ(is_match(row.pattern, row.mode, row.text), row.expected)
        << '"' << row.pattern << "\" against \"" << row.text << '"';
}

// U1: paths are anchored at their start, U3: headers not at all, unless the options say "full".
INSTANTIATE_TEST_SUITE_P(
    PlainText,
    MatcherTable,
    testing::Values(
        Case{"/pay", RegexMode::start, "/pay", true},
        Case{"/pay", RegexMode::start, "/payroll", true},
        Case{"/pay", RegexMode::start, "/x/pay", false},
        Case{"^/pay", RegexMode::start, "/payroll", true},
        Case{"/pay$", RegexMode::start, "/pay", true},
        Case{"/pay$", RegexMode::start, "/payroll", false},
        Case{"/pay$", RegexMode::start, "/pay\n", false},
        Case{"/pay.*", RegexMode::start, "/payroll", true},
        Case{"/pay.*$", RegexMode::start, "/payroll", true},
        Case{"/pay", RegexMode::full, "/pay", true},
        Case{"/pay", RegexMode::full, "/payroll", false},
        Case{"/pay.*", RegexMode::full, "/payroll", true},
        Case{".*roll", RegexMode::full, "/payroll", true},
        Case{".*roll", RegexMode::full, "/payrolls", false},
        Case{".*roll", RegexMode::start, "/payrolls", true},
        Case{"roll", RegexMode::search, "/payrolls", true},
        Case{"^roll", RegexMode::search, "/payrolls", false},
        Case{"rolls$", RegexMode::search, "/payrolls", true},
        Case{"^/payrolls$", RegexMode::search, "/payrolls", true},
        Case{"", RegexMode::start, "/anything", true},
        Case{"^$", RegexMode::start, "/", false},
        Case{"^$", RegexMode::start, "", true},
        Case{".*", RegexMode::full, "two\nlines", true}
    )
);

INSTANTIATE_TEST_SUITE_P(
    Escapes,
    MatcherTable,
    testing::Values(
        Case{"/a\\.b$", RegexMode::start, "/a.b", true},
        Case{"/a\\.b$", RegexMode::start, "/aXb", false},
        Case{"/a\\.*", RegexMode::full, "/a..", true},
        Case{"/a\\.*", RegexMode::full, "/ab", false},
        Case{"/\\d+$", RegexMode::start, "/42", true},
        Case{"/\\d+$", RegexMode::start, "/d", false},
        Case{"\\Q/a.b\\E", RegexMode::full, "/a.b", true},
        Case{"\\Q/a.b\\E", RegexMode::full, "/aXb", false},
        Case{"/a\\$", RegexMode::start, "/a$b", true}
    )
);

INSTANTIATE_TEST_SUITE_P(
    Expressions,
    MatcherTable,
    testing::Values(
        Case{"/a|/b", RegexMode::start, "/bc", true},
        Case{"/a|/b", RegexMode::start, "/x/b", false},
        Case{"/a|/b", RegexMode::full, "/bc", false},
        Case{"/ab?c", RegexMode::start, "/ac", true},
        Case{"/ab*$", RegexMode::start, "/a", true},
        Case{"/ab{0}c", RegexMode::start, "/ac", true},
        Case{"(?i)/PAY", RegexMode::start, "/pay", true},
        Case{"/v[0-9]+/", RegexMode::start, "/v12/x", true},
        Case{"/v[0-9]+/", RegexMode::start, "/v/x", false},
        Case{"t|True", RegexMode::search, "true", true},
        Case{"/a/(b|c)", RegexMode::start, "/a/c", true},
        Case{"/a/(b|c)|/d", RegexMode::start, "/d", true},
        Case{"/a/[)|(]|/d", RegexMode::start, "/d", true},
        Case{"/a/[]|]x", RegexMode::start, "/a/|x", true},
        Case{"/a/[^]|]x|/d", RegexMode::start, "/d", true},
        Case{"/a/[[:alpha:]|]|/d", RegexMode::start, "/d", true},
        Case{"/a/[[:]+|/d", RegexMode::start, "/d", true},
        Case{"/a/\\(x|/d", RegexMode::start, "/d", true},
        Case{"/a\\Q(\\E|/d", RegexMode::start, "/d", true},
        Case{"/a.b", RegexMode::full, "/a\nb", true},
        Case{"(/[^/]+){2}", RegexMode::full, "/a/b", true}
    )
);

TEST(Matcher, MatchesBytesThatAreNoUtf8) {
    EXPECT_TRUE(is_match(
        "/a.c",
        RegexMode::full,
        "/a\xff"
        "c"
    ));
    EXPECT_TRUE(is_match("/[^x]*", RegexMode::full, "/\xff\xfe\x80"));
    EXPECT_TRUE(is_match("/\xc3\xa9$", RegexMode::start, "/\xc3\xa9"));
}

TEST(Matcher, SeesPastANulByte) {
    EXPECT_FALSE(is_match("/a$", RegexMode::start, std::string("/a\0b", 4)));
    EXPECT_FALSE(is_match("/[a]$", RegexMode::start, std::string("/a\0b", 4)));
    EXPECT_TRUE(is_match(std::string("/a\0b", 4), RegexMode::full, std::string("/a\0b", 4)));
}

TEST(Matcher, RefusesWhatRe2CannotRead) {
    for (const char* pattern : {"(", "a**", "[z-a]", "(?=a)", "(a)\\1", "a{1001}", "*", ".*+x("}) {
        const auto matcher = Matcher::make(pattern, RegexMode::start);
        ASSERT_FALSE(matcher.has_value()) << pattern;
        EXPECT_FALSE(matcher.error().empty());
    }
}

TEST(Matcher, RefusesPatternsOverTheLimit) {
    const std::string longest(Matcher::pattern_bytes_max, 'a');
    EXPECT_TRUE(Matcher::make(longest, RegexMode::start).has_value());
    const auto over = Matcher::make(longest + 'a', RegexMode::start);
    ASSERT_FALSE(over.has_value());
    EXPECT_NE(over.error().find("1024"), std::string::npos);
}

TEST(Matcher, RefusesPatternsThatRepetitionMakesTooLarge) {
    // Each counted class is about a thousand instructions.
    const auto repeated = [](int times) {
        std::string pattern;
        for (int i = 0; i < times; ++i) {
            pattern += "[a-z]{999}";
        }
        return Matcher::make(pattern, RegexMode::start).has_value();
    };
    EXPECT_TRUE(repeated(3));
    EXPECT_FALSE(repeated(6));   // over our bound
    EXPECT_FALSE(repeated(90));  // over RE2's memory
}

TEST(Matcher, StaysLinearWhereABacktrackerWouldNot) {
    const auto matcher = Matcher::make("(a*)*b", RegexMode::full);
    ASSERT_TRUE(matcher.has_value());
    EXPECT_FALSE(matcher->matches(std::string(20'000, 'a')));
}

TEST(Matcher, SeesAnAlternativeBehindAClassThatABracketEnds) {
    EXPECT_TRUE(is_match("x[A-[:b]|c:]", RegexMode::start, "c:]"));
    EXPECT_TRUE(is_match("x[[]|c", RegexMode::start, "c"));
    EXPECT_TRUE(is_match("x[[:alpha:]|]|c", RegexMode::start, "c"));
    EXPECT_FALSE(is_match("x[[:alpha:]|]", RegexMode::start, "c"));
}

TEST(Matcher, LetsARepetitionReachBackOverFlags) {
    // As RE2 does: flags are nothing that could be repeated, so what stands before them is.
    for (const char* pattern : {"/ab(?i)*$", "/ab(?i)?$", "/ab(?s){0}$", "/ab(?U)??$"}) {
        EXPECT_TRUE(Matcher::make(pattern, RegexMode::start)->matches("/a")) << pattern;
    }
}

TEST(Matcher, KnowsWhatIsNoCondition) {
    for (const char* pattern : {"", ".*", "^", "^.*", ".*$", "^.*$", ".*.*", "$"}) {
        const bool is_anything = Matcher::make(pattern, RegexMode::search)->matches_everything();
        EXPECT_TRUE(is_anything) << pattern;
    }
    for (const char* pattern : {"^$", "/", "/.*", ".+", "a"}) {
        EXPECT_FALSE(Matcher::make(pattern, RegexMode::start)->matches_everything());
    }
    EXPECT_FALSE(Matcher::make("", RegexMode::full)->matches_everything());
    EXPECT_FALSE(Matcher::make("$", RegexMode::start)->matches_everything());
}

TEST(Matcher, TellsAnOpenEnd) {
    for (const char* pattern : {"/pay", "^/pay", "/a|/b", "/v[0-9]+/edit", "/a\\.", "/a-"}) {
        EXPECT_TRUE(has_open_end(pattern)) << pattern;
    }
    for (const char* pattern :
         {"/pay$", "/pay/", "/pay.*", "/pay(/.*)?$", "", "/a\\z", "/v[0-9]+"}) {
        EXPECT_FALSE(has_open_end(pattern)) << pattern;
    }
}

TEST(Matcher, TellsAMissingAnchor) {
    EXPECT_TRUE(has_no_anchor("true"));
    EXPECT_FALSE(has_no_anchor("^true"));
    EXPECT_FALSE(has_no_anchor("true$"));
    EXPECT_FALSE(has_no_anchor("\\Atrue"));
    EXPECT_FALSE(has_no_anchor(".*Android.*"));
    EXPECT_TRUE(has_no_anchor("^admin|root"));
    EXPECT_FALSE(has_no_anchor("^admin$|^root$"));
    EXPECT_FALSE(has_no_anchor("^(admin|root)$"));
}

}  // namespace
}  // namespace policy
