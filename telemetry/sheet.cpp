#include "telemetry/sheet.hpp"

#include "telemetry/numbers.hpp"
#include "telemetry/sheet_state.hpp"

#include <algorithm>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace telemetry {
namespace {

// A peer that answers with every status there is must not use up the family for the others.
constexpr std::size_t k_rows_per_series_max = 32;
constexpr std::string_view k_other = "other";

// Linkerd's classification. An exchange that ended with neither a status nor an error was cut
// short: its client got nothing.
bool is_failure(std::uint16_t status, std::string_view error) {
    if (status == k_status_other) {
        return !error.empty();
    }
    return !error.empty() || status == 0 || status >= 500;
}

}  // namespace

HttpTarget other_set(const HttpTarget& target) {
    HttpTarget other;
    other.direction = target.direction;
    other.authority = k_other;
    other.tls = target.tls;
    return other;
}

TcpTarget other_set(const TcpTarget& target) {
    TcpTarget other;
    other.direction = target.direction;
    other.peer = target.peer;
    other.tls = target.tls;
    (target.direction == Direction::inbound ? other.client_id : other.dst_service) = k_other;
    return other;
}

VerdictLabels other_set(const VerdictLabels& labels) {
    VerdictLabels other;
    other.direction = labels.direction;
    other.http = labels.http;
    other.allowed = labels.allowed;
    other.audited = labels.audited;
    other.reason = k_other;
    return other;
}

SplitLabels other_set(const SplitLabels&) {
    SplitLabels other;
    other.split_name = k_other;
    return other;
}

ErrorLabels other_set(const ErrorLabels& labels) {
    return {labels.direction, labels.scope, std::string(k_other)};
}

void Histogram::observe(std::chrono::microseconds latency) {
    const auto us = static_cast<std::uint64_t>(std::max<std::int64_t>(latency.count(), 0));
    const auto bound = std::find_if(
        k_latency_bounds_ms.begin(),
        k_latency_bounds_ms.end(),
        [us](std::uint32_t ms) { return us <= std::uint64_t{ms} * 1000; }
    );
    ++buckets[static_cast<std::size_t>(bound - k_latency_bounds_ms.begin())];
    sum_us += us;
}

void Histogram::add(const Histogram& other) {
    for (std::size_t i = 0; i < buckets.size(); ++i) {
        buckets[i] += other.buckets[i];
    }
    sum_us += other.sum_us;
}

HttpSeries& Sheet::State::http(const HttpTarget& target) {
    const std::uint32_t index = http_index.find_or_add(numbers.http, target, sets_max);
    if (index == http_series.size()) {
        http_series.emplace_back(index);
    }
    return http_series[index];
}

TcpSeries& Sheet::State::tcp(const TcpTarget& target) {
    const std::uint32_t index = tcp_index.find_or_add(numbers.tcp, target, sets_max);
    if (index == tcp_series.size()) {
        tcp_series.emplace_back(index);
    }
    return tcp_series[index];
}

const HttpSeries::Row& Sheet::State::row(
    HttpSeries& series, std::uint16_t status, std::string_view error
) {
    const auto is_same = [&](const HttpSeries::Row& row) {
        return row.status == status && row.error == error;
    };
    const auto found = std::find_if(series.rows_.begin(), series.rows_.end(), is_same);
    if (found != series.rows_.end()) {
        return *found;
    }
    const bool failed = is_failure(status, error);
    if (status != k_status_other &&
        (series.rows_.size() >= k_rows_per_series_max || numbers.responses.size() >= sets_max)) {
        HttpSeries& other = http(other_set(*numbers.http.labels[series.target_]));
        return row(other, k_status_other, failed ? k_other : std::string_view());
    }
    return add_row(series, status, error, failed);
}

const HttpSeries::Row& Sheet::State::add_row(
    HttpSeries& series, std::uint16_t status, std::string_view error, bool failed
) {
    const auto same_status = std::find_if(
        series.rows_.begin(),
        series.rows_.end(),
        [status](const HttpSeries::Row& row) { return row.status == status; }
    );
    HttpSeries::Row row;
    row.status = status;
    row.error = error;
    if (same_status != series.rows_.end()) {
        row.latency = same_status->latency;
    } else {
        row.latency = static_cast<std::uint32_t>(numbers.latencies.size());
        numbers.latencies.push_back({series.target_, status, {}});
    }
    row.response = static_cast<std::uint32_t>(numbers.responses.size());
    numbers.responses.push_back({series.target_, status, failed, error, 0});
    return series.rows_.emplace_back(row);
}

CloseCount& Sheet::State::close_count(TcpSeries& series, std::string_view error) {
    for (const std::uint32_t index : series.closes_) {
        if (numbers.closes[index].error == error) {
            return numbers.closes[index];
        }
    }
    if (error != k_other && numbers.closes.size() >= sets_max) {
        return close_count(tcp(other_set(*numbers.tcp.labels[series.target_])), k_other);
    }
    series.closes_.push_back(static_cast<std::uint32_t>(numbers.closes.size()));
    return numbers.closes.emplace_back(CloseCount{series.target_, std::string(error), 0});
}

Sheet::Sheet(std::size_t label_sets_max) : state_(std::make_unique<State>(label_sets_max)) {}

Sheet::~Sheet() = default;

void Sheet::State::count_error(const ErrorLabels& labels) {
    auto& table = numbers.errors;
    ++table.counts[error_index.find_or_add(table, labels, sets_max)];
}

HttpSeries& Sheet::http(const HttpTarget& target) {
    return state_->http(target);
}

TcpSeries& Sheet::tcp(const TcpTarget& target) {
    return state_->tcp(target);
}

Counter Sheet::verdict(const VerdictLabels& labels) {
    assert(labels.direction == Direction::inbound);  // access is judged where it is received
    const std::size_t family = verdict_family(labels);
    auto& table = state_->numbers.verdicts[family];
    auto& index = state_->verdict_index[family];
    return {table.counts, index.find_or_add(table, labels, state_->sets_max)};
}

Counter Sheet::split(const SplitLabels& labels) {
    auto& table = state_->numbers.splits;
    return {table.counts, state_->split_index.find_or_add(table, labels, state_->sets_max)};
}

Counter Sheet::empty_split(const SplitLabels& labels) {
    auto& table = state_->numbers.empty_splits;
    return {table.counts, state_->empty_split_index.find_or_add(table, labels, state_->sets_max)};
}

void Sheet::on_error(Direction direction, bool http, std::string_view reason) {
    const ErrorScope scope = http ? ErrorScope::http : ErrorScope::tcp;
    state_->count_error({direction, scope, std::string(reason)});
}

void Sheet::on_handshake_failure(Direction direction, std::string_view reason) {
    state_->count_error({direction, ErrorScope::handshake, std::string(reason)});
}

void Sheet::on_tcp_open(TcpSeries& series) {
    ++state_->numbers.tcp.counts[series.target_].opened;
}

void Sheet::on_tcp_close(TcpSeries& series, std::string_view error) {
    TcpCounts& counts = state_->numbers.tcp.counts[series.target_];
    ++counts.closed;
    if (error.empty()) {
        ++counts.closed_well;
    } else {
        ++state_->close_count(series, error).count;
    }
}

void Sheet::on_tcp_bytes(TcpSeries& series, std::uint64_t read, std::uint64_t written) {
    TcpCounts& counts = state_->numbers.tcp.counts[series.target_];
    counts.read_bytes += read;
    counts.written_bytes += written;
}

std::shared_ptr<const Sheet::Numbers> Sheet::copy() const {
    return std::make_shared<const Numbers>(state_->numbers);
}

}  // namespace telemetry
