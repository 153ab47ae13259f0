#include "bench/load/histogram.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

namespace bench::load {

namespace {

// A number keeps its leading eight bits: each power of two is cut into 128 buckets of equal width,
// and below 256 each number has its own.
constexpr unsigned k_kept_bits = 8;
constexpr std::size_t k_buckets_per_power = std::size_t{1} << (k_kept_bits - 1);
constexpr std::size_t k_buckets = (64 - k_kept_bits + 2) * k_buckets_per_power;

unsigned dropped_bits(std::uint64_t number) {
    const auto width = static_cast<unsigned>(std::bit_width(number));
    return width > k_kept_bits ? width - k_kept_bits : 0;
}

std::size_t bucket_of(std::uint64_t number) {
    const unsigned dropped = dropped_bits(number);
    return dropped * k_buckets_per_power + static_cast<std::size_t>(number >> dropped);
}

std::uint64_t largest_of(std::size_t bucket) {
    if (bucket < 2 * k_buckets_per_power) {
        return bucket;
    }
    const std::size_t dropped = bucket / k_buckets_per_power - 1;
    const std::uint64_t kept = bucket - dropped * k_buckets_per_power;
    return ((kept + 1) << dropped) - 1;
}

}  // namespace

Histogram::Histogram() : buckets_(k_buckets) {}

void Histogram::record(Nanoseconds latency) {
    const auto number = static_cast<std::uint64_t>(std::max<std::int64_t>(latency.count(), 0));
    ++buckets_[bucket_of(number)];
    ++count_;
    largest_ns_ = std::max(largest_ns_, number);
}

std::optional<Nanoseconds> Histogram::percentile(double percent) const {
    if (count_ == 0) {
        return std::nullopt;
    }
    // 99.9 of 1,000 are 999, though as a double it comes out a little larger.
    constexpr double k_rounding = 1e-6;
    const double exact = percent * static_cast<double>(count_) / 100.0 - k_rounding;
    const auto rounded = static_cast<std::uint64_t>(std::ceil(std::max(exact, 0.0)));
    const std::uint64_t rank = std::clamp<std::uint64_t>(rounded, 1, count_);
    std::uint64_t seen = 0;
    for (std::size_t bucket = 0; bucket < buckets_.size(); ++bucket) {
        seen += buckets_[bucket];
        if (seen >= rank) {
            const std::uint64_t found = std::min(largest_of(bucket), largest_ns_);
            return Nanoseconds(static_cast<std::int64_t>(found));
        }
    }
    return Nanoseconds(static_cast<std::int64_t>(largest_ns_));
}

}  // namespace bench::load
