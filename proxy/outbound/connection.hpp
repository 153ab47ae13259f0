// A connection that our application opened, from accept to close.
#pragma once

#include "io/socket.hpp"
#include "policy/address.hpp"
#include "proxy/net/buffer.hpp"
#include "proxy/net/deadline.hpp"
#include "proxy/net/stream.hpp"
#include "proxy/worker_context.hpp"

#include <optional>

namespace proxy::outbound {

/// One accepted connection; lives in the frame of serve_connection, everything else refers to it.
struct Connection {
    WorkerContext& worker;
    net::Stream stream;
    net::Buffer buffer;
    net::Deadline deadline;
    /// Where a redirected connection was going; empty when the application addressed us.
    std::optional<policy::SocketAddress> destination;
};

/// Runs until the connection is over; leaving it closes everything. `listen_port` is our
/// listener's: a redirected connection to one of our own addresses at that port is a loop.
[[nodiscard]] io::Awaitable<void> serve_connection(
    WorkerContext& worker, io::Socket socket, std::uint16_t listen_port
);

}  // namespace proxy::outbound
