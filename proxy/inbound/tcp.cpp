#include "proxy/inbound/tcp.hpp"

#include "proxy/inbound/admission.hpp"
#include "proxy/inbound/labels.hpp"
#include "proxy/net/relay.hpp"
#include "proxy/upstream/connector.hpp"
#include "telemetry/tcp_record.hpp"

#include <string>

namespace proxy::inbound {

namespace {

/// Relays between client and application, counting both sides.
io::Awaitable<std::optional<policy::Reason>> relay_counted(
    Connection& connection, net::Stream& application
) {
    WorkerContext& worker = connection.context.worker;
    const Limits& limits = worker.configuration.limits;
    net::Deadline application_deadline(worker.clock);
    application_deadline.watch(&application.socket());
    net::Buffer application_buffer(limits.buffer_bytes);
    telemetry::TcpRecord accepted(
        worker.sheet, worker.sheet.tcp(tcp_labels(connection, telemetry::PeerLabel::src))
    );
    telemetry::TcpRecord connected(
        worker.sheet, worker.sheet.tcp(tcp_labels(connection, telemetry::PeerLabel::dst))
    );
    net::RelayEnd client{connection.stream, connection.buffer, connection.deadline};
    net::RelayEnd upstream{application, application_buffer, application_deadline};
    const auto broken = co_await net::relay(client, upstream, limits);
    accepted.on_bytes(client.traffic.read_bytes, client.traffic.written_bytes);
    connected.on_bytes(upstream.traffic.read_bytes, upstream.traffic.written_bytes);
    if (broken.has_value()) {
        accepted.on_error(to_string(*broken));
        connected.on_error(to_string(*broken));
    }
    co_return broken;
}

}  // namespace

io::Awaitable<void> serve_tcp(Connection& connection) {
    WorkerContext& worker = connection.context.worker;
    AdmittedFacts facts;
    facts.peer = connection.peer;
    facts.peer_address = connection.peer_address;
    facts.port = connection.pod_port;
    facts.is_mesh = connection.is_mesh;
    // Registered before it is judged: a snapshot that comes in between judges it again.
    LiveConnections::Entry entry(
        connection.context.live, connection.stream.socket(), std::move(facts)
    );
    const SnapshotPin snapshot = worker.snapshot;
    if (!admit_tcp(connection, snapshot).is_admitted) {
        co_return;
    }
    const auto environment = worker.connect_environment();
    upstream::Target target;
    target.address = connection.application;
    target.is_own_application = connection.is_redirected;
    auto application = co_await upstream::connect(environment, target, tls::Alpn::tcp);
    if (application.has_error()) {
        worker.sheet.on_error(
            telemetry::Direction::inbound, false, to_string(application.error().reason)
        );
        co_return;
    }
    if (!entry.was_cut()) {  // nor while we connected
        [[maybe_unused]] const auto broken = co_await relay_counted(connection, *application);
    }
    if (entry.was_cut()) {
        worker.sheet.on_error(
            telemetry::Direction::inbound, false, to_string(policy::Reason::policy_changed)
        );
    }
}

}  // namespace proxy::inbound
