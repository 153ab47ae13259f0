#include "telemetry/collector.hpp"

#include "telemetry/catalog.hpp"
#include "telemetry/log.hpp"
#include "telemetry/merge.hpp"
#include "telemetry/series_labels.hpp"

#include <prometheus/client_metric.h>
#include <prometheus/metric_family.h>
#include <prometheus/metric_type.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace telemetry {
namespace {

using prometheus::ClientMetric;

prometheus::MetricType prometheus_type(FamilyType type) {
    switch (type) {
        case FamilyType::counter:
            return prometheus::MetricType::Counter;
        case FamilyType::gauge:
            return prometheus::MetricType::Gauge;
        case FamilyType::histogram:
            return prometheus::MetricType::Histogram;
    }
    return prometheus::MetricType::Untyped;
}

/// The families of the catalog, filled one series at a time.
class Exposition {
 public:
    explicit Exposition(const ProcessFacts& facts) {
        process_.add("namespace", facts.name_space);
        process_.add("pod", facts.pod);
        if (may_be_owner_label(facts.owner_label)) {
            process_.add(facts.owner_label, facts.owner_name);
        }
        families_.resize(catalog::k_families.size());
        for (std::size_t i = 0; i < families_.size(); ++i) {
            const Family& family = *catalog::k_families[i];
            families_[i].name = family.name;
            families_[i].help = family.help;
            families_[i].type = prometheus_type(family.type);
        }
    }

    void add(const Family& family, const SeriesLabels& labels, double value) {
        ClientMetric& metric = new_series(family, labels);
        if (family.type == FamilyType::counter) {
            metric.counter.value = value;
        } else {
            metric.gauge.value = value;
        }
    }
    void add(const Family& family, const SeriesLabels& labels, std::uint64_t value) {
        add(family, labels, static_cast<double>(value));
    }

    void add(const Family& family, const SeriesLabels& labels, const Histogram& histogram) {
        ClientMetric::Histogram& shown = new_series(family, labels).histogram;
        shown.bucket.reserve(k_latency_bounds_ms.size());
        for (std::size_t i = 0; i < histogram.buckets.size(); ++i) {
            shown.sample_count += histogram.buckets[i];
            if (i < k_latency_bounds_ms.size()) {  // the serializer adds +Inf
                shown.bucket.push_back(
                    {shown.sample_count, static_cast<double>(k_latency_bounds_ms[i])}
                );
            }
        }
        shown.sample_sum = static_cast<double>(histogram.sum_us) / 1000.0;
    }

    [[nodiscard]] std::string text() {
        std::erase_if(families_, [](const auto& family) { return family.metric.empty(); });
        return prometheus::TextSerializer().Serialize(families_);
    }

 private:
    ClientMetric& new_series(const Family& family, const SeriesLabels& labels) {
        const auto row = std::find(catalog::k_families.begin(), catalog::k_families.end(), &family);
        assert(row != catalog::k_families.end());
        auto& shown = families_[static_cast<std::size_t>(row - catalog::k_families.begin())];
        ClientMetric& metric = shown.metric.emplace_back();
        metric.label.reserve(process_.list().size() + labels.list().size());
        append(metric, process_);
        append(metric, labels);
        return metric;
    }

    static void append(ClientMetric& metric, const SeriesLabels& labels) {
        for (const auto& [name, value] : labels.list()) {
            metric.label.push_back({std::string(name), value});
        }
    }

