#include "proxy/command/demo/report.hpp"

#include <boost/json.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <vector>

namespace proxy::command::demo {
namespace {

using testing::HasSubstr;
using testing::Not;

Check make_check(bool ok) {
    Check check;
    check.number = 3;
    check.name = "web → api GET /books";
    check.expected = "200";
    check.seen = ok ? "200" : "403 no_target";
    check.ok = ok;
    check.time = std::chrono::milliseconds(12);
    return check;
}

TEST(Report, ShowsExpectedSeenAndTimeInOneLine) {
    const std::string line = render_check(make_check(true), {});

    EXPECT_EQ(std::ranges::count(line, '\n'), 1);
    EXPECT_THAT(line, HasSubstr("✔ web → api GET /books "));
    const std::string heading = render_columns({}).substr(1);  // after the empty line
    EXPECT_EQ(columns_of(line.substr(0, line.find("200"))), heading.find("expected"));
    EXPECT_EQ(columns_of(line.substr(0, line.rfind("200"))), heading.find("seen"));
    EXPECT_THAT(line, HasSubstr(" 12 ms\n"));
}

TEST(Report, AlignsLinesWhoseNamesHaveDifferentBytes) {
    Check ascii = make_check(true);
    ascii.name = "web to api GET /books";

    EXPECT_EQ(columns_of(render_check(make_check(true), {})), columns_of(render_check(ascii, {})));
}

TEST(Report, HasNoEscapesWithoutColours) {
    EXPECT_THAT(render_check(make_check(false), {}), Not(HasSubstr("\x1b")));
    EXPECT_THAT(render_check(make_check(false), {.colours = true}), HasSubstr("\x1b[31m"));
}

TEST(Report, SummaryNamesEachCheckThatDiffers) {
    const std::string all_well = render_summary({make_check(true)}, {});
    const std::string one_differs = render_summary({make_check(true), make_check(false)}, {});

    EXPECT_THAT(all_well, HasSubstr("All 1 checks as expected."));
    EXPECT_THAT(one_differs, HasSubstr("1 of 2 checks differ"));
    EXPECT_THAT(one_differs, HasSubstr("step 3, web → api GET /books: expected 200, seen 403"));
}

TEST(Report, JsonHasEveryCheckAndTheCounts) {
    const std::string text = render_json(Mode::loopback, {make_check(true), make_check(false)});
    const boost::json::object report = boost::json::parse(text).as_object();

    EXPECT_EQ(report.at("mode"), "loopback");
    EXPECT_EQ(report.at("passed").as_int64(), 1);
    EXPECT_EQ(report.at("failed").as_int64(), 1);
    const boost::json::object& step = report.at("steps").as_array().at(1).as_object();
    EXPECT_EQ(step.at("number").as_int64(), 3);
    EXPECT_EQ(step.at("name"), "web → api GET /books");
    EXPECT_EQ(step.at("expected"), "200");
    EXPECT_EQ(step.at("seen"), "403 no_target");
    EXPECT_EQ(step.at("ok"), false);
    EXPECT_DOUBLE_EQ(step.at("milliseconds").as_double(), 12.0);
}

TEST(Report, HeaderTellsPodsAndFiles) {
    Tour tour;
    tour.root = "/tmp/somewhere";
    const std::string header = render_header(plan_namespaces("smilax-demo-1", false), tour, {});

    for (const std::string name : {"web", "api-v1", "api-v2", "payments", "visitor"}) {
        EXPECT_THAT(header, HasSubstr("  " + name + " "));
    }
    EXPECT_THAT(header, HasSubstr("198.18.0.11"));
    EXPECT_THAT(header, HasSubstr("spiffe://cluster.local/ns/shop/sa/web"));
    EXPECT_THAT(header, HasSubstr("/tmp/somewhere/resources"));
}

TEST(Report, InvitationCallsByHandAsTheModeNeedsIt) {
    const Tour tour;
    const std::string redirected =
        render_invitation(plan_namespaces("smilax-demo-1", false), tour, {});
    const std::string addressed = render_invitation(plan_loopback("smilax-demo-1", 7), tour, {});

    EXPECT_THAT(
        redirected, HasSubstr("ip netns exec smilax-demo-1-web curl -si http://198.19.0.10/books")
    );
    EXPECT_THAT(
        addressed,
        HasSubstr("curl -si -H 'Host: api.shop.svc.cluster.local' http://127.77.7.11:15001/books")
    );
}

TEST(Report, InvitationRotatesEveryIdentityAndTheRoot) {
    Tour tour;
    tour.executable = "/bin/smilax";
    tour.root = "/tmp/somewhere";
    EXPECT_THAT(
        render_invitation(plan_loopback("smilax-demo-1", 7), tour, {}),
        HasSubstr("/bin/smilax identity rotate /tmp/somewhere/*/identity/current --dir "
                  "/tmp/somewhere/ca --ca")
    );
}

}  // namespace
}  // namespace proxy::command::demo
