#include "io/loop.hpp"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <system_error>
#include <utility>

namespace io {

namespace {

constexpr int k_events_max = 256;
/// How many reads and writes one resumption may do without waiting: enough for a request in a few
/// records, few enough that bulk transfers take turns.
constexpr std::uint32_t k_turn_operations_max = 16;

[[noreturn]] void throw_errno(const char* what) {
    throw std::system_error(errno, std::generic_category(), what);
}

}  // namespace

/// The outermost frame of a spawned coroutine. It destroys itself at the end.
struct Loop::Root {
    struct Promise : RootHook {
        Promise(Loop& loop, Awaitable<void>&) {
            frame = std::coroutine_handle<Promise>::from_promise(*this);
            loop.roots_.push_front(*this);
        }
        static void* operator new(std::size_t bytes) { return allocate_frame(bytes); }
        static void operator delete(void* memory, std::size_t bytes) { free_frame(memory, bytes); }
        [[nodiscard]] Root get_return_object() const noexcept { return {frame}; }
        [[nodiscard]] std::suspend_always initial_suspend() const noexcept { return {}; }
        [[nodiscard]] std::suspend_never final_suspend() const noexcept { return {}; }
        void return_void() const noexcept {}
        [[noreturn]] void unhandled_exception() const noexcept { std::terminate(); }
    };
    using promise_type = Promise;

    std::coroutine_handle<> frame;
};

Loop::Root Loop::run_root(Loop&, Awaitable<void> coroutine) {
    co_await std::move(coroutine);
}

Loop::Loop() {
    epoll_ = ::epoll_create1(EPOLL_CLOEXEC);
    if (epoll_ < 0) {
        throw_errno("epoll_create1");
    }
    wakeup_ = ::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    epoll_event event{};
    event.events = EPOLLIN | EPOLLET;
    event.data.ptr = nullptr;
    if (wakeup_ < 0 || ::epoll_ctl(epoll_, EPOLL_CTL_ADD, wakeup_, &event) != 0) {
        throw_errno("eventfd");
    }
}

Loop::~Loop() {
    while (!roots_.empty()) {
        roots_.front().frame.destroy();  // unlinks itself
    }
    ::close(wakeup_);
    ::close(epoll_);
}

void Loop::run() {
    while (!is_stopped_.load(std::memory_order_relaxed)) {
        run_once(std::chrono::hours(1));
    }
}

bool Loop::run_once(std::chrono::milliseconds wait_max) {
    ++round_;
    std::array<epoll_event, k_events_max> events;
    const int count = ::epoll_wait(epoll_, events.data(), k_events_max, wait_ms(wait_max));
    bool did_something = false;
    bool was_woken = false;
    for (int i = 0; i < count; ++i) {
        const epoll_event& event = events[static_cast<std::size_t>(i)];
        if (event.data.ptr == nullptr) {
            was_woken = true;
            continue;
        }
        auto& descriptor = *static_cast<Descriptor*>(event.data.ptr);
        if (descriptor.fd != Descriptor::k_closed) {
            begin_turn();
            descriptor.on_events(event.events);
            did_something = true;
        }
    }
    did_something = run_yielding() || did_something;
    did_something = (was_woken && run_posted()) || did_something;
    did_something = run_sleepers() || did_something;
    did_something = run_ready() || did_something;
    retired_.clear();
    return did_something;
}

int Loop::wait_ms(std::chrono::milliseconds wait_max) const {
    if (!ready_.empty() || !yielding_.empty()) {
        return 0;
    }
    if (!sleepers_.empty()) {
        const auto first = std::ranges::min_element(sleepers_, {}, &Sleep::until_);
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(
            (*first)->until_ - std::chrono::steady_clock::now()
        );
        wait_max = std::clamp(left, std::chrono::milliseconds(0), wait_max);
    }
    return static_cast<int>(wait_max.count());
}

bool Loop::run_posted() {
    std::uint64_t ignored = 0;
    [[maybe_unused]] const auto emptied = ::read(wakeup_, &ignored, sizeof ignored);
    std::vector<std::function<void()>> posted;
    {
        const std::lock_guard lock(mutex_);
        posted.swap(posted_);
    }
    for (const auto& function : posted) {
        begin_turn();
        function();
    }
    return !posted.empty();
}

bool Loop::run_sleepers() {
    if (sleepers_.empty()) {
        return false;
    }
    const auto now = std::chrono::steady_clock::now();
    const auto due = std::partition(sleepers_.begin(), sleepers_.end(), [now](const Sleep* sleep) {
        return sleep->until_ > now;
    });
    const bool did_something = due != sleepers_.end();
    std::for_each(due, sleepers_.end(), [this](Sleep* sleep) {
        resume_soon(std::exchange(sleep->coroutine_, {}));
    });
    sleepers_.erase(due, sleepers_.end());
    return did_something;
}

bool Loop::run_yielding() {
    if (yielding_.empty()) {
        return false;
    }
    running_yielding_.swap(yielding_);
    for (Descriptor* descriptor : running_yielding_) {
        descriptor->is_yielding = false;
        if (descriptor->fd != Descriptor::k_closed) {
            begin_turn();
            descriptor->attempt_waiting();
        }
    }
    running_yielding_.clear();
    return true;
}

bool Loop::run_ready() {
    if (ready_.empty()) {
        return false;
    }
    running_ready_.swap(ready_);
    for (const auto coroutine : running_ready_) {
        resume(coroutine);
    }
    running_ready_.clear();
    return true;
}

void Loop::resume(std::coroutine_handle<> coroutine) {
    begin_turn();
    coroutine.resume();
}

void Loop::begin_turn() noexcept {
    budget_ = k_turn_operations_max;
}

void Loop::stop() noexcept {
    is_stopped_.store(true, std::memory_order_relaxed);
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto written = ::write(wakeup_, &one, sizeof one);
}

void Loop::post(std::function<void()> function) {
    {
        const std::lock_guard lock(mutex_);
        posted_.push_back(std::move(function));
    }
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto written = ::write(wakeup_, &one, sizeof one);
}

void Loop::spawn(Awaitable<void> coroutine) {
    resume_soon(run_root(*this, std::move(coroutine)).frame);
}

Loop::Sleep Loop::sleep(std::chrono::milliseconds time) {
    return Sleep(*this, std::chrono::steady_clock::now() + time);
}

Error Loop::add(Descriptor& descriptor) noexcept {
    epoll_event event{};
    event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
    event.data.ptr = &descriptor;
    if (::epoll_ctl(epoll_, EPOLL_CTL_ADD, descriptor.fd, &event) != 0) {
        return system_error(errno);
    }
    return {};
}

void Loop::retire(std::unique_ptr<Descriptor> descriptor) noexcept {
    descriptor->cancel();
    const int fd = std::exchange(descriptor->fd, Descriptor::k_closed);
    if (fd >= 0) {
        ::close(fd);  // which takes it out of the epoll set
    }
    if (descriptor->is_yielding) {
        std::erase(yielding_, descriptor.get());
    }
    retired_.push_back(std::move(descriptor));
}

Loop::Sleep::~Sleep() {
    if (coroutine_) {
        std::erase(loop_.sleepers_, this);
    }
}

void Loop::Sleep::await_suspend(std::coroutine_handle<> coroutine) {
    coroutine_ = coroutine;
    loop_.sleepers_.push_back(this);
}

}  // namespace io
