#include "bench/load/poller.hpp"

#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <ctime>
#include <system_error>

namespace bench::load {

Poller::Poller() : descriptor_(epoll_create1(EPOLL_CLOEXEC)) {
    if (descriptor_ < 0) {
        throw std::system_error(errno, std::generic_category(), "epoll");
    }
    // The kernel wakes us up to 50 µs late unless asked not to: an open loop would count that.
    prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL);
}

Poller::~Poller() {
    close(descriptor_);
}

bool Poller::watch(int descriptor, Slot* slot) {
    epoll_event event{};
    event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
    event.data.ptr = slot;
    return epoll_ctl(descriptor_, EPOLL_CTL_ADD, descriptor, &event) == 0;
}

void Poller::remind(Instant at, Slot* slot) {
    reminders_.push({at, slot});
}

std::span<const epoll_event> Poller::wait(Instant until) {
    if (!reminders_.empty()) {
        until = std::min(until, reminders_.top().at);
    }
    const auto left = std::max(until - Clock::now(), Clock::duration::zero());
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(left);
    const timespec timeout{
        .tv_sec = seconds.count(),
        .tv_nsec = std::chrono::duration_cast<Nanoseconds>(left - seconds).count(),
    };
    const int count = epoll_pwait2(
        descriptor_, events_.data(), static_cast<int>(events_.size()), &timeout, nullptr
    );
    if (count < 0 && errno != EINTR) {
        throw std::system_error(errno, std::generic_category(), "epoll_pwait2");
    }
    return std::span(events_).first(static_cast<std::size_t>(std::max(count, 0)));
}

std::optional<Slot*> Poller::take_due(Instant now) {
    if (reminders_.empty() || reminders_.top().at > now) {
        return std::nullopt;
    }
    Slot* slot = reminders_.top().slot;
    reminders_.pop();
    return slot;
}

}  // namespace bench::load
