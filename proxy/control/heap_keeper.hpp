// Gives memory back to the kernel that malloc keeps: pages that are free between others that are
// not.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>

namespace proxy::control {

/// Says when a trim is worth its time, in which other threads may have to wait for the heap (0.2 ms
/// when idle, 10 ms when 80 MiB go): once after a burst, not in it, and not while what its
/// connections held is still in use. Control thread.
class HeapKeeper {
 public:
    using Clock = std::chrono::steady_clock;

    /// `quiet` after connections ended, those to upstreams that they leave behind have ended too.
    explicit HeapKeeper(std::chrono::milliseconds quiet) : quiet_(quiet) {}

    /// Much was freed, as after compiling. To be said each time: a series of changes is one burst.
    void on_freed(Clock::time_point now) { freed_at_ = now; }

    /// Told now and then how many connections are open. True when the last on_freed() is `quiet`
    /// ago, or when at least half of what were many connections have been gone for so long.
    [[nodiscard]] bool should_trim(std::size_t open, Clock::time_point now);

 private:
    std::chrono::milliseconds quiet_;
    std::size_t peak_ = 0;  // of connections, since the last trim
    std::optional<Clock::time_point> gone_since_;
    std::optional<Clock::time_point> freed_at_;
};

/// Any thread.
void trim_heap();

}  // namespace proxy::control
