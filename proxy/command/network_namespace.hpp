// What `smilax redirect` needs to know and to change in the network namespace, besides the rules.
#pragma once

#include "policy/result.hpp"

namespace proxy::command {

/// Whether this process may change the network: CAP_NET_ADMIN is among its effective capabilities.
[[nodiscard]] bool may_administer_network();
/// Whether the kernel has IPv6 at all.
[[nodiscard]] bool has_ipv6();

/// Gives the loopback interface the address ::6, from which the sidecar reaches the application
/// (IPv4 needs nothing: all of 127.0.0.0/8 is there). Nothing happens if it is there already, or
/// where IPv6 is absent or disabled.
[[nodiscard]] policy::Result<void> add_application_source();
/// Takes it away; nothing happens if it is not there.
[[nodiscard]] policy::Result<void> remove_application_source();

}  // namespace proxy::command
