// Raw bytes of our application: routed once, per connection.
#pragma once

#include "io/awaitable.hpp"
#include "proxy/outbound/connection.hpp"

namespace proxy::outbound {

[[nodiscard]] io::Awaitable<void> serve_tcp(Connection& connection);

}  // namespace proxy::outbound
