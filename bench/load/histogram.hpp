// Latencies, counted so that percentiles are right to 0.8 % at every magnitude and recording one
// costs an increment.
#pragma once

#include "bench/load/clock.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace bench::load {

class Histogram {
 public:
    Histogram();

    /// Below zero counts as zero.
    void record(Nanoseconds latency);

    [[nodiscard]] std::uint64_t count() const { return count_; }

    /// The latency that `percent` of the recorded ones do not exceed (nearest rank); never more
    /// than the largest recorded. Nothing when nothing was recorded.
    [[nodiscard]] std::optional<Nanoseconds> percentile(double percent) const;

 private:
    std::vector<std::uint64_t> buckets_;
    std::uint64_t count_ = 0;
    std::uint64_t largest_ns_ = 0;
};

}  // namespace bench::load
