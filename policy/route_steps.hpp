// The steps of route_http, route_tcp and route_udp, for who must tell people what was looked up.
// Private to policy/.
#pragma once

#include "policy/route.hpp"
#include "policy/snapshot_data.hpp"

namespace policy {

/// What the request names, and how much say that has.
struct Named {
    const DestinationPort* entry = nullptr;
    const Destination* destination = nullptr;  // also when it lacks the port
    /// The connection was going elsewhere (to a pod, say): Host may bring in a split, but not
    /// otherwise take the request away from where it was going.
    bool only_splits = false;
};

/// T2: the ClusterIP that was dialled decides; else the name in Host. The port that Host leaves
/// out is the one that was dialled, and 80 when nothing was.
[[nodiscard]] Named find_named(
    const SnapshotData& data, const HttpRouteFacts& facts, Transport transport
);

/// Where bytes or datagrams go that were dialled to `entry` (null: it is no Service's): the first
/// split without `matches`, else the Service itself.
[[nodiscard]] Route route_opaque(const DestinationPort* entry);

}  // namespace policy
