// Handshakes take turns: a thousand at once must not keep everybody else waiting.
#pragma once

#include "io/loop.hpp"

#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <deque>

namespace tls {

/// One step of a handshake takes 0.2 to 0.5 ms, a hundred times what a request takes. So at most
/// two are done in a round of the loop, however many are due, and what is established goes on
/// in between (performance.md §3). Who waits is served in order of arrival. Used on one thread;
/// frames that wait die with the loop, after which nobody asks any more.
class HandshakeTurns {
 public:
    class Turn {
     public:
        Turn(HandshakeTurns& turns, io::Loop& loop) : turns_(turns), loop_(loop) {}
        [[nodiscard]] bool await_ready() const noexcept {
            return turns_.waiting_.empty() && turns_.last_round_ != loop_.round();
        }
        void await_suspend(std::coroutine_handle<> coroutine) {
            turns_.waiting_.push_back(coroutine);
            is_waiting_ = true;
            if (turns_.waiting_.size() == 1) {
                loop_.resume_soon(coroutine);
            }
        }
        void await_resume() {
            turns_.last_round_ = loop_.round();
            if (!is_waiting_) {
                return;
            }
            turns_.waiting_.pop_front();
            if (!turns_.waiting_.empty()) {
                loop_.resume_soon(turns_.waiting_.front());  // in the next round
            }
        }

     private:
        HandshakeTurns& turns_;
        io::Loop& loop_;
        bool is_waiting_ = false;
    };

    /// `co_await` it before each step.
    [[nodiscard]] Turn take(io::Loop& loop) { return Turn(*this, loop); }
    [[nodiscard]] std::size_t waiting() const { return waiting_.size(); }

 private:
    std::deque<std::coroutine_handle<>> waiting_;  // the first one is due
    std::uint64_t last_round_ = 0;                 // in which a step was done; the loop begins at 1
};

}  // namespace tls
