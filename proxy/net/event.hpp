// A one-shot signal between two coroutines of one worker.
#pragma once

#include "io/loop.hpp"

#include <coroutine>
#include <utility>

namespace proxy::net {

/// set() may come before or after `co_await wait()`; one waiter. Lives in the waiter's frame, which
/// outlives whoever sets it.
class Event {
 public:
    explicit Event(io::Loop& loop) : loop_(loop) {}
    Event(const Event&) = delete;
    Event& operator=(const Event&) = delete;

    void set() {
        is_set_ = true;
        if (waiter_) {
            loop_.resume_soon(std::exchange(waiter_, {}));
        }
    }
    [[nodiscard]] bool is_set() const { return is_set_; }

    class Wait {
     public:
        explicit Wait(Event& event) : event_(event) {}
        [[nodiscard]] bool await_ready() const noexcept { return event_.is_set_; }
        void await_suspend(std::coroutine_handle<> waiter) noexcept { event_.waiter_ = waiter; }
        void await_resume() const noexcept {}

     private:
        Event& event_;
    };
    [[nodiscard]] Wait wait() { return Wait(*this); }

 private:
    io::Loop& loop_;
    std::coroutine_handle<> waiter_;
    bool is_set_ = false;
};

}  // namespace proxy::net
