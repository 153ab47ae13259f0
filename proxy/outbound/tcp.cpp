#include "proxy/outbound/tcp.hpp"

#include "policy/route.hpp"
#include "proxy/net/relay.hpp"
#include "proxy/outbound/choice.hpp"
#include "proxy/upstream/connector.hpp"
#include "telemetry/log.hpp"
#include "telemetry/tcp_record.hpp"

#include <fmt/format.h>

namespace proxy::outbound {

namespace {

/// Where the connection goes; without an original destination raw bytes have none.
Result<Choice> route_connection(const Connection& connection) {
    WorkerContext& worker = connection.worker;
    const SnapshotPin& snapshot = worker.snapshot;
    if (snapshot == nullptr) {
        return Failure{Reason::not_ready, Side::ours, "no resources are loaded yet"};
    }
    if (!connection.destination.has_value()) {
        return Failure{Reason::unknown_service, Side::ours, "raw bytes name no destination"};
    }
    policy::TcpRouteFacts facts;
    facts.destination = *connection.destination;
    return choose(worker, **snapshot, policy::route_tcp(**snapshot, facts), connection.destination);
}

void count_failure(WorkerContext& worker, const Failure& failure) {
    worker.sheet.on_error(telemetry::Direction::outbound, false, to_string(failure.reason));
    telemetry::log(
        telemetry::LogLevel::debug,
        fmt::format(
            "outbound connection refused: {}: {}",
            to_string(failure.reason),
            telemetry::escaped(failure.cause)
        )
    );
}

/// Connects to one endpoint after another, as far as that may help.
io::Awaitable<Result<net::Stream>> connect_any(
    WorkerContext& worker, const policy::Snapshot& snapshot, Choice& choice
) {
    const auto environment = worker.connect_environment();
    const std::size_t attempts = attempts_max(choice);
    std::size_t attempt = 1;
    upstream::Target target = target_of(choice);
    auto stream = co_await upstream::connect(environment, target, tls::Alpn::tcp);
    while (stream.has_error() && attempt < attempts) {
        ++attempt;
        choice = choose_again(worker, snapshot, choice);
        target = target_of(choice);
        stream = co_await upstream::connect(environment, target, tls::Alpn::tcp);
    }
    co_return stream;
}

}  // namespace

io::Awaitable<void> serve_tcp(Connection& connection) {
    WorkerContext& worker = connection.worker;
    const Limits& limits = worker.configuration.limits;
    const SnapshotPin snapshot = worker.snapshot;
    auto choice = route_connection(connection);
    if (choice.has_error()) {
        count_failure(worker, choice.error());
        co_return;
    }
    auto stream = co_await connect_any(worker, **snapshot, *choice);
    if (stream.has_error()) {
        count_failure(worker, stream.error());
        co_return;
    }
    telemetry::TcpRecord accepted(
        worker.sheet, worker.sheet.tcp(tcp_labels(*choice, telemetry::PeerLabel::src))
    );
    telemetry::TcpRecord connected(
        worker.sheet, worker.sheet.tcp(tcp_labels(*choice, telemetry::PeerLabel::dst))
    );
    net::Deadline deadline(worker.clock);
    deadline.watch(&stream->socket());
    net::Buffer buffer(limits.buffer_bytes);
    net::RelayEnd client{connection.stream, connection.buffer, connection.deadline};
    net::RelayEnd upstream{*stream, buffer, deadline};
    const auto broken = co_await net::relay(client, upstream, limits);
    if (const tls::Stream* const tls = stream->tls()) {
        upstream::report_late_refusal(worker.handshake_failures, target_of(*choice).address, *tls);
    }
    accepted.on_bytes(client.traffic.read_bytes, client.traffic.written_bytes);
    connected.on_bytes(upstream.traffic.read_bytes, upstream.traffic.written_bytes);
    if (broken.has_value()) {
        accepted.on_error(to_string(*broken));
        connected.on_error(to_string(*broken));
    }
}

}  // namespace proxy::outbound
