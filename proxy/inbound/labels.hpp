// What the metrics call a connection or request to our application.
#pragma once

#include "policy/decide.hpp"
#include "proxy/inbound/connection.hpp"
#include "telemetry/sheet.hpp"

#include <string_view>

namespace proxy::inbound {

/// `peer` tells the side: src is the accepted connection, dst the one to the application.
[[nodiscard]] telemetry::TcpTarget tcp_labels(
    const Connection& connection, telemetry::PeerLabel peer
);
[[nodiscard]] telemetry::HttpTarget http_labels(
    const Connection& connection, const policy::RuleId& rule
);

}  // namespace proxy::inbound
