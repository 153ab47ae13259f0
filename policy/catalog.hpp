// The objects of an inventory by kind and name. Private to compile.
#pragma once

#include "policy/inventory.hpp"
#include "policy/problem_list.hpp"
#include "policy/resource.hpp"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace policy {

/// Points into the inventory, which must stay as it is for the time of one compile. Where two
/// files hold the same object, the first file by name wins and the other one is a problem.
struct Catalog {
    std::map<ObjectName, const TrafficTarget*> targets;
    std::map<ObjectName, const IdentityBinding*> bindings;
    std::map<ObjectName, const HttpRouteGroup*> groups;
    std::map<ObjectName, const TcpRoute*> tcp_routes;
    std::map<ObjectName, const UdpRoute*> udp_routes;
    std::map<ObjectName, const TrafficSplit*> splits;
    std::map<ObjectName, const Service*> services;
    std::map<ObjectName, const Pod*> pods;
    std::map<std::string, const NamespaceObject*> namespaces;
    std::map<ObjectName, std::vector<const EndpointSlice*>> slices;  // by Service
    /// Pods that have an address alone, as far as pods are known.
    std::map<IpAddress, const Pod*> pods_by_ip;
};

[[nodiscard]] Catalog make_catalog(const Inventory& inventory, ProblemList& problems);

/// "TrafficTarget shop/pay", "Namespace shop", as problems name objects.
[[nodiscard]] std::string object_text(std::string_view kind, const ObjectName& name);

}  // namespace policy
