// HTTP/1 requests of our application: each is routed on its own.
#pragma once

#include "io/awaitable.hpp"
#include "proxy/outbound/connection.hpp"

namespace proxy::outbound {

/// Serves requests until the connection ends.
[[nodiscard]] io::Awaitable<void> serve_http(Connection& connection);

}  // namespace proxy::outbound
