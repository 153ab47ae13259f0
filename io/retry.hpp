// An operation that is tried, waits for its descriptor when it has to, and is tried again.
#pragma once

#include "io/descriptor.hpp"
#include "io/loop.hpp"

#include <coroutine>
#include <optional>
#include <utility>

namespace io {

/// `Attempt` is called without arguments and returns std::optional<Result>: nullopt when it has to
/// wait. Result{Error} must be its form of failure. Completes without suspending when the first
/// attempt does and the loop has time left for this coroutine.
/// A closed descriptor (null) gives operation_aborted.
template <class Attempt>
class [[nodiscard]] Retry final : private Waiter {
 public:
    using Result = typename decltype(std::declval<Attempt&>()())::value_type;

    Retry(Descriptor* descriptor, Descriptor::Side side, Attempt attempt)
        : descriptor_(descriptor), side_(side), attempt_(std::move(attempt)) {}
    ~Retry() {
        if (is_waiting_) {
            descriptor_->forget(side_, *this);
        }
    }
    Retry(const Retry&) = delete;
    Retry& operator=(const Retry&) = delete;

    [[nodiscard]] bool await_ready() {
        if (descriptor_ == nullptr) {
            result_.emplace(Result{boost::asio::error::operation_aborted});
            return true;
        }
        is_yielding_ = !descriptor_->loop.may_go_on();
        return !is_yielding_ && try_once();
    }
    void await_suspend(std::coroutine_handle<> caller) {
        coroutine = caller;
        is_waiting_ = true;
        descriptor_->wait(side_, *this, is_yielding_);
    }
    [[nodiscard]] Result await_resume() { return std::move(*result_); }

 private:
    bool try_once() {
        result_ = attempt_();
        return result_.has_value();
    }
    bool attempt() override {
        is_waiting_ = !try_once();
        return !is_waiting_;
    }
    void abort() noexcept override {
        is_waiting_ = false;
        result_.emplace(Result{boost::asio::error::operation_aborted});
    }

    Descriptor* descriptor_;
    Descriptor::Side side_;
    bool is_yielding_ = false;
    bool is_waiting_ = false;
    Attempt attempt_;
    std::optional<Result> result_;
};

}  // namespace io
