#include "telemetry/collector.hpp"

#include "telemetry/catalog.hpp"
#include "telemetry/log.hpp"
#include "telemetry/merge.hpp"
#include "telemetry/series_labels.hpp"
#include "telemetry/text_writer.hpp"

#include <array>
#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace telemetry {
namespace {

SeriesLabels process_labels(const ProcessFacts& facts) {
    SeriesLabels labels;
    labels.add("namespace", facts.name_space);
    labels.add("pod", facts.pod);
    if (may_be_owner_label(facts.owner_label)) {
        labels.add(facts.owner_label, facts.owner_name);
    }
    return labels;
}

std::string status_text(std::uint16_t status) {
    if (status == k_status_other) {
        return "other";
    }
    return status == 0 ? std::string() : std::to_string(status);
}

void write_http(TextWriter& text, const Merged<HttpTarget, MergedHttp>& targets) {
    std::vector<SeriesLabels> all_labels;
    all_labels.reserve(targets.size());
    text.begin(catalog::request_total);
    for (const auto& [target, numbers] : targets) {
        text.add(all_labels.emplace_back(labels_of(*target)), numbers.requests);
    }
    text.begin(catalog::response_total);
    auto labels = all_labels.begin();
    std::size_t latencies = 0;
    for (const auto& [target, numbers] : targets) {
        latencies += numbers.latencies.size();
        for (const auto& [outcome, responses] : numbers.responses) {
            SeriesLabels more = labels->with("status_code", status_text(outcome.first));
            more.add("classification", responses.failed ? "failure" : "success");
            more.add("error", outcome.second);
            text.add(more, responses.count);
        }
        ++labels;
    }
    text.begin(catalog::response_latency_ms, latencies);
    labels = all_labels.begin();
    for (const auto& [target, numbers] : targets) {
        for (const auto& [status, histogram] : numbers.latencies) {
            text.add(labels->with("status_code", status_text(status)), histogram);
        }
        ++labels;
    }
}

void write_tcp(TextWriter& text, const Merged<TcpTarget, MergedTcp>& targets) {
    using Number = std::uint64_t (*)(const TcpCounts&);
    static constexpr std::array<std::pair<const Family*, Number>, 4> families = {{
        {&catalog::tcp_open_total, [](const TcpCounts& counts) { return counts.opened; }},
        {&catalog::tcp_open_connections,
         [](const TcpCounts& counts) { return counts.opened - counts.closed; }},
        {&catalog::tcp_read_bytes_total, [](const TcpCounts& counts) { return counts.read_bytes; }},
        {&catalog::tcp_write_bytes_total,
         [](const TcpCounts& counts) { return counts.written_bytes; }},
    }};
    for (const auto& [family, number] : families) {
        text.begin(*family);
        for (const auto& [target, numbers] : targets) {
            text.add(labels_of(*target), number(numbers.counts));
        }
    }
    text.begin(catalog::tcp_close_total);
    for (const auto& [target, numbers] : targets) {
        const SeriesLabels labels = labels_of(*target);
        text.add(labels, numbers.counts.closed_well);
        for (const auto& [error, count] : numbers.closes) {
            text.add(labels.with("errno", error), count);
        }
    }
}

void write_verdicts(TextWriter& text, const MergedNumbers& numbers) {
    static constexpr std::array<const Family*, k_verdict_families> families = {
        &catalog::inbound_http_authz_allow_total,
        &catalog::inbound_http_authz_deny_total,
        &catalog::inbound_http_authz_audit_total,
        &catalog::inbound_tcp_authz_allow_total,
        &catalog::inbound_tcp_authz_deny_total,
        &catalog::inbound_tcp_authz_audit_total,
    };
    for (std::size_t i = 0; i < families.size(); ++i) {
        text.begin(*families[i]);
        for (const auto& [verdict, count] : numbers.verdicts[i]) {
            text.add(labels_of(*verdict), count);
        }
    }
}

const Family& error_family(const ErrorLabels& labels) {
    const bool is_http = labels.scope == ErrorScope::http;
    if (labels.scope == ErrorScope::handshake) {
        return catalog::tls_handshake_failures_total;
    }
    if (labels.direction == Direction::inbound) {
        return is_http ? catalog::inbound_http_errors_total : catalog::inbound_tcp_errors_total;
    }
    return is_http ? catalog::outbound_http_errors_total : catalog::outbound_tcp_errors_total;
}

void write_errors(TextWriter& text, const Merged<ErrorLabels, std::uint64_t>& errors) {
    for (const Family* const family :
         {&catalog::inbound_http_errors_total,
          &catalog::inbound_tcp_errors_total,
          &catalog::outbound_http_errors_total,
          &catalog::outbound_tcp_errors_total,
          &catalog::tls_handshake_failures_total}) {
        text.begin(*family);
        for (const auto& [error, count] : errors) {
            if (&error_family(*error) == family) {
                text.add(labels_of(*error), count);
            }
        }
    }
}

void write_splits(
    TextWriter& text, const Family& family, const Merged<SplitLabels, std::uint64_t>& splits
) {
    text.begin(family);
    for (const auto& [split, count] : splits) {
        text.add(labels_of(*split), count);
    }
}

/// To the millisecond, and no finer: a double of nanoseconds shows what it had to round.
double seconds_of(std::chrono::system_clock::time_point time) {
    const auto rounded = std::chrono::floor<std::chrono::milliseconds>(time);
    return static_cast<double>(rounded.time_since_epoch().count()) / 1000.0;
}

void write_process(TextWriter& text, const ProcessFacts& facts) {
    const SeriesLabels none;
    text.begin(catalog::process_start_time_seconds);
    text.add(none, seconds_of(facts.start_time));
    if (facts.identity_not_after) {
        text.begin(catalog::identity_cert_expiration_timestamp_seconds);
        text.add(none, seconds_of(*facts.identity_not_after));
    }
    const std::array<std::pair<const Family*, std::uint64_t>, 6> counts = {{
        {&catalog::identity_cert_refreshes_total, facts.identity_refreshes},
        {&catalog::identity_cert_refresh_errors_total, facts.identity_refresh_errors},
        {&catalog::smilax_snapshot_generation, facts.snapshot_generation},
        {&catalog::smilax_resource_problems, facts.resource_problems},
        {&catalog::smilax_resource_errors_total, facts.resource_errors_total},
        {&catalog::smilax_log_dropped_lines_total, dropped_lines()},
    }};
    for (const auto& [family, count] : counts) {
        text.begin(*family);
        text.add(none, count);
    }
    SeriesLabels version;
    version.add("version", facts.version);
    text.begin(catalog::smilax_build_info);
    text.add(version, std::uint64_t{1});
}

}  // namespace

// The order of the catalog; a test compares.
std::string render_metrics(
    std::span<const std::shared_ptr<const Sheet::Numbers>> sheets, const ProcessFacts& facts
) {
    const MergedNumbers numbers = merge(sheets);
    TextWriter text(process_labels(facts));
    write_http(text, numbers.http);
    write_tcp(text, numbers.tcp);
    write_verdicts(text, numbers);
    write_errors(text, numbers.errors);
    write_splits(text, catalog::split_backend_total, numbers.splits);
    write_splits(text, catalog::split_backend_empty_total, numbers.empty_splits);
    write_process(text, facts);
    return text.take();
}

}  // namespace telemetry
