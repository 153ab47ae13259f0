// Raw bytes of our application: routed once, per connection.
#pragma once

#include "proxy/outbound/connection.hpp"
#include "tls/io.hpp"

namespace proxy::outbound {

[[nodiscard]] io::Awaitable<void> serve_tcp(Connection& connection);

}  // namespace proxy::outbound
