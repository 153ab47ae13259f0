// When requests are to begin.
#pragma once

#include "bench/load/clock.hpp"

#include <cstdint>
#include <optional>

namespace bench::load {

/// Hands out the intended starts of one run. Of a closed loop: whenever a connection is free, now.
/// Of an open loop: at times fixed before the run, evenly spaced, however late they are taken; so a
/// server that stalls does not keep the requests from being counted that it made wait (coordinated
/// omission).
class Schedule {
 public:
    /// `rate`: requests per second of an open loop; none: a closed loop.
    Schedule(Nanoseconds length, std::optional<double> rate);

    /// The clock of the schedule starts here.
    void begin(Instant now);

    /// The next intended start, if it is due.
    [[nodiscard]] std::optional<Instant> take(Instant now);

    /// When `take` will give the next one; nothing when there will be none.
    [[nodiscard]] std::optional<Instant> next() const;

    [[nodiscard]] Instant end() const { return begin_ + length_; }

    /// Those of an open loop that were never taken.
    [[nodiscard]] std::uint64_t left() const { return total_ - taken_; }

    [[nodiscard]] bool is_open() const { return rate_.has_value(); }

 private:
    [[nodiscard]] Instant start_of(std::uint64_t number) const;

    Nanoseconds length_;
    std::optional<double> rate_;
    std::uint64_t total_ = 0;
    std::uint64_t taken_ = 0;
    Instant begin_;
};

}  // namespace bench::load
