// Asio's names as the control thread and the demo use them: one executor type, one await token, no
// exceptions. The data path has its own loop (io/), see there.
#pragma once

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/error_code.hpp>

#include <chrono>
#include <exception>
#include <utility>

namespace proxy::control::aio {

using Executor = boost::asio::io_context::executor_type;
template <class T>
using Awaitable = boost::asio::awaitable<T, Executor>;
/// `auto [error, n] = co_await socket.async_read_some(buffer, k_await);`
inline constexpr boost::asio::as_tuple_t<boost::asio::use_awaitable_t<Executor>> k_await{
    boost::asio::use_awaitable_t<Executor>{}
};
using Socket = boost::asio::basic_stream_socket<boost::asio::ip::tcp, Executor>;
using Acceptor = boost::asio::basic_socket_acceptor<boost::asio::ip::tcp, Executor>;
using Endpoint = boost::asio::ip::tcp::endpoint;
using Error = boost::system::error_code;
using Timer = boost::asio::basic_waitable_timer<
    std::chrono::steady_clock,
    boost::asio::wait_traits<std::chrono::steady_clock>,
    Executor>;

/// Runs `coroutine` on `executor`. Nothing there throws, so an exception is a bug (or exhausted
/// memory) and ends the process.
inline void spawn(const Executor& executor, Awaitable<void> coroutine) {
    boost::asio::co_spawn(executor, std::move(coroutine), [](const std::exception_ptr& exception) {
        if (exception) {
            std::terminate();
        }
    });
}

/// A one-shot signal between two coroutines. set() may come before or after wait(); one waiter.
class Event {
 public:
    explicit Event(const Executor& executor)
        : timer_(executor, std::chrono::steady_clock::time_point::max()) {}

    void set() {
        is_set_ = true;
        timer_.cancel();
    }
    [[nodiscard]] Awaitable<void> wait() {
        while (!is_set_) {
            co_await timer_.async_wait(k_await);
        }
    }

 private:
    Timer timer_;
    bool is_set_ = false;
};

}  // namespace proxy::control::aio
