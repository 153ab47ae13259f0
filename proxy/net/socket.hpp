// What the kernel knows of a socket: its addresses, the redirect behind it, its options.
#pragma once

#include "io/socket.hpp"
#include "policy/address.hpp"

#include <optional>
#include <vector>

namespace proxy::net {

[[nodiscard]] policy::SocketAddress from_endpoint(const io::Endpoint& endpoint);
/// IPv4 addresses become IPv4 endpoints unless `family_v6` wants them v4-mapped.
[[nodiscard]] io::Endpoint to_endpoint(const policy::SocketAddress& address);

/// Where a redirected connection was going (netfilter's SO_ORIGINAL_DST); nullopt when nothing
/// redirected it: the kernel knows no other destination than our listener's address.
[[nodiscard]] std::optional<policy::SocketAddress> original_destination(io::Socket& socket);

/// Where the connection comes from; nullopt when it is gone already.
[[nodiscard]] std::optional<policy::IpAddress> peer_address(io::Socket& socket);

/// True when `address` is one of this host's (this network namespace's) interface addresses or
/// loopback. Asked at start and for loops only.
[[nodiscard]] std::vector<policy::IpAddress> local_addresses();

/// Where to listen when told `address`: itself; 0.0.0.0 for [::] on a host without IPv6; nothing
/// for another IPv6 address there. The default addresses must do everywhere.
[[nodiscard]] std::optional<policy::SocketAddress> available_address(
    const policy::SocketAddress& address
);

void set_no_delay(io::Socket& socket);
/// The connection breaks when what was sent stays unacknowledged for that long (RFC 5482): its host
/// has vanished. The kernel's own patience is a quarter of an hour.
void set_unacknowledged_ms_max(io::Socket& socket, std::uint32_t milliseconds);
/// True when an idle connection has been closed by the other side or holds unasked-for bytes.
[[nodiscard]] bool is_stale(io::Socket& socket);

}  // namespace proxy::net
