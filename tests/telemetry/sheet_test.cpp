#include "telemetry/sheet.hpp"

#include "telemetry/numbers.hpp"
#include "telemetry/request_record.hpp"

#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <numeric>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace telemetry {
namespace {

HttpTarget inbound_from(const std::string& client) {
    HttpTarget target;
    target.direction = Direction::inbound;
    target.target.port = 8080;
    target.tls = TlsLabel::yes;
    target.client_id = client;
    return target;
}

TcpTarget tcp_from(const std::string& client) {
    TcpTarget target;
    target.client_id = client;
    return target;
}

VerdictLabels verdict_for(const std::string& client, bool allowed) {
    VerdictLabels labels;
    labels.allowed = allowed;
    labels.reason = allowed ? "allowed" : "no_target";
    labels.client_id = client;
    return labels;
}

void record(Sheet& sheet, HttpSeries& series, std::uint16_t status, std::string_view error = {}) {
    RequestRecord request(sheet, series, std::chrono::steady_clock::now());
    request.on_status(status);
    request.on_error(error);
}

template <class Counts>
std::uint64_t total(const Counts& counts) {
    return std::accumulate(counts.begin(), counts.end(), std::uint64_t{0});
}

std::uint64_t responses(const Sheet::Numbers& numbers) {
    std::uint64_t sum = 0;
    for (const ResponseCount& response : numbers.responses) {
        sum += response.count;
    }
    return sum;
}

TEST(Histogram, CountsALatencyInTheFirstBucketThatReachesIt) {
    Histogram histogram;
    histogram.observe(std::chrono::microseconds(0));
    histogram.observe(std::chrono::microseconds(1'000));
    histogram.observe(std::chrono::microseconds(1'001));
    histogram.observe(std::chrono::microseconds(50'000'000));
    histogram.observe(std::chrono::microseconds(50'000'001));
    EXPECT_EQ(histogram.buckets[0], 2U);
    EXPECT_EQ(histogram.buckets[1], 1U);
    EXPECT_EQ(histogram.buckets[24], 1U);
    EXPECT_EQ(histogram.buckets[25], 1U);
    EXPECT_EQ(histogram.sum_us, 100'002'002U);
}

TEST(Histogram, TakesATimeBeforeTheBeginningForZero) {
    Histogram histogram;
    histogram.observe(std::chrono::microseconds(-5));
    EXPECT_EQ(histogram.buckets[0], 1U);
    EXPECT_EQ(histogram.sum_us, 0U);
}

TEST(Sheet, FindsTheSameSeriesForEqualLabels) {
    Sheet sheet(10);
    HttpSeries& web = sheet.http(inbound_from("spiffe://cluster.local/ns/a/sa/web"));
    EXPECT_EQ(&web, &sheet.http(inbound_from("spiffe://cluster.local/ns/a/sa/web")));
    EXPECT_NE(&web, &sheet.http(inbound_from("spiffe://cluster.local/ns/a/sa/job")));
    TcpSeries& tcp = sheet.tcp(tcp_from("spiffe://cluster.local/ns/a/sa/web"));
    EXPECT_EQ(&tcp, &sheet.tcp(tcp_from("spiffe://cluster.local/ns/a/sa/web")));
}

TEST(Sheet, KeepsReferencesWhileItGrows) {
    Sheet sheet(5'000);
    HttpSeries& first = sheet.http(inbound_from("first"));
    for (int i = 0; i < 4'000; ++i) {
        static_cast<void>(sheet.http(inbound_from("client-" + std::to_string(i))));
    }
    record(sheet, first, 200);
    EXPECT_EQ(sheet.copy()->http.counts[0], 1U);
    EXPECT_EQ(sheet.copy()->responses[0].count, 1U);
}

TEST(Sheet, CountsTargetsBeyondTheBoundUnderOther) {
    Sheet sheet(100);
    for (int i = 0; i < 1'000; ++i) {
        record(sheet, sheet.http(inbound_from("client-" + std::to_string(i))), 200);
    }
    const auto numbers = sheet.copy();
    ASSERT_EQ(numbers->http.labels.size(), 101U);
    const HttpTarget& other = *numbers->http.labels.back();
    EXPECT_EQ(other.authority, "other");
    EXPECT_EQ(other.direction, Direction::inbound);
    EXPECT_EQ(other.tls, TlsLabel::yes);
    EXPECT_TRUE(other.client_id.empty());
    EXPECT_EQ(numbers->http.counts.back(), 900U);
    EXPECT_EQ(total(numbers->http.counts), 1'000U);
    EXPECT_EQ(responses(*numbers), 1'000U);
}

TEST(Sheet, KeepsOutcomesOfEachKindOnceThereAreTooManyResponseSets) {
    Sheet sheet(10);
    for (int client = 0; client < 10; ++client) {
        HttpSeries& series = sheet.http(inbound_from(std::to_string(client)));
        for (const std::uint16_t status : std::array<std::uint16_t, 3>{200, 404, 503}) {
            record(sheet, series, status);
        }
    }
    const auto numbers = sheet.copy();
    EXPECT_EQ(numbers->responses.size(), 12U);  // the bound, one good and one bad "other"
    EXPECT_EQ(responses(*numbers), 30U);
    std::uint64_t failures = 0;
    for (const ResponseCount& response : numbers->responses) {
        failures += response.failed ? response.count : 0;
    }
    EXPECT_EQ(failures, 10U);
}

TEST(Sheet, OnePeerWithEveryStatusLeavesRoomForTheOthers) {
    Sheet sheet(1'000);
    HttpSeries& wild = sheet.http(inbound_from("wild"));
    for (std::uint16_t status = 100; status < 1'000; ++status) {
        record(sheet, wild, status);
    }
    const auto numbers = sheet.copy();
    EXPECT_EQ(numbers->responses.size(), 34U);
    EXPECT_EQ(responses(*numbers), 900U);
    EXPECT_LE(numbers->latencies.size(), 34U);
}

TEST(Sheet, CountsConnectionsAndTheirBytes) {
    Sheet sheet(10);
    TcpSeries& series = sheet.tcp(tcp_from("a"));
    sheet.on_tcp_open(series);
    sheet.on_tcp_open(series);
    sheet.on_tcp_open(series);
    sheet.on_tcp_bytes(series, 10, 3);
    sheet.on_tcp_bytes(series, 1, 0);
    sheet.on_tcp_close(series, "");
    sheet.on_tcp_close(series, "client_closed");
    const auto numbers = sheet.copy();
    const TcpCounts& counts = numbers->tcp.counts[0];
    EXPECT_EQ(counts.opened, 3U);
    EXPECT_EQ(counts.closed, 2U);
    EXPECT_EQ(counts.closed_well, 1U);
    EXPECT_EQ(counts.read_bytes, 11U);
    EXPECT_EQ(counts.written_bytes, 3U);
    ASSERT_EQ(numbers->closes.size(), 1U);
    EXPECT_EQ(numbers->closes[0].error, "client_closed");
    EXPECT_EQ(numbers->closes[0].count, 1U);
}

TEST(Sheet, BoundsConnectionsAndTheirErrors) {
    Sheet sheet(20);
    for (int i = 0; i < 200; ++i) {
        TcpSeries& series = sheet.tcp(tcp_from("client-" + std::to_string(i)));
        sheet.on_tcp_open(series);
        sheet.on_tcp_close(series, "error-" + std::to_string(i % 50));
    }
    const auto numbers = sheet.copy();
    EXPECT_EQ(numbers->tcp.labels.size(), 21U);
    EXPECT_EQ(numbers->tcp.labels.back()->client_id, "other");
    EXPECT_EQ(numbers->tcp.counts.back().opened, 180U);
    EXPECT_EQ(numbers->closes.size(), 21U);
    std::uint64_t closed = 0;
    for (const CloseCount& close : numbers->closes) {
        closed += close.count;
    }
    EXPECT_EQ(closed, 200U);
}

TEST(Sheet, BoundsEachVerdictFamilyOnItsOwn) {
    Sheet sheet(10);
    for (int i = 0; i < 100; ++i) {
        sheet.on_verdict(verdict_for("client-" + std::to_string(i), false));
    }
    sheet.on_verdict(verdict_for("friend", true));
    const auto numbers = sheet.copy();
    const auto& denied = numbers->verdicts[verdict_family(verdict_for("", false))];
    const auto& allowed = numbers->verdicts[verdict_family(verdict_for("", true))];
    EXPECT_EQ(denied.labels.size(), 11U);
    EXPECT_EQ(denied.labels.back()->reason, "other");
    EXPECT_FALSE(denied.labels.back()->allowed);
    EXPECT_EQ(denied.counts.back(), 90U);
    ASSERT_EQ(allowed.labels.size(), 1U);
    EXPECT_EQ(allowed.labels[0]->client_id, "friend");
}

TEST(Sheet, TellsAnAuditedVerdictFromAnAllowedOne) {
    VerdictLabels audited = verdict_for("a", true);
    audited.audited = true;
    EXPECT_NE(verdict_family(audited), verdict_family(verdict_for("a", true)));
    EXPECT_NE(verdict_family(audited), verdict_family(verdict_for("a", false)));
    VerdictLabels tcp = audited;
    tcp.http = false;
    EXPECT_NE(verdict_family(tcp), verdict_family(audited));
}

TEST(Sheet, BoundsSplitsAndErrors) {
    Sheet sheet(5);
    for (int i = 0; i < 50; ++i) {
        SplitLabels labels;
        labels.split_name = "split-" + std::to_string(i);
        sheet.on_split(labels);
        sheet.on_empty_split(labels);
        sheet.on_error(Direction::outbound, false, "error-" + std::to_string(i));
    }
    const auto numbers = sheet.copy();
    EXPECT_EQ(numbers->splits.labels.size(), 6U);
    EXPECT_EQ(numbers->splits.labels.back()->split_name, "other");
    EXPECT_EQ(total(numbers->splits.counts), 50U);
    EXPECT_EQ(numbers->empty_splits.labels.size(), 6U);
    EXPECT_EQ(total(numbers->empty_splits.counts), 50U);
    EXPECT_EQ(numbers->errors.labels.size(), 6U);
    EXPECT_EQ(numbers->errors.labels.back()->reason, "other");
    EXPECT_EQ(numbers->errors.labels.back()->direction, Direction::outbound);
    EXPECT_EQ(total(numbers->errors.counts), 50U);
}

TEST(Sheet, ACopyStaysAsItWas) {
    Sheet sheet(10);
    HttpSeries& series = sheet.http(inbound_from("a"));
    record(sheet, series, 200);
    const auto before = sheet.copy();
    record(sheet, series, 200);
    record(sheet, sheet.http(inbound_from("b")), 500);
    EXPECT_EQ(before->http.counts, std::vector<std::uint64_t>{1});
    EXPECT_EQ(responses(*before), 1U);
    EXPECT_EQ(responses(*sheet.copy()), 3U);
}

TEST(Sheet, ACopyOutlivesItsSheet) {
    auto sheet = std::make_unique<Sheet>(10);
    record(*sheet, sheet->http(inbound_from("a")), 503, "upstream_closed");
    const auto numbers = sheet->copy();
    sheet.reset();
    EXPECT_EQ(numbers->http.labels[0]->client_id, "a");
    EXPECT_EQ(numbers->responses[0].error, "upstream_closed");
}

/// Hands copies over as a worker does: by value, to another thread, while it goes on counting.
class Handover {
 public:
    void put(std::shared_ptr<const Sheet::Numbers> numbers) {
        const std::lock_guard lock(mutex_);
        latest_ = std::move(numbers);
        changed_.notify_one();
    }
    std::shared_ptr<const Sheet::Numbers> take() {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [this] { return latest_ != nullptr; });
        return std::exchange(latest_, nullptr);
    }

 private:
    std::mutex mutex_;
    std::condition_variable changed_;
    std::shared_ptr<const Sheet::Numbers> latest_;
};

TEST(Sheet, ACopyIsReadOnAnotherThreadWhileTheWorkerCounts) {
    constexpr std::uint64_t k_requests = 20'000;
    Handover handover;
    std::thread worker([&handover] {
        Sheet sheet(100);
        for (std::uint64_t i = 0; i < k_requests; ++i) {
            record(sheet, sheet.http(inbound_from("client-" + std::to_string(i % 150))), 200);
            sheet.on_verdict(verdict_for("client-" + std::to_string(i % 150), true));
            if (i % 500 == 0) {
                handover.put(sheet.copy());
            }
        }
        handover.put(sheet.copy());
    });
    std::uint64_t seen = 0;
    while (seen < k_requests) {
        const auto numbers = handover.take();
        const std::uint64_t requests = total(numbers->http.counts);
        EXPECT_GE(requests, seen);
        EXPECT_EQ(responses(*numbers), requests);
        EXPECT_EQ(total(numbers->verdicts[0].counts), requests);
        seen = requests;
    }
    worker.join();
    EXPECT_EQ(seen, k_requests);
}

}  // namespace
}  // namespace telemetry
