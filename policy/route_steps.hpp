// The steps of route_http, route_tcp and route_udp, for who must tell people what was looked up.
// Private to policy/.
#pragma once

#include "policy/route.hpp"
#include "policy/snapshot_data.hpp"

namespace policy {

/// T2: the ClusterIP that was dialled decides; else the name in Host. The port that Host leaves
/// out is the one that was dialled, and 80 when nothing was.
[[nodiscard]] Named find_named(
    const SnapshotData& data, const HttpRouteFacts& facts, Transport transport
);

/// Where bytes or datagrams go that were dialled to `entry` (null: it is no Service's): the first
/// split without `matches`, else the Service itself.
[[nodiscard]] Route route_opaque(const DestinationPort* entry);

}  // namespace policy
