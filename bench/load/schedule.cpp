#include "bench/load/schedule.hpp"

#include <cmath>

namespace bench::load {

Schedule::Schedule(Nanoseconds length, std::optional<double> rate) : length_(length), rate_(rate) {
    if (rate) {
        const double seconds = std::chrono::duration<double>(length).count();
        total_ = static_cast<std::uint64_t>(std::llround(*rate * seconds));
    }
}

void Schedule::begin(Instant now) {
    begin_ = now;
    taken_ = 0;
}

std::optional<Instant> Schedule::take(Instant now) {
    if (!rate_) {
        return now < end() ? std::optional(now) : std::nullopt;
    }
    const std::optional<Instant> due = next();
    if (!due || *due > now) {
        return std::nullopt;
    }
    ++taken_;
    return due;
}

std::optional<Instant> Schedule::next() const {
    if (!rate_) {
        return begin_;
    }
    return taken_ < total_ ? std::optional(start_of(taken_)) : std::nullopt;
}

Instant Schedule::start_of(std::uint64_t number) const {
    // From the number each time, not by adding steps: a rounded step would drift.
    return begin_ + Nanoseconds(std::llround(static_cast<double>(number) * 1e9 / *rate_));
}

}  // namespace bench::load
