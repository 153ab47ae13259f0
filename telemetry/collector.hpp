// Sheets of all workers → Prometheus text. Control thread only.
#pragma once

#include "telemetry/sheet.hpp"

#include <chrono>
#include <memory>
#include <optional>
#include <span>
#include <string>

namespace telemetry {

/// Labels and gauges of the whole process.
struct ProcessFacts {
    std::string name_space;   // added to each series: `namespace`
    std::string pod;          // `pod`
    std::string owner_label;  // "deployment", from the owner's kind in lower case (job → k8s_job);
                              // empty: none
    std::string owner_name;
    std::string version;
    std::chrono::system_clock::time_point start_time;
    std::optional<std::chrono::system_clock::time_point> identity_not_after;
    std::uint64_t identity_refreshes = 0;
    std::uint64_t identity_refresh_errors = 0;
    std::uint64_t snapshot_generation = 0;
    std::uint64_t resource_problems = 0;      // present errors
    std::uint64_t resource_errors_total = 0;  // files that failed to parse, counted up
};

/// Merges the sheets and renders text exposition format 0.0.4, families of catalog.hpp.
[[nodiscard]] std::string render_metrics(
    std::span<const std::shared_ptr<const Sheet::Numbers>> sheets, const ProcessFacts& facts
);

}  // namespace telemetry
