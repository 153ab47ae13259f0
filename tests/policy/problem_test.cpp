#include "policy/problem.hpp"

#include "policy/json_writer.hpp"
#include "policy/problem_json.hpp"
#include "policy/reason.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>
#include <string_view>
#include <vector>

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

TEST(Problem, KeepsToOneLineAndGivesTheTerminalNoOrders) {
    const Problem problem{
        Severity::error,
        {"a\nb", 1, 1},
        "Pod x/\x1b[2J",
        "c",
        "say \"\xc2\x9b"
        "2J\x7f é\""
    };
    EXPECT_EQ(
        to_string(problem),
        "a\\x0ab:1:1: error: say \"\xc2\\x9b"
        "2J\\x7f é\" [Pod x/\\x1b[2J]"
    );
}

TEST(Problem, StandInOrderOfTheirPlacesEachOnce) {
    const auto at = [](const char* file, int line, int column) {
        return Problem{Severity::error, {file, line, column}, {}, "c", "sentence"};
    };
    std::vector<std::string> lines;
    for (const Problem& problem :
         in_order({at("b", 1, 1), at("a", 10, 1), at("a", 2, 9), at("a", 2, 10), at("a", 10, 1)})) {
        lines.push_back(to_string(problem).substr(0, 6));
    }
    EXPECT_THAT(lines, ::testing::ElementsAre("a:2:9:", "a:2:10", "a:10:1", "b:1:1:"));
}

TEST(Problem, IsOneJsonObjectForEveryReader) {
    const std::vector<Problem> problems{
        {Severity::warning, {"a.yaml", 3, 5}, "Pod a/b", "wrong_type", "say \"x\""},
        {Severity::error, {"b.yaml", 0, 0}, {}, "c", "s"},
    };
    JsonWriter json;
    json.begin_object();
    write_problems(json, problems);
    json.end_object();
    EXPECT_EQ(
        json.text(),
        R"({"problems":[{"file":"a.yaml","line":3,"column":5,"severity":"warning",)"
        R"("object":"Pod a/b","code":"wrong_type","message":"say \"x\""},)"
        R"({"file":"b.yaml","line":0,"column":0,"severity":"error","object":"","code":"c",)"
        R"("message":"s"}]})"
    );
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
