// Ctrl-C and its kin as a question, so that everything is removed in the ordinary way.
#pragma once

#include <chrono>

namespace proxy::command {

/// Blocks SIGINT, SIGTERM and SIGHUP for this thread and those it starts later, and ignores
/// SIGPIPE (`smilax demo | head`), for its life. Make it first. Children of class Process start
/// with all signals as usual.
class Interrupt {
 public:
    Interrupt();
    ~Interrupt();
    Interrupt(const Interrupt&) = delete;
    Interrupt& operator=(const Interrupt&) = delete;

    /// True from the first such signal on.
    [[nodiscard]] bool is_pending() { return wait_for(std::chrono::milliseconds{0}); }
    /// Waits at most this long; returns at once when one came.
    [[nodiscard]] bool wait_for(std::chrono::milliseconds time);

 private:
    bool was_seen_ = false;
};

}  // namespace proxy::command
