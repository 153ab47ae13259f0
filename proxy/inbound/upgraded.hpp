// A request that became a tunnel (WebSocket, CONNECT): bytes both ways, judged again on each new
// snapshot like any live connection.
#pragma once

#include "io/awaitable.hpp"
#include "proxy/http/client_session.hpp"
#include "proxy/http/server_session.hpp"
#include "proxy/inbound/connection.hpp"
#include "proxy/inbound/live_connections.hpp"

namespace proxy::inbound {

/// Relays until either side ends. The request, `facts`, is judged once more first: a snapshot may
/// have come since it was admitted.
[[nodiscard]] io::Awaitable<void> relay_upgraded(
    Connection& connection,
    http::ServerSession& client,
    http::ClientSession& application,
    AdmittedFacts facts
);

}  // namespace proxy::inbound
