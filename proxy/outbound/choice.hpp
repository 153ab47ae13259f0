// From a route to one endpoint: whose turn it is, and who must answer there.
#pragma once

#include "policy/route.hpp"
#include "proxy/failure.hpp"
#include "proxy/upstream/hop.hpp"
#include "proxy/upstream/target.hpp"
#include "proxy/worker_context.hpp"
#include "telemetry/sheet.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace proxy::outbound {

/// One endpoint to try. All of it views the snapshot. `backend` and `endpoint` are null for a
/// passthrough to an address that is nobody's we know.
struct Choice {
    policy::SocketAddress address;
    const policy::Identity* identity = nullptr;  // who must answer; null: plaintext
    const policy::Backend* backend = nullptr;
    const policy::Endpoint* endpoint = nullptr;
};

/// Picks a backend by weight and one of its endpoints. `destination` is where a passthrough goes;
/// without it such a request cannot be served. Counts the split's turn.
[[nodiscard]] Result<Choice> choose(
    WorkerContext& worker,
    const policy::Snapshot& snapshot,
    const policy::Route& route,
    const std::optional<policy::SocketAddress>& destination
);
/// Another endpoint of the same backend, after one refused the connection.
[[nodiscard]] Choice choose_again(
    WorkerContext& worker, const policy::Snapshot& snapshot, const Choice& failed
);
/// Whom a connection to it must reach.
[[nodiscard]] upstream::Target target_of(const Choice& choice);
/// What is kept of it for requests on `route`.
[[nodiscard]] upstream::Hop hop_of(
    WorkerContext& worker,
    const policy::Snapshot& snapshot,
    const policy::Route& route,
    const Choice& choice
);
/// How many endpoints are worth trying.
[[nodiscard]] std::size_t attempts_max(const Choice& choice);

[[nodiscard]] telemetry::TcpTarget tcp_labels(const Choice& choice, telemetry::PeerLabel peer);
[[nodiscard]] telemetry::HttpTarget http_labels(const Choice& choice, const policy::Route& route);

}  // namespace proxy::outbound
