#include "policy/problem.hpp"

#include "policy/reason.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string_view>

namespace policy {
namespace {

TEST(Problem, PrintsPlaceSeveritySentenceAndObject) {
    const Problem problem{
        Severity::error, {"a.yaml", 3, 5}, "TrafficTarget shop/pay", "wrong_type", "x is a list"
    };
    EXPECT_EQ(to_string(problem), "a.yaml:3:5: error: x is a list [TrafficTarget shop/pay]");
}

TEST(Problem, PointsAtTheBeginningWhenThePlaceIsUnknown) {
    const Problem problem{Severity::warning, {"a.yaml", 0, 0}, {}, "c", "sentence"};
    EXPECT_EQ(to_string(problem), "a.yaml:1:1: warning: sentence");
}

TEST(Problem, LeavesOutAPlaceThatIsInNoFile) {
    EXPECT_EQ(to_string(Problem{Severity::error, {}, {}, "c", "sentence"}), "error: sentence");
}

TEST(Reason, HasAWordOfItsOwnForEach) {
    std::set<std::string_view> words;
    const int last = static_cast<int>(Reason::internal_error);
    for (int i = 0; i <= last; ++i) {
        const std::string_view word = to_string(static_cast<Reason>(i));
        EXPECT_EQ(word.find_first_not_of("abcdefghijklmnopqrstuvwxyz_"), std::string_view::npos);
        EXPECT_TRUE(words.insert(word).second) << word;
    }
    EXPECT_EQ(to_string(Reason::no_target), "no_target");
    EXPECT_EQ(to_string(Reason::upstream_identity_mismatch), "upstream_identity_mismatch");
}

}  // namespace
}  // namespace policy
