#include "telemetry/request_record.hpp"

#include "telemetry/numbers.hpp"
#include "tests/support/count_allocations.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string_view>

namespace telemetry {
namespace {

using Clock = std::chrono::steady_clock;

HttpTarget some_target() {
    HttpTarget target;
    target.target.port = 8080;
    target.client_id = "spiffe://cluster.local/ns/shop/sa/web";
    return target;
}

/// What one request, told `status` and `error`, leaves behind.
ResponseCount response_after(std::uint16_t status, std::string_view error) {
    Sheet sheet(10);
    {
        RequestRecord request(sheet, sheet.http(some_target()), Clock::now());
        if (status != 0) {
            request.on_status(status);
        }
        if (!error.empty()) {
            request.on_error(error);
        }
    }
    const auto numbers = sheet.copy();
    EXPECT_EQ(numbers->responses.size(), 1U);
    return numbers->responses.at(0);
}

TEST(RequestRecord, CountsTheRequestAtOnceAndTheResponseAtTheEnd) {
    Sheet sheet(10);
    HttpSeries& series = sheet.http(some_target());
    {
        RequestRecord request(sheet, series, Clock::now());
        EXPECT_EQ(sheet.copy()->http.counts[0], 1U);
        EXPECT_TRUE(sheet.copy()->responses.empty());
        request.on_status(204);
    }
    const auto numbers = sheet.copy();
    EXPECT_EQ(numbers->http.counts[0], 1U);
    ASSERT_EQ(numbers->responses.size(), 1U);
    EXPECT_EQ(numbers->responses[0].status, 204);
    EXPECT_EQ(numbers->responses[0].count, 1U);
}

TEST(RequestRecord, MeasuresFromTheBeginningItWasTold) {
    Sheet sheet(10);
    {
        RequestRecord request(
            sheet, sheet.http(some_target()), Clock::now() - std::chrono::minutes(2)
        );
        request.on_status(200);
    }
    const Histogram histogram = sheet.copy()->latencies.at(0).histogram;
    EXPECT_EQ(histogram.buckets.back(), 1U);
    EXPECT_GE(histogram.sum_us, 120'000'000U);
}

TEST(RequestRecord, CallsServerErrorsAndBrokenExchangesFailures) {
    EXPECT_FALSE(response_after(200, "").failed);
    EXPECT_FALSE(response_after(302, "").failed);
    EXPECT_FALSE(response_after(403, "").failed);
    EXPECT_FALSE(response_after(499, "").failed);
    EXPECT_TRUE(response_after(500, "").failed);
    EXPECT_TRUE(response_after(503, "").failed);
    EXPECT_TRUE(response_after(200, "upstream_closed").failed);
}

TEST(RequestRecord, CallsAnExchangeThatNobodyAnsweredAFailure) {
    EXPECT_TRUE(response_after(0, "").failed);
    EXPECT_TRUE(response_after(0, "client_closed").failed);
}

TEST(RequestRecord, TellsApartTheErrorsOfOneStatus) {
    Sheet sheet(10);
    HttpSeries& series = sheet.http(some_target());
    for (const std::string_view error : {"", "upstream_closed", "client_closed", ""}) {
        RequestRecord request(sheet, series, Clock::now());
        request.on_status(200);
        request.on_error(error);
    }
    const auto numbers = sheet.copy();
    ASSERT_EQ(numbers->responses.size(), 3U);
    EXPECT_EQ(numbers->responses[0].count, 2U);
    EXPECT_EQ(numbers->responses[1].error, "upstream_closed");
    EXPECT_EQ(numbers->responses[2].error, "client_closed");
    ASSERT_EQ(numbers->latencies.size(), 1U);  // response_latency_ms has no error label
    EXPECT_EQ(numbers->latencies[0].histogram.buckets[0], 4U);
}

TEST(RequestRecord, KeepsTheLastStatusOnly) {
    Sheet sheet(10);
    {
        RequestRecord request(sheet, sheet.http(some_target()), Clock::now());
        request.on_status(200);
        request.on_status(502);
    }
    ASSERT_EQ(sheet.copy()->responses.size(), 1U);
    EXPECT_EQ(sheet.copy()->responses[0].status, 502);
}

TEST(RequestRecord, RecordingAllocatesNothingOnceTheSeriesIsKnown) {
    Sheet sheet(10);
    HttpSeries& series = sheet.http(some_target());
    const auto record = [&](std::uint16_t status, std::string_view error) {
        RequestRecord request(sheet, series, Clock::now());
        request.on_status(status);
        request.on_error(error);
    };
    VerdictLabels verdict;
    verdict.allowed = true;
    verdict.reason = "allowed";
    verdict.client_id = some_target().client_id;
    record(200, "");
    record(503, "upstream_connect_failed");
    sheet.on_verdict(verdict);
    const std::size_t before = test::allocations;
    for (int i = 0; i < 1'000; ++i) {
        record(200, "");
        record(503, "upstream_connect_failed");
        sheet.on_verdict(verdict);
    }
    EXPECT_EQ(test::allocations, before);
    EXPECT_GT(before, 0U);  // the counter does count
}

}  // namespace
}  // namespace telemetry
