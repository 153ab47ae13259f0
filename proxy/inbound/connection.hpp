// A connection to our application, from accept to close.
#pragma once

#include "io/socket.hpp"
#include "policy/address.hpp"
#include "policy/identity.hpp"
#include "proxy/inbound/live_connections.hpp"
#include "proxy/inbound/rule_counts.hpp"
#include "proxy/line_allowance.hpp"
#include "proxy/net/buffer.hpp"
#include "proxy/net/deadline.hpp"
#include "proxy/net/mux/connection.hpp"
#include "proxy/net/socket.hpp"
#include "proxy/net/stream.hpp"
#include "proxy/worker_context.hpp"

#include <cstdint>
#include <optional>
#include <unordered_set>

namespace proxy::inbound {

/// What the inbound half adds to its worker.
struct InboundContext {
    WorkerContext& worker;
    LiveConnections live = {};
    LineAllowance audit_lines = {};
    LineAllowance foreign_tls_lines = {};
    std::unordered_set<net::mux::Connection*> shared = {};  // of the frames that serve them
};

/// What the listener knows: with `application`, its port is the pod port and nothing redirects.
struct ListenerFacts {
    std::uint16_t pod_port = 0;
    std::optional<policy::SocketAddress> application;
};

/// One accepted connection; lives in the frame of serve_connection, everything else refers to it.
struct Connection {
    InboundContext& context;
    net::Stream stream;
    net::Buffer buffer;
    net::Deadline deadline;
    std::uint16_t pod_port = 0;
    policy::SocketAddress application;
    bool is_redirected = false;
    std::optional<policy::Identity> peer;  // verified; empty: unauthenticated
    bool is_mesh = false;                  // arrived inside our mTLS
    /// Where the connection comes from (podLabelSelector of an IdentityBinding).
    std::optional<policy::IpAddress> peer_address = net::peer_address(stream.socket());
    RuleCounts counts = {};

    [[nodiscard]] const policy::Identity* peer_or_null() const {
        return peer.has_value() ? &*peer : nullptr;
    }
};

/// What comes in there is bytes, whatever its first ones look like or the client says they are:
/// only a TCPRoute can allow them (U7).
[[nodiscard]] bool is_declared_opaque(const Connection& connection);

/// Runs until the connection is over; leaving it closes everything.
[[nodiscard]] io::Awaitable<void> serve_connection(
    InboundContext& context, io::Socket socket, ListenerFacts listener
);

}  // namespace proxy::inbound
