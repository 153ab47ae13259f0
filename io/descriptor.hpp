// One file descriptor in a loop's epoll set, and who waits for it.
#pragma once

#include "io/error.hpp"

#include <coroutine>
#include <cstdint>

namespace io {

class Loop;

/// Something that is tried again each time its descriptor may have become ready. It lives in the
/// frame of the coroutine that awaits it.
class Waiter {
 public:
    Waiter() = default;
    Waiter(const Waiter&) = delete;
    Waiter& operator=(const Waiter&) = delete;

    /// Tries without waiting. True when it came to a result, be it an error.
    virtual bool attempt() = 0;
    /// The result is operation_aborted.
    virtual void abort() noexcept = 0;

    std::coroutine_handle<> coroutine;

 protected:
    ~Waiter() = default;
};

/// Registered once, for all edges: no re-arming. The edge says "maybe"; what an attempt found since
/// then (`is_readable`, `is_writable`) is remembered here, so that nothing is asked twice.
/// Its loop deletes it, after the events that may still point to it.
class Descriptor {
 public:
    enum class Side : std::uint8_t { read, write };
    static constexpr int k_closed = -1;
    static constexpr int k_none = -2;  // readiness comes from wake() instead of the kernel

    Descriptor(Loop& loop_of_descriptor, int fd_of_descriptor)
        : loop(loop_of_descriptor), fd(fd_of_descriptor) {}

    /// `waiter` is attempted on the next edge, or in the next round when `is_yielding`.
    void wait(Side side, Waiter& waiter, bool is_yielding);
    /// `waiter` dies while it waits: its coroutine was destroyed.
    void forget(Side side, Waiter& waiter) noexcept;
    /// What waits ends with operation_aborted, later in this round.
    void cancel() noexcept;
    void on_events(std::uint32_t epoll_events);
    /// Both sides may be ready, or only the writing one: what waits is attempted in this round or
    /// the next.
    void wake();
    void wake_writer();
    /// What waits is attempted once more, though nothing new is known.
    void attempt_waiting();

    Loop& loop;
    int fd;
    bool is_readable = false;  // until told by an edge
    bool is_writable = true;   // until a write falls short
    bool has_hung_up = false;  // FIN, reset or error: a short read is not the last
    bool is_yielding = false;  // in the loop's list of those to be attempted again

 private:
    void attempt_soon();
    void run(Waiter*& slot);
    void abort(Waiter*& slot) noexcept;

    Waiter* reader_ = nullptr;
    Waiter* writer_ = nullptr;
};

}  // namespace io
