// The event loop of one thread: edge-triggered epoll, coroutines, and posts from other threads.
#pragma once

#include "io/awaitable.hpp"
#include "io/descriptor.hpp"

#include <boost/intrusive/list.hpp>

#include <atomic>
#include <chrono>
#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

namespace io {

/// Made, run and destroyed by one thread at a time; post() and stop() are for all. Why not Asio's:
/// it asks each socket once in vain after each read and the kernel once after each write
/// (bench/README.md has the counts).
class Loop {
 public:
    /// Throws std::system_error when the kernel gives no epoll or event descriptor.
    Loop();
    /// Destroys the frames of all coroutines that have not ended, the newest first.
    ~Loop();
    Loop(const Loop&) = delete;
    Loop& operator=(const Loop&) = delete;

    /// Until stop().
    void run();
    /// One round: waits at most `wait_max` for something to happen and does it. True when anything
    /// was done.
    bool run_once(std::chrono::milliseconds wait_max);
    void stop() noexcept;
    /// Calls `function` on the loop's thread, in the order of the posts.
    void post(std::function<void()> function);
    /// Runs `coroutine` on its own, from the next round on. Whatever it uses outlives it: frames
    /// that are left die with the loop.
    void spawn(Awaitable<void> coroutine);

    /// Of spawned coroutines, those that have not ended.
    [[nodiscard]] std::size_t running() const { return roots_.size(); }

    /// `co_await loop.sleep(time)`.
    class Sleep;
    [[nodiscard]] Sleep sleep(std::chrono::milliseconds time);

    /// Of run_once, counted: 1 in the first.
    [[nodiscard]] std::uint64_t round() const noexcept { return round_; }

    // --- For descriptors and events of this loop ---

    /// Resumes `coroutine` in this round or the next.
    void resume_soon(std::coroutine_handle<> coroutine) { ready_.push_back(coroutine); }
    /// The error of epoll_ctl.
    [[nodiscard]] Error add(Descriptor& descriptor) noexcept;
    void attempt_again(Descriptor& descriptor) { yielding_.push_back(&descriptor); }
    /// Closes it; what waits for it ends with operation_aborted.
    void retire(std::unique_ptr<Descriptor> descriptor) noexcept;
    /// The running coroutine waits for the next round at its next operation. For those that move
    /// bulk: several pieces in a row of one connection cost a quarter more of the kernel's time,
    /// because its reader, on another core, wants the same socket (bench/README.md).
    void end_turn() noexcept { budget_ = 0; }
    /// False when the running coroutine has had its share of this round and is to wait for the
    /// next, although it could go on: no connection may keep the others waiting.
    [[nodiscard]] bool may_go_on() noexcept {
        if (budget_ == 0) {
            return false;
        }
        --budget_;
        return true;
    }

 private:
    struct Root;
    friend struct Root;
    using Hook = boost::intrusive::list_base_hook<
        boost::intrusive::link_mode<boost::intrusive::auto_unlink>>;
    struct RootHook : Hook {
        std::coroutine_handle<> frame;
    };
    using Roots = boost::intrusive::list<RootHook, boost::intrusive::constant_time_size<false>>;
    static Root run_root(Loop& loop, Awaitable<void> coroutine);

    [[nodiscard]] int wait_ms(std::chrono::milliseconds wait_max) const;
    bool run_posted();
    bool run_sleepers();
    bool run_yielding();
    bool run_ready();
    void resume(std::coroutine_handle<> coroutine);
    void begin_turn() noexcept;

    int epoll_ = -1;
    int wakeup_ = -1;
    std::uint64_t round_ = 0;
    std::uint32_t budget_ = 0;
    std::atomic<bool> is_stopped_{false};
    // Each with the list that is being worked off, which keeps its memory.
    std::vector<std::coroutine_handle<>> ready_;
    std::vector<std::coroutine_handle<>> running_ready_;
    std::vector<Descriptor*> yielding_;
    std::vector<Descriptor*> running_yielding_;
    std::vector<std::unique_ptr<Descriptor>> retired_;
    std::vector<Sleep*> sleepers_;  // few: back-offs and ticks
    Roots roots_;
    std::mutex mutex_;
    std::vector<std::function<void()>> posted_;  // under mutex_
};

/// In the frame of whoever sleeps.
class Loop::Sleep {
 public:
    Sleep(Loop& loop, std::chrono::steady_clock::time_point until) : loop_(loop), until_(until) {}
    Sleep(const Sleep&) = delete;
    Sleep& operator=(const Sleep&) = delete;
    ~Sleep();

    [[nodiscard]] bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> coroutine);
    void await_resume() const noexcept {}

 private:
    friend class Loop;
    Loop& loop_;
    std::chrono::steady_clock::time_point until_;
    std::coroutine_handle<> coroutine_;
};

}  // namespace io
