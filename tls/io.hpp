// Asio's names as this project uses them: one executor type, one await token, no exceptions.
#pragma once

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/error_code.hpp>

#include <cstddef>

namespace io {

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

/// What a read or write came to: bytes moved, and the error that stopped it (eof at the end).
struct Transfer {
    Error error;
    std::size_t bytes = 0;
};

}  // namespace io
