// Resources in one version-free form: what every decoder produces and `compile` reads.
#pragma once

#include "policy/address.hpp"
#include "policy/problem.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace policy {

struct ObjectName {
    std::string name_space;
    std::string name;
    auto operator<=>(const ObjectName&) const = default;
};

/// What all objects have. `origin` is where the document's `kind` stands.
struct Metadata {
    ObjectName name;
    Origin origin;
    std::string creation_timestamp;  // RFC 3339 text as written, empty when absent
    std::map<std::string, std::string> labels;
    std::map<std::string, std::string> annotations;
    bool operator==(const Metadata&) const = default;
};

// --- access.smi-spec.io ---

/// `kind` is kept as written; the compiler judges it. An empty namespace means the target's own.
struct Subject {
    std::string kind;
    std::string name_space;
    std::string name;
    Place kind_at;  // where the field is missing, the subject itself; likewise below
    Place namespace_at;
    Place name_at;
};

struct RuleReference {
    std::string kind;
    std::string name;
    std::vector<std::string> matches;  // empty: all of the group (smi.md A4)
    Place kind_at;
    Place name_at;
    std::vector<Place> matches_at;  // one for each of `matches`
};

struct TrafficTarget {
    Metadata metadata;
    std::optional<Subject> destination;
    std::optional<std::uint16_t> port;  // v1alpha1/2 (and lenient later ones): ANDed (A5)
    std::vector<Subject> sources;
    std::vector<RuleReference> rules;
    Place destination_at;
    Place sources_at;
    Place rules_at;
    /// A field was unreadable: the target denies (smi.md §1.8). The decoder reported why.
    bool is_spoiled = false;
};

/// `spec.schemes`: a workload is meant if any scheme says so (I1).
struct IdentityBinding {
    Metadata metadata;
    /// podLabelSelector.matchLabels; present but empty: matches nobody (smi.md §1.8).
    std::optional<std::map<std::string, std::string>> pod_labels;
    struct SpiffeId {
        std::string text;  // as written, perhaps without its scheme
        Origin origin;
    };
    std::vector<SpiffeId> spiffe_ids;
    std::string service_account;  // of the binding's namespace (I3); empty: none
    Origin schemes_origin;
    Place pod_labels_at;
    bool is_spoiled = false;
};

// --- specs.smi-spec.io ---

struct HeaderCondition {
    std::string name;
    std::string pattern;
    Origin origin;
    bool operator==(const HeaderCondition&) const = default;
};

struct HttpMatch {
    std::string name;
    std::optional<std::string> path_regex;  // absent: any path
    std::vector<std::string> methods;       // upper case; empty or with "*": any
    std::vector<HeaderCondition> headers;   // all must hold
    Origin origin;                          // of path_regex, else of the match
    bool is_spoiled = false;                // unreadable: matches nothing
    bool operator==(const HttpMatch&) const = default;
};

struct HttpRouteGroup {
    Metadata metadata;
    std::vector<HttpMatch> matches;
    bool is_spoiled = false;
    bool operator==(const HttpRouteGroup&) const = default;
};

/// TCPRoute and UDPRoute: the ports they are for; empty: all (A6).
struct PortRoute {
    Metadata metadata;
    std::vector<std::uint16_t> ports;
    bool is_spoiled = false;
};
struct TcpRoute : PortRoute {};
struct UdpRoute : PortRoute {};

// --- split.smi-spec.io ---

struct SplitBackend {
    std::string service;
    std::optional<std::uint64_t> weight_milli;  // weight × 1000; nullopt: invalid (excluded)
    Place service_at;
};

struct SplitMatch {
    std::string kind;
    std::string name;
    Place kind_at;
    Place name_at;
};

struct TrafficSplit {
    Metadata metadata;
    std::string service;  // any form of the root's name
    std::vector<SplitBackend> backends;
    std::vector<SplitMatch> matches;
    Place service_at;
    Place backends_at;
    bool is_spoiled = false;
};

// --- Kubernetes ---

struct ServicePort {
    std::string name;
    std::uint16_t port = 0;
    std::variant<std::monostate, std::uint16_t, std::string> target_port;  // absent: = port
    std::string protocol = "TCP";
    std::string app_protocol;
};

struct Service {
    Metadata metadata;
    std::vector<IpAddress> cluster_ips;  // empty: headless
    std::map<std::string, std::string> selector;
    std::vector<ServicePort> ports;
};

struct EndpointPort {
    std::string name;
    std::uint16_t port = 0;
    std::string protocol = "TCP";
    std::string app_protocol;
};

struct EndpointEntry {
    std::vector<IpAddress> addresses;
    bool is_ready = true;
    std::string pod;  // targetRef of kind Pod
};

/// An EndpointSlice, or one subset of an Endpoints object. `service` is what it belongs to.
struct EndpointSlice {
    Metadata metadata;
    ObjectName service;
    std::vector<EndpointPort> ports;
    std::vector<EndpointEntry> endpoints;
};

struct Pod {
    Metadata metadata;
    std::string service_account = "default";  // empty: unreadable, so that nobody can answer for it
    std::vector<IpAddress> addresses;         // status.podIP, podIPs
    std::map<std::string, std::uint16_t> named_ports;  // of its containers
    bool is_on_host_network = false;  // its addresses are its node's, and others' there
};

/// Only its annotations matter (smilax.dev/mesh, smilax.dev/access, smilax.dev/mtls).
struct NamespaceObject {
    Metadata metadata;
};

using Resource = std::variant<
    TrafficTarget,
    IdentityBinding,
    HttpRouteGroup,
    TcpRoute,
    UdpRoute,
    TrafficSplit,
    Service,
    EndpointSlice,
    Pod,
    NamespaceObject>;

[[nodiscard]] const Metadata& metadata_of(const Resource& resource);

}  // namespace policy
