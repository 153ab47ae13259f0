// The coroutine type of the data path: lazy, single-threaded, without exceptions.
#pragma once

#include "io/frame_memory.hpp"

#include <coroutine>
#include <cstddef>
#include <exception>
#include <optional>
#include <utility>

namespace io {

template <class T>
class Awaitable;

namespace detail {

struct PromiseBase {
    std::coroutine_handle<> caller;

    /// Hands control to whoever awaits, without growing the stack.
    struct Return {
        [[nodiscard]] bool await_ready() const noexcept { return false; }
        template <class Promise>
        std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> self) const noexcept {
            return self.promise().caller;
        }
        void await_resume() const noexcept {}
    };

    static void* operator new(std::size_t bytes) { return allocate_frame(bytes); }
    static void operator delete(void* frame, std::size_t bytes) { free_frame(frame, bytes); }
    [[nodiscard]] std::suspend_always initial_suspend() const noexcept { return {}; }
    [[nodiscard]] Return final_suspend() const noexcept { return {}; }
    /// Nothing on the data path throws: an exception is a bug or exhausted memory.
    [[noreturn]] void unhandled_exception() const noexcept { std::terminate(); }
};

template <class T>
struct Promise : PromiseBase {
    std::optional<T> value;

    [[nodiscard]] Awaitable<T> get_return_object() noexcept;
    template <class U = T>
    void return_value(U&& returned) {
        value.emplace(std::forward<U>(returned));
    }
    [[nodiscard]] T take() { return std::move(*value); }
};

template <>
struct Promise<void> : PromiseBase {
    [[nodiscard]] Awaitable<void> get_return_object() noexcept;
    void return_void() const noexcept {}
    void take() const noexcept {}
};

}  // namespace detail

/// A call of a coroutine. It begins when it is awaited, once; destroying it destroys its frame
/// and, with that, everything that the frame awaits.
template <class T>
class [[nodiscard]] Awaitable {
 public:
    using promise_type = detail::Promise<T>;

    explicit Awaitable(std::coroutine_handle<promise_type> frame) noexcept : frame_(frame) {}
    Awaitable(Awaitable&& other) noexcept : frame_(std::exchange(other.frame_, {})) {}
    Awaitable& operator=(Awaitable&&) = delete;
    ~Awaitable() {
        if (frame_) {
            frame_.destroy();
        }
    }

    [[nodiscard]] bool await_ready() const noexcept { return false; }
    std::coroutine_handle<> await_suspend(std::coroutine_handle<> caller) noexcept {
        frame_.promise().caller = caller;
        return frame_;
    }
    T await_resume() { return frame_.promise().take(); }

 private:
    std::coroutine_handle<promise_type> frame_;
};

namespace detail {

template <class T>
Awaitable<T> Promise<T>::get_return_object() noexcept {
    return Awaitable<T>(std::coroutine_handle<Promise>::from_promise(*this));
}

inline Awaitable<void> Promise<void>::get_return_object() noexcept {
    return Awaitable<void>(std::coroutine_handle<Promise>::from_promise(*this));
}

}  // namespace detail
}  // namespace io
