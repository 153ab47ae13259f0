#include "proxy/inbound/upgraded.hpp"

#include "proxy/net/relay.hpp"

#include <utility>

namespace proxy::inbound {

io::Awaitable<void> relay_upgraded(
    Connection& connection,
    http::ServerSession& client,
    http::ClientSession& application,
    AdmittedFacts facts
) {
    WorkerContext& worker = connection.context.worker;
    const SnapshotPin now = worker.snapshot;
    if (now != nullptr && !is_still_admitted(**now, facts)) {
        co_return;
    }
    LiveConnections::Entry entry(
        connection.context.live, client.stream().socket(), std::move(facts)
    );
    net::RelayEnd client_end{client.stream(), client.buffer(), client.deadline()};
    net::RelayEnd application_end{
        application.stream(), application.buffer(), application.deadline()
    };
    [[maybe_unused]] const auto broken =
        co_await net::relay(client_end, application_end, worker.configuration.limits);
    client.traffic().read_bytes += client_end.traffic.read_bytes;
    client.traffic().written_bytes += client_end.traffic.written_bytes;
    application.traffic().read_bytes += application_end.traffic.read_bytes;
    application.traffic().written_bytes += application_end.traffic.written_bytes;
    if (entry.was_cut()) {
        worker.sheet.on_error(
            telemetry::Direction::inbound, true, to_string(policy::Reason::policy_changed)
        );
    }
}

}  // namespace proxy::inbound
