#include "io/descriptor.hpp"

#include "io/loop.hpp"

#include <sys/epoll.h>

#include <cassert>
#include <utility>

namespace io {

void Descriptor::wait(Side side, Waiter& waiter, bool yields) {
    Waiter*& slot = side == Side::read ? reader_ : writer_;
    assert(slot == nullptr);  // one reader and one writer
    slot = &waiter;
    if (yields) {
        attempt_soon();
    }
}

void Descriptor::attempt_soon() {
    if (!is_yielding) {
        is_yielding = true;
        loop.attempt_again(*this);
    }
}

void Descriptor::wake() {
    is_readable = true;
    is_writable = true;
    if (reader_ != nullptr || writer_ != nullptr) {
        attempt_soon();
    }
}

void Descriptor::wake_writer() {
    is_writable = true;
    if (writer_ != nullptr) {
        attempt_soon();
    }
}

void Descriptor::forget(Side side, Waiter& waiter) noexcept {
    Waiter*& slot = side == Side::read ? reader_ : writer_;
    if (slot == &waiter) {
        slot = nullptr;
    }
}

void Descriptor::cancel() noexcept {
    abort(reader_);
    abort(writer_);
}

void Descriptor::on_events(std::uint32_t epoll_events) {
    constexpr std::uint32_t k_broken = EPOLLERR | EPOLLHUP;
    has_hung_up = has_hung_up || (epoll_events & (k_broken | EPOLLRDHUP)) != 0;
    if ((epoll_events & (EPOLLIN | EPOLLRDHUP | k_broken)) != 0) {
        is_readable = true;
        run(reader_);
    }
    if ((epoll_events & (EPOLLOUT | k_broken)) != 0) {
        is_writable = true;
        run(writer_);
    }
}

void Descriptor::attempt_waiting() {
    run(reader_);
    run(writer_);
}

void Descriptor::run(Waiter*& slot) {
    if (slot != nullptr && slot->attempt()) {
        std::exchange(slot, nullptr)->coroutine.resume();
    }
}

void Descriptor::abort(Waiter*& slot) noexcept {
    if (slot != nullptr) {
        Waiter* const waiter = std::exchange(slot, nullptr);
        waiter->abort();
        loop.resume_soon(waiter->coroutine);
    }
}

}  // namespace io
