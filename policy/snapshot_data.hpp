// The compiled tables behind a Snapshot. Private to policy/: others ask decide() and route().
#pragma once

#include "policy/http_rule.hpp"
#include "policy/options.hpp"
#include "policy/port_set.hpp"
#include "policy/reason.hpp"
#include "policy/resource.hpp"
#include "policy/service_name.hpp"
#include "policy/snapshot.hpp"

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

namespace policy {

struct IdentityHash {
    std::size_t operator()(const Identity& identity) const noexcept {
        const std::hash<std::string> hash;
        std::size_t mixed = hash(identity.service_account);
        mixed = mixed * 31 + hash(identity.name_space);
        return mixed * 31 + hash(identity.trust_domain);
    }
};

struct ServiceNameHash {
    std::size_t operator()(const ServiceNameView& service) const noexcept {
        const std::hash<std::string_view> hash;
        return hash(service.name) * 31 + hash(service.name_space);
    }
};

/// An HTTPRouteGroup. Shared by all targets and splits that name it.
struct RouteGroup {
    std::vector<HttpRule> rules;
};

/// A valid TrafficTarget whose destination is this workload.
struct CompiledTarget {
    ObjectName name;
    std::vector<Identity> sources;  // for people; decisions use targets_by_source
    std::optional<std::uint16_t> port;
    bool has_tcp = false;  // a rule of that kind is listed, whether or not it resolves
    bool has_udp = false;
    bool has_http = false;
    PortSet tcp_ports;
    PortSet udp_ports;
    std::vector<const HttpRule*> http_rules;
};

struct ExcludedBackend {
    std::string service;
    Reason reason = Reason::backend_missing;
};

struct CompiledSplit {
    ObjectName name;
    bool has_matches = false;
    std::vector<const HttpRule*> rules;  // with has_matches: one must hit (T11)
};

/// A split at one port of its root.
struct SplitAtPort {
    const CompiledSplit* split = nullptr;
    std::uint64_t choice_id = 0;
    std::vector<WeightedBackend> backends;  // usable ones
    std::vector<ExcludedBackend> excluded;
};

struct Destination;

/// A Service, or the root of a split, at one port.
struct DestinationPort {
    const Destination* owner = nullptr;
    std::uint16_t port = 0;
    std::unique_ptr<Backend> service;  // null when only a split knows the root
    WeightedBackend whole;             // the Service as its own only backend
    std::uint64_t choice_id = 0;
    std::vector<SplitAtPort> splits;  // in the order in which they are tried (U13)
    bool has_path_rules = false;
};

/// What a client can name: a Service, a root without a Service, or a root that is a foreign host
/// name (then `name.name` is that host). Addresses are stable once the snapshot is built.
struct Destination {
    ObjectName name;
    std::vector<IpAddress> cluster_ips;
    std::vector<std::unique_ptr<DestinationPort>> ports;  // sorted by port

    [[nodiscard]] const DestinationPort* find_port(std::uint16_t port) const;
};

class SnapshotData {
 public:
    std::uint64_t generation = 0;
    Workload workload;
    Options options;

    // Access: sorted by namespace and name, so that verdicts do not depend on file order.
    std::map<ObjectName, RouteGroup> groups;
    std::vector<CompiledTarget> targets;
    std::unordered_map<Identity, std::vector<std::uint32_t>, IdentityHash> targets_by_source;
    PortSet path_rule_ports;

    // Routing.
    std::map<ObjectName, CompiledSplit> splits;
    std::map<ObjectName, Destination> destinations;
    std::map<std::string, Destination, std::less<>> foreign_roots;  // by folded host
    std::unordered_map<ServiceNameView, const Destination*, ServiceNameHash> by_name;
    std::unordered_map<SocketAddress, const DestinationPort*, SocketAddressHash> by_cluster_ip;
    std::unordered_map<SocketAddress, const Endpoint*, SocketAddressHash> endpoints;
    std::deque<Endpoint> other_endpoints;  // known, but of no Backend: not ready, or of no Service
    PortSet opaque_ports;
};

}  // namespace policy
