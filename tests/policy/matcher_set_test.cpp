// Many patterns at once say what each would say alone.
#include "policy/matcher_set.hpp"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

namespace policy {
namespace {

std::vector<Matcher> make(const std::vector<std::string>& patterns, RegexMode mode) {
    std::vector<Matcher> matchers;
    for (const std::string& pattern : patterns) {
        auto matcher = Matcher::make(pattern, mode);
        EXPECT_TRUE(matcher.has_value()) << pattern;
        matchers.push_back(std::move(*matcher));
    }
    return matchers;
}

MatcherSet set_of(const std::vector<Matcher>& matchers) {
    std::vector<const Matcher*> pointers;
    for (const Matcher& matcher : matchers) {
        pointers.push_back(&matcher);
    }
    return MatcherSet(std::move(pointers));
}

std::vector<int> found(const MatcherSet& set, std::string_view text) {
    const auto hits = set.matching(text);
    return {hits.begin(), hits.end()};
}

std::vector<int> expected_of(const std::vector<Matcher>& matchers, std::string_view text) {
    std::vector<int> expected;
    for (std::size_t i = 0; i < matchers.size(); ++i) {
        if (matchers[i].matches(text)) {
            expected.push_back(static_cast<int>(i));
        }
    }
    return expected;
}

TEST(MatcherSet, FindsWhatEachMatcherFindsAlone) {
    std::mt19937 dice(7);
    for (const RegexMode mode : {RegexMode::start, RegexMode::full, RegexMode::search}) {
        for (const std::size_t size : {0u, 1u, 4u, 5u, 64u, 200u}) {
            std::vector<std::string> patterns;
            for (std::size_t i = 0; i < size; ++i) {
                const std::string id = std::to_string(dice() % 40);
                patterns.push_back(
                    dice() % 2 == 0 ? ".*/x" + id + "[ab]?$" : "/(a|b)/" + id + "(/.*)?$"
                );
            }
            const std::vector<Matcher> matchers = make(patterns, mode);
            const MatcherSet set = set_of(matchers);
            for (int i = 0; i < 40; ++i) {
                for (const std::string& text :
                     {"/a/" + std::to_string(i),
                      "/b/" + std::to_string(i) + "/x" + std::to_string(i) + "a",
                      std::string()}) {
                    ASSERT_EQ(found(set, text), expected_of(matchers, text)) << text;
                }
            }
        }
    }
}

TEST(MatcherSet, AsksThePatternsThemselvesWhereTheirAutomatonIsTooLarge) {
    // Each pattern alone is within bounds; all together exceed what one automaton may have.
    std::vector<std::string> patterns;
    for (int i = 0; i < 120; ++i) {
        patterns.push_back("[^/]{0,600}x[^/]{0,600}" + std::to_string(i) + "$");
    }
    const std::vector<Matcher> matchers = make(patterns, RegexMode::start);
    const MatcherSet set = set_of(matchers);
    const std::string text = "abx" + std::string(200, 'd') + "77";
    const std::vector<int> expected = expected_of(matchers, text);
    EXPECT_FALSE(expected.empty());
    EXPECT_EQ(found(set, text), expected);
}

}  // namespace
}  // namespace policy
