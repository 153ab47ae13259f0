// A one-shot signal between two coroutines of one worker.
#pragma once

#include "tls/io.hpp"

#include <boost/asio/basic_waitable_timer.hpp>

#include <chrono>

namespace proxy::net {

/// set() may come before or after wait(); one waiter. Lives in the waiter's frame, which outlives
/// whoever sets it.
class Event {
 public:
    explicit Event(const io::Executor& executor)
        : timer_(executor, std::chrono::steady_clock::time_point::max()) {}

    void set() {
        is_set_ = true;
        timer_.cancel();
    }
    [[nodiscard]] bool is_set() const { return is_set_; }

    [[nodiscard]] io::Awaitable<void> wait() {
        while (!is_set_) {
            co_await timer_.async_wait(io::k_await);
        }
    }

 private:
    boost::asio::basic_waitable_timer<
        std::chrono::steady_clock,
        boost::asio::wait_traits<std::chrono::steady_clock>,
        io::Executor>
        timer_;
    bool is_set_ = false;
};

}  // namespace proxy::net
