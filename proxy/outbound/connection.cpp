#include "proxy/outbound/connection.hpp"

#include "proxy/net/detect.hpp"
#include "proxy/net/socket.hpp"
#include "proxy/outbound/http.hpp"
#include "proxy/outbound/tcp.hpp"

#include <algorithm>
#include <utility>

namespace proxy::outbound {

namespace {

using policy::Reason;

bool is_loop(const Connection& connection, std::uint16_t listen_port) {
    if (!connection.destination.has_value() || connection.destination->port != listen_port) {
        return false;
    }
    const auto& own = connection.worker.local_addresses;
    return connection.destination->ip.is_loopback() ||
           std::find(own.begin(), own.end(), connection.destination->ip) != own.end();
}

/// Protocols of a Service's port that are declared opaque are not sniffed.
bool is_declared_opaque(const Connection& connection) {
    const SnapshotPin snapshot = connection.worker.snapshot;
    if (snapshot == nullptr || !connection.destination.has_value()) {
        return false;
    }
    policy::TcpRouteFacts facts;
    facts.destination = *connection.destination;
    const policy::Route route = policy::route_tcp(**snapshot, facts);
    return route.service != nullptr && route.service->opaque;
}

}  // namespace

io::Awaitable<void> serve_connection(
    WorkerContext& worker, io::Socket socket, std::uint16_t listen_port
) {
    const Limits& limits = worker.configuration.limits;
    net::set_no_delay(socket);
    const auto destination = net::original_destination(socket);
    Connection connection{
        worker,
        net::Stream(std::move(socket)),
        net::Buffer(limits.buffer_bytes),
        net::Deadline(worker.clock),
        destination
    };
    connection.deadline.watch(&connection.stream.socket());
    if (is_loop(connection, listen_port)) {
        worker.sheet.on_error(
            telemetry::Direction::outbound, false, to_string(Reason::loop_refused)
        );
        co_return;
    }
    if (is_declared_opaque(connection)) {
        co_await serve_tcp(connection);
        co_return;
    }
    auto protocol =
        co_await net::detect(connection.stream, connection.buffer, connection.deadline, limits);
    if (protocol.has_error()) {
        co_return;
    }
    if (*protocol == net::Protocol::http1) {
        co_await serve_http(connection);
    } else {
        co_await serve_tcp(connection);
    }
}

}  // namespace proxy::outbound
