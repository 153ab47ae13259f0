// The one clock of the load generator.
#pragma once

#include <chrono>

namespace bench::load {

using Clock = std::chrono::steady_clock;
using Instant = Clock::time_point;
using Nanoseconds = std::chrono::nanoseconds;

}  // namespace bench::load