    SeriesLabels process_;
    std::vector<prometheus::MetricFamily> families_;
};

std::string status_text(std::uint16_t status) {
    if (status == k_status_other) {
        return "other";
    }
    return status == 0 ? std::string() : std::to_string(status);
}

void add_http(Exposition& exposition, const HttpTarget& target, const MergedHttp& numbers) {
    const SeriesLabels labels = labels_of(target);
    exposition.add(catalog::request_total, labels, numbers.requests);
    for (const auto& [outcome, responses] : numbers.responses) {
        SeriesLabels more = labels.with("status_code", status_text(outcome.first));
        more.add("classification", responses.failed ? "failure" : "success");
        more.add("error", outcome.second);
        exposition.add(catalog::response_total, more, responses.count);
    }
    for (const auto& [status, histogram] : numbers.latencies) {
        const SeriesLabels more = labels.with("status_code", status_text(status));
        exposition.add(catalog::response_latency_ms, more, histogram);
    }
}

void add_tcp(Exposition& exposition, const TcpTarget& target, const MergedTcp& numbers) {
    const SeriesLabels labels = labels_of(target);
    const TcpCounts& counts = numbers.counts;
    exposition.add(catalog::tcp_open_total, labels, counts.opened);
    exposition.add(catalog::tcp_open_connections, labels, counts.opened - counts.closed);
    exposition.add(catalog::tcp_read_bytes_total, labels, counts.read_bytes);
    exposition.add(catalog::tcp_write_bytes_total, labels, counts.written_bytes);
    exposition.add(catalog::tcp_close_total, labels, counts.closed_well);
    for (const auto& [error, count] : numbers.closes) {
        exposition.add(catalog::tcp_close_total, labels.with("errno", error), count);
    }
}

const Family& error_family(const ErrorLabels& labels) {
    if (labels.direction == Direction::inbound) {
        return labels.http ? catalog::inbound_http_errors_total : catalog::inbound_tcp_errors_total;
    }
    return labels.http ? catalog::outbound_http_errors_total : catalog::outbound_tcp_errors_total;
}

void add_verdicts_and_the_rest(Exposition& exposition, const MergedNumbers& numbers) {
    static constexpr std::array<const Family*, k_verdict_families> families = {
        &catalog::inbound_http_authz_allow_total,
        &catalog::inbound_http_authz_deny_total,
        &catalog::inbound_http_authz_audit_total,
        &catalog::inbound_tcp_authz_allow_total,
        &catalog::inbound_tcp_authz_deny_total,
        &catalog::inbound_tcp_authz_audit_total,
    };
    for (std::size_t i = 0; i < families.size(); ++i) {
        for (const auto& [verdict, count] : numbers.verdicts[i]) {
            exposition.add(*families[i], labels_of(*verdict), count);
        }
    }
    for (const auto& [error, count] : numbers.errors) {
        SeriesLabels labels;
        labels.add("error", error->reason);
        exposition.add(error_family(*error), labels, count);
    }
    for (const auto& [split, count] : numbers.splits) {
        exposition.add(catalog::split_backend_total, labels_of(*split), count);
    }
    for (const auto& [split, count] : numbers.empty_splits) {
        exposition.add(catalog::split_backend_empty_total, labels_of(*split), count);
    }
}

double seconds_of(std::chrono::system_clock::time_point time) {
    using Milliseconds = std::chrono::duration<double, std::milli>;
    return Milliseconds(time.time_since_epoch()).count() / 1000.0;
}

void add_process(Exposition& exposition, const ProcessFacts& facts) {
    const SeriesLabels none;
    exposition.add(catalog::process_start_time_seconds, none, seconds_of(facts.start_time));
    if (facts.identity_not_after) {
        exposition.add(
            catalog::identity_cert_expiration_timestamp_seconds,
            none,
            seconds_of(*facts.identity_not_after)
        );
    }
    exposition.add(catalog::identity_cert_refreshes_total, none, facts.identity_refreshes);
    exposition.add(
        catalog::identity_cert_refresh_errors_total, none, facts.identity_refresh_errors
    );
    exposition.add(catalog::smilax_snapshot_generation, none, facts.snapshot_generation);
    exposition.add(catalog::smilax_resource_problems, none, facts.resource_problems);
    exposition.add(catalog::smilax_resource_errors_total, none, facts.resource_errors_total);
    exposition.add(catalog::smilax_log_dropped_lines_total, none, dropped_lines());
    SeriesLabels version;
    version.add("version", facts.version);
    exposition.add(catalog::smilax_build_info, version, 1.0);
}

}  // namespace

std::string render_metrics(
    std::span<const std::shared_ptr<const Sheet::Numbers>> sheets, const ProcessFacts& facts
) {
    const MergedNumbers numbers = merge(sheets);
    Exposition exposition(facts);
    for (const auto& [target, counts] : numbers.http) {
        add_http(exposition, *target, counts);
    }
    for (const auto& [target, counts] : numbers.tcp) {
        add_tcp(exposition, *target, counts);
    }
    add_verdicts_and_the_rest(exposition, numbers);
    add_process(exposition, facts);
    return exposition.text();
}

}  // namespace telemetry
