// Private to telemetry/: how a sheet finds the number to count up.
#pragma once

#include "telemetry/numbers.hpp"
#include "telemetry/sheet.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string_view>
#include <vector>

namespace telemetry {

/// What stays of a label set that is one too many: enough to keep the sums by direction and by tls
/// right.
HttpTarget other_set(const HttpTarget& target);
TcpTarget other_set(const TcpTarget& target);
VerdictLabels other_set(const VerdictLabels& labels);
SplitLabels other_set(const SplitLabels& labels);
ErrorLabels other_set(const ErrorLabels& labels);

/// Finds label sets in a Table, and adds them until there are too many.
template <class Labels>
class LabelIndex {
 public:
    /// The index of `labels` in `table`; once `sets_max` are known, new ones count under
    /// other_set(labels). The few "other" sets come on top of the bound.
    template <class Counts>
    std::uint32_t find_or_add(
        Table<Labels, Counts>& table, const Labels& labels, std::size_t sets_max
    ) {
        if (const auto found = by_labels_.find(&labels); found != by_labels_.end()) {
            return found->second;
        }
        if (table.labels.size() < sets_max) {
            return add(table, labels);
        }
        const Labels other = other_set(labels);
        const auto found = by_labels_.find(&other);
        return found != by_labels_.end() ? found->second : add(table, other);
    }

 private:
    struct ByValue {
        bool operator()(const Labels* left, const Labels* right) const { return *left < *right; }
    };

    template <class Counts>
    std::uint32_t add(Table<Labels, Counts>& table, const Labels& labels) {
        const auto index = static_cast<std::uint32_t>(table.labels.size());
        table.labels.push_back(std::make_shared<const Labels>(labels));
        table.counts.emplace_back();
        by_labels_.emplace(table.labels.back().get(), index);
        return index;
    }

    std::map<const Labels*, std::uint32_t, ByValue> by_labels_;  // keys belong to the table
};

/// Where the exchanges of one target count, found by a short scan.
class HttpSeries {
 public:
    struct Row {
        std::uint16_t status = 0;
        std::string_view error;
        std::uint32_t response = 0;  // into Numbers::responses
        std::uint32_t latency = 0;   // into Numbers::latencies
    };

    explicit HttpSeries(std::uint32_t target) : target_(target) {}

 private:
    friend class RequestRecord;
    friend class Sheet;
    std::uint32_t target_;  // into Numbers::http
    std::vector<Row> rows_;
};

class TcpSeries {
 public:
    explicit TcpSeries(std::uint32_t target) : target_(target) {}

 private:
    friend class Sheet;
    std::uint32_t target_;               // into Numbers::tcp
    std::vector<std::uint32_t> closes_;  // into Numbers::closes
};

struct Sheet::State {
    explicit State(std::size_t label_sets_max) : sets_max(label_sets_max) {}

    HttpSeries& http(const HttpTarget& target);
    TcpSeries& tcp(const TcpTarget& target);
    /// The row for this outcome; that of the "other" series when no more may be added.
    const HttpSeries::Row& row(HttpSeries& series, std::uint16_t status, std::string_view error);
    CloseCount& close_count(TcpSeries& series, std::string_view error);
    void count_error(const ErrorLabels& labels);

    std::size_t sets_max;
    Numbers numbers;
    LabelIndex<HttpTarget> http_index;
    LabelIndex<TcpTarget> tcp_index;
    std::array<LabelIndex<VerdictLabels>, k_verdict_families> verdict_index;
    LabelIndex<SplitLabels> split_index;
    LabelIndex<SplitLabels> empty_split_index;
    LabelIndex<ErrorLabels> error_index;
    // In step with numbers.http and numbers.tcp; a deque, because callers keep references.
    std::deque<HttpSeries> http_series;
    std::deque<TcpSeries> tcp_series;

 private:
    const HttpSeries::Row& add_row(
        HttpSeries& series, std::uint16_t status, std::string_view error, bool failed
    );
};

}  // namespace telemetry
