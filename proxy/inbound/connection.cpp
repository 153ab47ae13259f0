#include "proxy/inbound/connection.hpp"

#include "proxy/inbound/http.hpp"
#include "proxy/inbound/shared.hpp"
#include "proxy/inbound/tcp.hpp"
#include "proxy/net/detect.hpp"
#include "proxy/net/socket.hpp"
#include "telemetry/log.hpp"

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

/// mTLS, server side: on success the connection goes on inside it and knows its peer.
io::Awaitable<Result<tls::Alpn>> accept_mtls(Connection& connection) {
    WorkerContext& worker = connection.context.worker;
    if (worker.tls == nullptr) {
        co_return Failure{Reason::not_ready, Side::ours, "there is no valid identity of our own"};
    }
    tls::Stream stream(std::move(connection.stream.socket()));
    connection.deadline.watch(&stream.socket());
    connection.deadline.arm(
        worker.configuration.limits.handshake_ms_max, Reason::tls_handshake_failed
    );
    const std::string early(connection.buffer.data());
    const tls::Accepting accepting{
        worker.configuration.clients_of(connection.pod_port), connection.pod_port
    };
    auto peer = co_await stream.accept(worker.tls, early, accepting);
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

/// What comes by itself or, where the client said nothing about it, inside its TLS. TLS inside TLS
/// is bytes.
io::Awaitable<void> serve_protocol(Connection& connection, net::Protocol protocol) {
    if (protocol == net::Protocol::http1 && !is_declared_opaque(connection)) {
        co_await serve_http(connection);
    } else {
        co_await serve_tcp(connection);
    }
}

io::Awaitable<void> serve_detected(Connection& connection) {
    const Limits& limits = connection.context.worker.configuration.limits;
    auto protocol =
        co_await net::detect(connection.stream, connection.buffer, connection.deadline, limits);
    if (protocol.has_value()) {
        co_await serve_protocol(connection, *protocol);
    }
}

io::Awaitable<void> serve_mtls(Connection& connection) {
    auto alpn = co_await accept_mtls(connection);
    if (alpn.has_error()) {
        count_error(connection.context, alpn.error().reason);
        co_return;
    }
    switch (*alpn) {
        case tls::Alpn::mux:
            co_await serve_shared(connection);
            co_return;
        case tls::Alpn::http1:
        case tls::Alpn::standard_http1:
            co_await serve_protocol(connection, net::Protocol::http1);
            co_return;
        case tls::Alpn::standard:
            co_await serve_detected(connection);
            co_return;
        case tls::Alpn::tcp:
        case tls::Alpn::h2:
        case tls::Alpn::none:
            co_await serve_tcp(connection);
    }
}

/// Whether the TLS that a client begins is ours to answer, not the application's.
bool is_ours_to_answer(const Connection& connection, net::Protocol protocol) {
    const auto clients = connection.context.worker.configuration.clients_of(connection.pod_port);
    return protocol == net::Protocol::mesh_tls ||
           (protocol == net::Protocol::foreign_tls && clients == tls::Clients::standard);
}

/// The client sees its connection close in the middle of a handshake: who looks for the reason
/// finds it here.
void tell_of_foreign_tls(Connection& connection) {
    WorkerContext& worker = connection.context.worker;
    const bool is_refused =
        worker.snapshot != nullptr &&
        (*worker.snapshot)->mtls_mode(connection.pod_port) == policy::MtlsMode::strict &&
        worker.configuration.clients_of(connection.pod_port) == tls::Clients::mesh;
    if (!is_refused || !connection.context.foreign_tls_lines.take(worker.clock.now())) {
        return;
    }
    telemetry::log(
        telemetry::LogLevel::warning,
        fmt::format(
            "TLS of a client that is no sidecar, {}, came to port {}, which is strict; "
            "policy.ports: [{{port: {}, clients: standard}}] would answer it{}",
            connection.peer_address ? connection.peer_address->text() : "from somewhere",
            connection.pod_port,
            connection.pod_port,
            connection.context.foreign_tls_lines.take_skipped_text()
        )
    );
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
    if (*protocol == net::Protocol::foreign_tls) {
        tell_of_foreign_tls(connection);
    }
    if (is_ours_to_answer(connection, *protocol)) {
        co_await serve_mtls(connection);
    } else {
        co_await serve_protocol(connection, *protocol);
    }
}

}  // namespace proxy::inbound
