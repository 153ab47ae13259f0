// A TLS connection of another sidecar that carries several HTTP/1 connections.
#pragma once

#include "io/awaitable.hpp"
#include "proxy/inbound/connection.hpp"

namespace proxy::inbound {

/// Takes the TLS stream out of `connection`. Each stream in it is a connection of its own to those
/// who judge and serve: same peer, same destination.
[[nodiscard]] io::Awaitable<void> serve_shared(Connection& connection);

}  // namespace proxy::inbound
