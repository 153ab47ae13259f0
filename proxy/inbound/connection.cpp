#include "proxy/inbound/connection.hpp"

#include "proxy/inbound/http.hpp"
#include "proxy/inbound/shared.hpp"
#include "proxy/inbound/tcp.hpp"
#include "proxy/net/detect.hpp"
#include "proxy/net/socket.hpp"

#include <fmt/format.h>

#include <chrono>
#include <utility>

namespace proxy::inbound {

namespace {

using policy::Reason;

void count_error(InboundContext& context, Reason reason) {
    context.worker.sheet.on_error(telemetry::Direction::inbound, false, to_string(reason));
}

/// Where the connection was going. False: to our own listener, which would lead back to us.
bool set_destination(Connection& connection, const ListenerFacts& listener) {
    if (listener.application.has_value()) {
        connection.pod_port = listener.pod_port;
        connection.application = *listener.application;
        return true;
    }
    const auto original = net::original_destination(connection.stream.socket());
    if (!original.has_value() || original->port == listener.pod_port) {
        return false;
    }
    connection.pod_port = original->port;
    connection.application = *original;
    connection.is_redirected = true;
    return true;
}

/// Our mTLS, server side: on success the connection goes on inside it and knows its peer.
io::Awaitable<Result<tls::Alpn>> accept_mesh(Connection& connection) {
    WorkerContext& worker = connection.context.worker;
    if (worker.tls == nullptr) {
        co_return Failure{Reason::not_ready, Side::ours, "no identity of our own is loaded yet"};
    }
    tls::Stream stream(std::move(connection.stream.socket()));
    connection.deadline.watch(&stream.socket());
    connection.deadline.arm(
        worker.configuration.limits.handshake_ms_max, Reason::tls_handshake_failed
    );
    const std::string early(connection.buffer.data());
    auto peer = co_await stream.accept(worker.tls, early);
    connection.deadline.disarm();
    const tls::HandshakeFailure why = stream.handshake_failure();
    connection.stream = net::Stream(std::move(stream));
    connection.deadline.watch(&connection.stream.socket());
    connection.buffer.consume(early.size());
    if (peer.has_error()) {
        worker.handshake_failures.add(
            telemetry::Direction::inbound,
            why,
            fmt::format(
                "{} for port {}",
                connection.peer_address ? connection.peer_address->text() : "somewhere",
                connection.pod_port
            ),
            peer.error()
        );
        co_return Failure{Reason::tls_handshake_failed, Side::client, peer.error()};
    }
    connection.peer = peer->identity;
    connection.is_mesh = true;
    co_return peer->alpn;
}

io::Awaitable<void> serve_mesh(Connection& connection) {
    auto alpn = co_await accept_mesh(connection);
    if (alpn.has_error()) {
        count_error(connection.context, alpn.error().reason);
        co_return;
    }
    if (*alpn == tls::Alpn::mux) {
        co_await serve_shared(connection);
    } else if (*alpn == tls::Alpn::http1 && !is_declared_opaque(connection)) {
        co_await serve_http(connection);
    } else {
        co_await serve_tcp(connection);
    }
}

}  // namespace

bool is_declared_opaque(const Connection& connection) {
    const SnapshotPin snapshot = connection.context.worker.snapshot;
    return snapshot != nullptr && (*snapshot)->is_opaque(connection.pod_port);
}

io::Awaitable<void> serve_connection(
    InboundContext& context, io::Socket socket, ListenerFacts listener
) {
    WorkerContext& worker = context.worker;
    const Limits& limits = worker.configuration.limits;
    net::set_no_delay(socket);
    Connection connection{
        context,
        net::Stream(std::move(socket)),
        net::Buffer(limits.buffer_bytes),
        net::Deadline(worker.clock),
        0,
        {},
        false,
        std::nullopt,
        false
    };
    connection.deadline.watch(&connection.stream.socket());
    if (!set_destination(connection, listener)) {
        count_error(context, Reason::loop_refused);
        co_return;
    }
    auto protocol =
        co_await net::detect(connection.stream, connection.buffer, connection.deadline, limits);
    if (protocol.has_error()) {
        co_return;
    }
    switch (*protocol) {
        case net::Protocol::mesh_tls:
            co_await serve_mesh(connection);
            co_return;
        case net::Protocol::http1:
            if (!is_declared_opaque(connection)) {
                co_await serve_http(connection);
                co_return;
            }
            break;
        case net::Protocol::foreign_tls:
        case net::Protocol::http2:
        case net::Protocol::opaque:
        case net::Protocol::silent:
        case net::Protocol::need_more:
            break;
    }
    co_await serve_tcp(connection);
}

}  // namespace proxy::inbound
