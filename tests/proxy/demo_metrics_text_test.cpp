#include "proxy/command/demo/metrics_text.hpp"

#include <gtest/gtest.h>

namespace proxy::command::demo {
namespace {

constexpr const char* k_page =
    "# HELP request_total HTTP requests received.\n"
    "# TYPE request_total counter\n"
    "request_total{direction=\"inbound\",client_id=\"a\"} 3\n"
    "request_total{direction=\"inbound\",client_id=\"b\"} 4\n"
    "request_total{direction=\"outbound\",note=\"a \\\"quoted\\\", back\\\\slash\"} 8\n"
    "up 1\n"
    "broken{direction=\"inbound 5\n"
    "\n";

TEST(MetricsText, AddsUpTheSeriesThatHaveTheLabels) {
    const auto samples = parse_metrics(k_page);

    EXPECT_EQ(sum_of(samples, "request_total", {{"direction", "inbound"}}), 7);
    EXPECT_EQ(sum_of(samples, "request_total", {{"direction", "inbound"}, {"client_id", "b"}}), 4);
    EXPECT_EQ(sum_of(samples, "request_total", {}), 15);
    EXPECT_EQ(sum_of(samples, "request_total", {{"client_id", "c"}}), 0);
    EXPECT_EQ(sum_of(samples, "request", {}), 0);
    EXPECT_EQ(sum_of(samples, "up", {}), 1);
}

TEST(MetricsText, UndoesEscapes) {
    const auto samples = parse_metrics(k_page);

    EXPECT_EQ(sum_of(samples, "request_total", {{"note", "a \"quoted\", back\\slash"}}), 8);
}

TEST(MetricsText, LeavesOutWhatIsNoSample) {
    EXPECT_EQ(parse_metrics(k_page).size(), 4U);
}

}  // namespace
}  // namespace proxy::command::demo
