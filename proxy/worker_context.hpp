// What the connections of one worker share. Nothing here is touched by another thread.
#pragma once

#include "io/socket.hpp"
#include "policy/snapshot.hpp"
#include "proxy/configuration.hpp"
#include "proxy/drain.hpp"
#include "proxy/handshake_failures.hpp"
#include "proxy/http/working_memory.hpp"
#include "proxy/net/deadline.hpp"
#include "proxy/upstream/balancer.hpp"
#include "proxy/upstream/connector.hpp"
#include "proxy/upstream/hop.hpp"
#include "proxy/upstream/pool.hpp"
#include "proxy/upstream/shared_connections.hpp"
#include "proxy/upstream/weighted_turn.hpp"
#include "telemetry/sheet.hpp"
#include "tls/context.hpp"

#include <boost/smart_ptr/local_shared_ptr.hpp>

#include <memory>
#include <vector>

namespace proxy {

/// A request pins the snapshot that it was decided with. Counted without atomics: pins never leave
/// their worker.
using SnapshotPin = boost::local_shared_ptr<const std::shared_ptr<const policy::Snapshot>>;

struct WorkerContext {
    WorkerContext(const Configuration& configuration_of_process, io::Loop& loop_of_worker);

    const Configuration& configuration;
    io::Loop& loop;
    net::DeadlineClock clock;
    Gate inbound_gate;       // one each: strangers at the pod's ports must not
    Gate outbound_gate;      // keep its application from calling others
    telemetry::Sheet sheet;  // before what counts into it
    HandshakeFailures handshake_failures{sheet};
    http::WorkingMemories memories;
    upstream::Pool pool;
    upstream::SharedConnections shared;
    upstream::WeightedTurns turns;
    upstream::Balancer balancer;
    upstream::PerSnapshot<upstream::Hop> hops;  // after the pool and the sheet, as what follows
    upstream::PerSnapshot<std::vector<telemetry::Counter>> splits;
    SnapshotPin snapshot;                     // null until the first one is adopted
    std::shared_ptr<const tls::Context> tls;  // null until an identity is there
    std::vector<policy::IpAddress> local_addresses;
    bool is_draining = false;

    [[nodiscard]] upstream::ConnectEnvironment connect_environment();
    /// How long an idle client connection may stay: shorter while draining.
    [[nodiscard]] std::uint32_t client_idle_ms_max() const;
    /// From now on responses end their connections, and idle ones go soon.
    void begin_drain();
};

/// A new connection to the target of `place`, where it will wait between its exchanges; counted in
/// `series`. Ask the pool first.
[[nodiscard]] io::Awaitable<Result<upstream::Lease>> open(
    WorkerContext& worker, upstream::PlacePin place, telemetry::TcpSeries& series
);

}  // namespace proxy
