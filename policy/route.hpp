// Where does this request go? The client side's question (SMI split: smi.md §1.5 T1–T12, §1.8).
#pragma once

#include "policy/address.hpp"
#include "policy/reason.hpp"
#include "policy/snapshot.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace policy {

/// `authority` is Host / :authority as sent (any form of a Service's name, ClusterIP, trailing dot,
/// port or not); `destination` is the original destination of a redirected connection. A
/// destination that is a known ClusterIP decides before the authority does.
struct HttpRouteFacts {
    std::string_view authority;
    std::optional<SocketAddress> destination;
    std::string_view method;
    std::string_view path;  // canonical, without query
    std::span<const HeaderField> headers;
};

struct TcpRouteFacts {
    SocketAddress destination;
};

struct UdpRouteFacts {
    SocketAddress destination;
};

/// The answer: `backends` are usable (right port, ready endpoints, weight > 0); the caller picks
/// one by weight, then an endpoint. With Options::empty_backends_fail one may be without
/// endpoints: what it is picked for fails. Views into the snapshot.
struct Route {
    Reason reason = Reason::unknown_service;  // routed | passthrough | unknown_service |
                                              // no_endpoint | split_no_backend
    const Backend* service = nullptr;         // the root at this port; null when not ours
    std::string_view service_namespace;       // the root's name, also when the Service is absent
    std::string_view service_name;
    std::string_view split_namespace;  // the TrafficSplit that applied; empty: none
    std::string_view split_name;
    /// Stable id of the choice (root, port, split) in this process, for the turn of weights.
    std::uint64_t choice_id = 0;
    std::span<const WeightedBackend> backends;
    std::span<const ExcludedBackend> excluded;  // of the split that applied
};

struct Destination;      // of the compiled tables; private to policy/ (snapshot_data.hpp)
struct DestinationPort;  // likewise

/// What a request names, and how much say that has. Views into the snapshot.
struct Named {
    const DestinationPort* entry = nullptr;
    const Destination* destination = nullptr;  // also when it lacks the port
    /// The connection was going elsewhere (to a pod, say): Host may bring in a split, but not
    /// otherwise take the request away from where it was going.
    bool only_splits = false;
};

/// The first half of route_http, which reads `facts.authority` and `facts.destination` only: the
/// same for all requests of a connection that say the same, until there is another snapshot.
[[nodiscard]] Named find_named(const Snapshot& snapshot, const HttpRouteFacts& facts);
/// Allocates nothing. `named` was found for `facts`.
[[nodiscard]] Route route_http(const Named& named, const HttpRouteFacts& facts);
[[nodiscard]] Route route_http(const Snapshot& snapshot, const HttpRouteFacts& facts);
[[nodiscard]] Route route_tcp(const Snapshot& snapshot, const TcpRouteFacts& facts);
/// Asked once for each flow (U17).
[[nodiscard]] Route route_udp(const Snapshot& snapshot, const UdpRouteFacts& facts);
/// True when a split with `matches` on paths could take part for this authority/destination, so
/// the path must be canonical.
[[nodiscard]] bool has_path_rules(const Named& named);
[[nodiscard]] bool has_path_rules(const Snapshot& snapshot, const HttpRouteFacts& facts);

}  // namespace policy
