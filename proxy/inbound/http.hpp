// HTTP/1 requests to our application: each is judged on its own, then passed on.
#pragma once

#include "io/awaitable.hpp"
#include "proxy/inbound/connection.hpp"

namespace proxy::inbound {

/// Serves requests until the connection ends.
[[nodiscard]] io::Awaitable<void> serve_http(Connection& connection);

}  // namespace proxy::inbound
