// The compiled tables behind a Snapshot. Private to policy/: others ask decide() and route().
#pragma once

#include "policy/http_rule.hpp"
#include "policy/options.hpp"
#include "policy/port_set.hpp"
#include "policy/reason.hpp"
#include "policy/resource.hpp"
#include "policy/rule_index.hpp"
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
        mixed = mixed * 31 + hash(identity.trust_domain);
        return identity.path.empty() ? mixed : mixed * 31 + hash(identity.path);
    }
};

struct ServiceNameHash {
    std::size_t operator()(const ServiceNameView& service) const noexcept {
        const std::hash<std::string_view> hash;
        return hash(service.name) * 31 + hash(service.name_space);
    }
};

/// An HTTPRouteGroup. Shared by all targets and splits that name it, and by the snapshots of a
/// Compiler in which it is the same.
struct RouteGroup {
    std::vector<HttpRule> rules;
};

/// HTTP matches of one or more groups, in their order.
struct RuleList {
    std::vector<const HttpRule*> rules;
    bool has_path_conditions = false;
};

/// The pods of an IdentityBinding's podLabelSelector. A peer is one of them when it proves an
/// identity of the binding's namespace *and* comes from one of the addresses (smi.md §1.6).
struct PodSource {
    ObjectName binding;
    std::vector<IpAddress> addresses;  // sorted
    auto operator<=>(const PodSource&) const = default;
};

/// A valid TrafficTarget whose destination is this workload.
struct CompiledTarget {
    ObjectName name;
    std::vector<Identity> sources;       // for people; decisions use the audiences
    std::vector<PodSource> pod_sources;  // likewise
    std::optional<std::uint16_t> port;
    bool has_tcp = false;  // a rule of that kind is listed, whether or not it resolves
    bool has_udp = false;
    bool has_http = false;
    PortSet tcp_ports;
    PortSet udp_ports;
    std::shared_ptr<const RuleList> http;  // never null
};

/// A TrafficTarget that is meant for this workload and allows nothing, for people.
struct InvalidTarget {
    ObjectName name;
    std::string detail;  // what is wrong with it, a sentence
};

/// What a peer may do: the targets that list it, and an index of their HTTP matches. Peers that
/// the same targets list share one.
struct Audience {
    std::vector<std::uint32_t> targets;  // into SnapshotData::targets, ascending
    /// Of them, those that no HTTP match narrows down, and those that HTTP matches do.
    std::vector<std::uint32_t> without_routes;
    std::vector<std::uint32_t> with_routes;
    /// Tagged with the place in with_routes; null where there was no room for it, so that the
    /// matches are tried one by one.
    std::shared_ptr<const RuleIndex> index;
};

/// Peers at this address that prove an identity of `name_space`.
struct PodAudience {
    std::string name_space;
    const Audience* audience = nullptr;
};

struct CompiledSplit {
    ObjectName name;
    bool has_matches = false;
    std::shared_ptr<const RuleList> list;    // with has_matches: one must hit (T11); never null
    std::shared_ptr<const RuleIndex> index;  // of the same; never null
};

/// A split at one port of its root.
struct SplitAtPort {
    const CompiledSplit* split = nullptr;
    std::uint64_t choice_id = 0;
    std::vector<WeightedBackend> backends;  // usable ones
    std::vector<ExcludedBackend> excluded;
};

/// TCP 53 and UDP 53 have nothing to do with each other.
struct PortKey {
    Transport transport = Transport::tcp;
    std::uint16_t port = 0;
    auto operator<=>(const PortKey&) const = default;
};

struct Destination;

/// A Service, or the root of a split, at one port.
struct DestinationPort {
    const Destination* owner = nullptr;
    PortKey key;
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
    std::vector<std::unique_ptr<DestinationPort>> ports;  // sorted by key

    [[nodiscard]] const DestinationPort* find_port(const PortKey& key) const;
};

class SnapshotData {
 public:
    std::uint64_t generation = 0;
    Workload workload;
    Options options;
    AccessMode access = AccessMode::enforce;          // resolved
    std::map<std::uint16_t, AccessMode> port_access;  // of single pod ports, instead of `access`
    MtlsMode mtls = MtlsMode::strict;                 // resolved
    std::map<std::uint16_t, MtlsMode> port_mtls;      // of single pod ports, instead of `mtls`

    // Access: sorted by namespace and name, so that verdicts do not depend on file order.
    std::map<ObjectName, std::shared_ptr<const RouteGroup>> groups;  // those that are referred to
    std::vector<CompiledTarget> targets;
    std::vector<InvalidTarget> invalid_targets;
    std::deque<Audience> audiences;
    std::unordered_map<Identity, const Audience*, IdentityHash> audience_by_identity;
    std::map<IpAddress, PodAudience> audience_by_address;
    PortSet path_rule_ports;

    // Routing.
    std::map<ObjectName, CompiledSplit> splits;
    std::map<ObjectName, Destination> destinations;
    std::map<std::string, Destination, std::less<>> foreign_roots;  // by folded host
    std::unordered_map<ServiceNameView, const Destination*, ServiceNameHash> by_name;
    using ByAddress = std::unordered_map<SocketAddress, const DestinationPort*, SocketAddressHash>;
    ByAddress by_cluster_ip;      // TCP
    ByAddress udp_by_cluster_ip;  // UDP
    std::unordered_map<SocketAddress, const Endpoint*, SocketAddressHash> endpoints;
    std::deque<Endpoint> other_endpoints;  // known, but of no Backend: not ready, or of no Service
    PortSet opaque_ports;
};

}  // namespace policy
