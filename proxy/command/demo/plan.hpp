// What the demo's mesh is made of, as plain values: pods, their addresses and ports, Services.
// Pure: nothing here touches the machine.
#pragma once

#include "policy/address.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace proxy::command::demo {

/// Pods as network namespaces with real redirect rules, or as loopback addresses that the
/// applications have to address their sidecars at.
enum class Mode : std::uint8_t { namespaces, loopback };

[[nodiscard]] std::string_view to_string(Mode mode);

inline constexpr std::string_view k_trust_domain = "cluster.local";
inline constexpr std::string_view k_kubernetes_namespace = "shop";

struct Pod {
    std::string name;             // "api-v1"
    std::string service_account;  // who its sidecar is; empty: no sidecar, outside the mesh
    std::string access;           // policy.access of its sidecar
    std::map<std::string, std::string> labels;
    std::string network_namespace;  // as `ip netns` knows it; empty in loopback mode
    policy::IpAddress address;
    std::optional<policy::IpAddress> address6;
    std::uint16_t port = 0;             // the pod port: what peers connect to
    policy::SocketAddress application;  // where the application listens
    policy::SocketAddress outbound;     // the sidecar's listeners
    policy::SocketAddress admin;

    [[nodiscard]] bool is_meshed() const { return !service_account.empty(); }
    /// "spiffe://cluster.local/ns/shop/sa/web"
    [[nodiscard]] std::string spiffe_id() const;
};

struct Service {
    std::string name;
    std::vector<policy::IpAddress> cluster_ips;
    std::uint16_t port = 80;
    std::map<std::string, std::string> selector;

    [[nodiscard]] bool selects(const Pod& pod) const;
    /// The name that clients use: "api.shop.svc.cluster.local".
    [[nodiscard]] std::string host() const;
};

struct Plan {
    Mode mode = Mode::loopback;
    std::string name;              // "smilax-demo-4711": prefix of all that is made
    std::string bridge_namespace;  // empty in loopback mode
    policy::IpAddress bridge_address;
    std::optional<policy::IpAddress> bridge_address6;
    std::vector<Pod> pods;
    std::vector<Service> services;

    [[nodiscard]] const Pod& pod(std::string_view name) const;
    [[nodiscard]] const Service& service(std::string_view name) const;
};

/// Addresses of 198.18.0.0/16 for pods and 198.19.0.0/16 for Services (RFC 2544: for benchmarks,
/// never routed), and of 2001:2::/48 (RFC 5180) where `with_ipv6`.
[[nodiscard]] Plan plan_namespaces(std::string name, bool with_ipv6);

/// A loopback address of its own for each pod, in 127.77.`third_octet`.0/24.
[[nodiscard]] Plan plan_loopback(std::string name, std::uint8_t third_octet);

}  // namespace proxy::command::demo
