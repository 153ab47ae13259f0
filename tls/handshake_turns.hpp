// Handshakes take turns: a thousand at once must not keep everybody else waiting.
#pragma once

#include "io/loop.hpp"

#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <deque>

namespace tls {

/// One step of a handshake takes 0.2 to 0.5 ms, a hundred times what a request takes. So few are
/// done in a round of the loop, however many are due, and what is established goes on in between
/// (performance.md §3). Not just one: a round of a busy worker may take milliseconds, and then
/// those who come must get in as well. Who waits is served in order of arrival. Used on one
/// thread; frames that wait die with the loop, after which nobody asks any more.
class HandshakeTurns {
 public:
    /// Of those that wait; as many may come to it in that round without waiting.
    static constexpr std::size_t k_steps_per_round = 4;

    class Turn {
     public:
        Turn(HandshakeTurns& turns, io::Loop& loop) : turns_(turns), loop_(loop) {}
        [[nodiscard]] bool await_ready() const noexcept {
            return turns_.waiting_.empty() &&
                   (turns_.last_round_ != loop_.round() || turns_.steps_ < k_steps_per_round);
        }
        void await_suspend(std::coroutine_handle<> coroutine) {
            turns_.waiting_.push_back(coroutine);
            is_waiting_ = true;
            turns_.call_next(loop_);
        }
        void await_resume() {
            if (is_waiting_) {
                turns_.waiting_.pop_front();
                --turns_.called_;
                turns_.call_next(loop_);  // in the next round
                return;
            }
            turns_.steps_ = turns_.last_round_ == loop_.round() ? turns_.steps_ + 1 : 1;
            turns_.last_round_ = loop_.round();
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
    void call_next(io::Loop& loop) {
        if (called_ < k_steps_per_round && called_ < waiting_.size()) {
            loop.resume_soon(waiting_[called_]);
            ++called_;
        }
    }

    std::deque<std::coroutine_handle<>> waiting_;
    std::size_t called_ = 0;        // of the first in waiting_, how many are about to be resumed
    std::uint64_t last_round_ = 0;  // in which somebody did not wait; the loop begins at 1
    std::size_t steps_ = 0;         // of these, in that round
};

}  // namespace tls
