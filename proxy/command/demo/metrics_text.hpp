// Reads what a sidecar's /metrics page says: just enough of the Prometheus text format (0.0.4) to
// add up series by labels.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace proxy::command::demo {

using Labels = std::map<std::string, std::string>;

struct Sample {
    std::string name;
    Labels labels;
    double value = 0;
};

/// Lines that are no samples are left out.
[[nodiscard]] std::vector<Sample> parse_metrics(std::string_view text);

/// The sum of the samples of `name` that have all of `labels`; 0 without any.
[[nodiscard]] double sum_of(
    const std::vector<Sample>& samples, std::string_view name, const Labels& labels
);

/// A count as people write it, without a fraction.
[[nodiscard]] std::string count_text(double count);

}  // namespace proxy::command::demo
