// What counting costs: per request on a worker, per scrape on a worker, per scrape beside it.
#include "telemetry/collector.hpp"
#include "telemetry/numbers.hpp"
#include "telemetry/request_record.hpp"
#include "telemetry/sheet.hpp"

#include <benchmark/benchmark.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace {

using telemetry::Sheet;

telemetry::HttpTarget target(std::int64_t number) {
    telemetry::HttpTarget target;
    target.authority = "books.shop.svc.cluster.local:80";
    target.target.port = 8080;
    target.tls = telemetry::TlsLabel::yes;
    target.client_id = "spiffe://cluster.local/ns/shop/sa/client-" + std::to_string(number);
    target.route_name = "read-books";
    target.authz_namespace = "shop";
    target.authz_name = "clients-read-books";
    return target;
}

void record(Sheet& sheet, telemetry::HttpSeries& series, std::uint16_t status) {
    telemetry::RequestRecord request(sheet, series, std::chrono::steady_clock::now());
    request.on_status(status);
}

/// `targets` label sets with two statuses each.
void fill(Sheet& sheet, std::int64_t targets) {
    for (std::int64_t i = 0; i < targets; ++i) {
        telemetry::HttpSeries& series = sheet.http(target(i));
        record(sheet, series, 200);
        record(sheet, series, 404);
    }
}

// Both clock readings are part of it: a request has them.
void record_request(benchmark::State& state) {
    Sheet sheet(1'000);
    telemetry::HttpSeries& series = sheet.http(target(0));
    for (auto _ : state) {
        record(sheet, series, 200);
    }
}
BENCHMARK(record_request);

void find_series(benchmark::State& state) {
    Sheet sheet(10'000);
    fill(sheet, state.range(0));
    const telemetry::HttpTarget wanted = target(state.range(0) / 2);
    for (auto _ : state) {
        benchmark::DoNotOptimize(&sheet.http(wanted));
    }
}
BENCHMARK(find_series)->Arg(10)->Arg(1'000);

void count_verdict(benchmark::State& state) {
    Sheet sheet(10'000);
    telemetry::VerdictLabels labels;
    labels.allowed = true;
    labels.port = 8080;
    labels.reason = "allowed";
    labels.authz_namespace = "shop";
    labels.authz_name = "clients-read-books";
    for (std::int64_t i = 0; i < state.range(0); ++i) {
        labels.client_id = target(i).client_id;
        sheet.on_verdict(labels);
    }
    for (auto _ : state) {
        sheet.on_verdict(labels);
    }
}
BENCHMARK(count_verdict)->Arg(10)->Arg(1'000);

// What a scrape costs the worker: 500 targets × 2 statuses are 1,000 response series.
void copy_sheet(benchmark::State& state) {
    Sheet sheet(10'000);
    fill(sheet, state.range(0) / 2);
    for (auto _ : state) {
        benchmark::DoNotOptimize(sheet.copy());
    }
}
BENCHMARK(copy_sheet)->Arg(20)->Arg(1'000)->Unit(benchmark::kMicrosecond);

void render(benchmark::State& state) {
    Sheet sheet(20'000);
    fill(sheet, state.range(0) / 2);
    const std::vector<std::shared_ptr<const Sheet::Numbers>> sheets = {sheet.copy()};
    telemetry::ProcessFacts facts;
    facts.name_space = "shop";
    facts.pod = "books-7d9f";
    facts.owner_label = "deployment";
    facts.owner_name = "books";
    std::size_t bytes = 0;
    for (auto _ : state) {
        const std::string text = telemetry::render_metrics(sheets, facts);
        bytes = text.size();
    }
    state.counters["bytes"] = static_cast<double>(bytes);
}
BENCHMARK(render)->Arg(20)->Arg(1'000)->Arg(10'000)->Unit(benchmark::kMillisecond);

}  // namespace
