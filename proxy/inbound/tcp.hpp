// Raw bytes to our application: judged once, and again with each new snapshot.
#pragma once

#include "io/awaitable.hpp"
#include "proxy/inbound/connection.hpp"

namespace proxy::inbound {

/// Judges the connection and relays it; a denied one is closed without a byte going on.
[[nodiscard]] io::Awaitable<void> serve_tcp(Connection& connection);

}  // namespace proxy::inbound
