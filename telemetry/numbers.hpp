// What a sheet counts, as plain columns: copied whole on a worker, read by the collector. Label
// sets never change once made, so a copy shares them; only integers are copied.
#pragma once

#include "telemetry/sheet.hpp"

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace telemetry {

/// The upper bounds of response_latency_ms: Linkerd's, because dashboards and canary analyses
/// compare quantiles across proxies. One more bucket, +Inf, follows.
inline constexpr std::array<std::uint32_t, 25> k_latency_bounds_ms = {
    1,   2,   3,    4,    5,    10,   20,   30,    40,    50,    100,   200,   300,
    400, 500, 1000, 2000, 3000, 4000, 5000, 10000, 20000, 30000, 40000, 50000,
};

struct Histogram {
    std::array<std::uint64_t, k_latency_bounds_ms.size() + 1> buckets{};  // not cumulative
    std::uint64_t sum_us = 0;

    void observe(std::chrono::microseconds latency);
    void add(const Histogram& other);
};

/// Label sets and what was counted under each, by index.
template <class Labels, class Counts>
struct Table {
    std::vector<std::shared_ptr<const Labels>> labels;  // shared by the sheet and its copies
    std::vector<Counts> counts;
};

/// The status of what is counted under "other".
inline constexpr std::uint16_t k_status_other = 0xffff;

/// One response_total series. `target` is an index into Numbers::http.
struct ResponseCount {
    std::uint32_t target = 0;
    std::uint16_t status = 0;  // 0: none was sent
    bool failed = false;
    std::string_view error;  // static storage
    std::uint64_t count = 0;
};

/// One response_latency_ms series.
struct LatencyCount {
    std::uint32_t target = 0;
    std::uint16_t status = 0;
    Histogram histogram;
};

struct TcpCounts {
    std::uint64_t opened = 0;
    std::uint64_t closed = 0;
    std::uint64_t closed_well = 0;  // of them, without an error
    std::uint64_t read_bytes = 0;
    std::uint64_t written_bytes = 0;
};

/// Connections that ended with an error. `target` is an index into Numbers::tcp.
struct CloseCount {
    std::uint32_t target = 0;
    std::string error;
    std::uint64_t count = 0;
};

enum class ErrorScope : std::uint8_t { http, tcp, handshake };

struct ErrorLabels {
    Direction direction = Direction::inbound;
    ErrorScope scope = ErrorScope::http;
    std::string reason;
    auto operator<=>(const ErrorLabels&) const = default;
};

/// Which of the six inbound_{http,tcp}_authz_{allow,deny,audit}_total a verdict counts in.
inline constexpr std::size_t k_verdict_families = 6;
[[nodiscard]] inline std::size_t verdict_family(const VerdictLabels& labels) {
    const std::size_t outcome = labels.audited ? 2 : labels.allowed ? 0 : 1;
    return (labels.http ? 0 : 3) + outcome;
}

struct Sheet::Numbers {
    Table<HttpTarget, std::uint64_t> http;  // requests
    std::vector<ResponseCount> responses;
    std::vector<LatencyCount> latencies;
    Table<TcpTarget, TcpCounts> tcp;
    std::vector<CloseCount> closes;
    std::array<Table<VerdictLabels, std::uint64_t>, k_verdict_families> verdicts;
    Table<SplitLabels, std::uint64_t> splits;
    Table<SplitLabels, std::uint64_t> empty_splits;
    Table<ErrorLabels, std::uint64_t> errors;
};

}  // namespace telemetry
