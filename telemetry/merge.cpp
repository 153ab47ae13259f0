#include "telemetry/merge.hpp"

#include <cstddef>
#include <vector>

namespace telemetry {
namespace {

template <class Labels>
void add_counts(Merged<Labels, std::uint64_t>& merged, const Table<Labels, std::uint64_t>& table) {
    for (std::size_t i = 0; i < table.labels.size(); ++i) {
        merged[table.labels[i].get()] += table.counts[i];
    }
}

void add_http(Merged<HttpTarget, MergedHttp>& merged, const Sheet::Numbers& sheet) {
    std::vector<MergedHttp*> by_index;  // map nodes stay where they are
    by_index.reserve(sheet.http.labels.size());
    for (std::size_t i = 0; i < sheet.http.labels.size(); ++i) {
        MergedHttp& target = merged[sheet.http.labels[i].get()];
        target.requests += sheet.http.counts[i];
        by_index.push_back(&target);
    }
    for (const ResponseCount& response : sheet.responses) {
        auto& responses = by_index[response.target]->responses[{response.status, response.error}];
        responses.failed = response.failed;
        responses.count += response.count;
    }
    for (const LatencyCount& latency : sheet.latencies) {
        by_index[latency.target]->latencies[latency.status].add(latency.histogram);
    }
}

void add_tcp(Merged<TcpTarget, MergedTcp>& merged, const Sheet::Numbers& sheet) {
    std::vector<MergedTcp*> by_index;
    by_index.reserve(sheet.tcp.labels.size());
    for (std::size_t i = 0; i < sheet.tcp.labels.size(); ++i) {
        MergedTcp& target = merged[sheet.tcp.labels[i].get()];
        const TcpCounts& counts = sheet.tcp.counts[i];
        target.counts.opened += counts.opened;
        target.counts.closed += counts.closed;
        target.counts.closed_well += counts.closed_well;
        target.counts.read_bytes += counts.read_bytes;
        target.counts.written_bytes += counts.written_bytes;
        by_index.push_back(&target);
    }
    for (const CloseCount& close : sheet.closes) {
        by_index[close.target]->closes[close.error] += close.count;
    }
}

}  // namespace

MergedNumbers merge(std::span<const std::shared_ptr<const Sheet::Numbers>> sheets) {
    MergedNumbers merged;
    for (const auto& sheet : sheets) {
        add_http(merged.http, *sheet);
        add_tcp(merged.tcp, *sheet);
        for (std::size_t family = 0; family < k_verdict_families; ++family) {
            add_counts(merged.verdicts[family], sheet->verdicts[family]);
        }
        add_counts(merged.splits, sheet->splits);
        add_counts(merged.empty_splits, sheet->empty_splits);
        add_counts(merged.errors, sheet->errors);
    }
    return merged;
}

}  // namespace telemetry
