// Waits for sockets and for times.
#pragma once

#include "bench/load/clock.hpp"

#include <sys/epoll.h>

#include <array>
#include <cstddef>
#include <optional>
#include <queue>
#include <span>
#include <vector>

namespace bench::load {

/// `Slot`s are whatever the owner wants to be reminded of; they outlive the poller.
class Slot;

class Poller {
 public:
    Poller();
    Poller(const Poller&) = delete;
    Poller& operator=(const Poller&) = delete;
    ~Poller();

    /// Reports every edge of `descriptor` until it is closed. False: it cannot be waited for.
    [[nodiscard]] bool watch(int descriptor, Slot* slot);

    void remind(Instant at, Slot* slot);

    /// Until something is ready, a reminder is due or `until` has come. What it returns is valid
    /// until the next wait.
    [[nodiscard]] std::span<const epoll_event> wait(Instant until);

    /// A reminder that is due.
    [[nodiscard]] std::optional<Slot*> take_due(Instant now);

 private:
    struct Reminder {
        Instant at;
        Slot* slot;
        bool operator>(const Reminder& other) const { return at > other.at; }
    };

    int descriptor_;
    std::array<epoll_event, 256> events_{};
    std::priority_queue<Reminder, std::vector<Reminder>, std::greater<>> reminders_;
};

}  // namespace bench::load
