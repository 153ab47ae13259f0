// Who stands behind the addresses of a Service. Private to compile.
#pragma once

#include "policy/catalog.hpp"
#include "policy/resource.hpp"
#include "policy/snapshot.hpp"

#include <string>
#include <vector>

namespace policy {

/// An address of a Service at one port, and whether it may be balanced to.
struct FoundEndpoint {
    Endpoint endpoint;
    bool is_ready = true;
    std::string name_space;  // of the slice
};

/// All endpoints of `service` at `port`, ready or not, sorted by address, one of each.
[[nodiscard]] std::vector<FoundEndpoint> find_endpoints(
    const Catalog& catalog,
    const Service& service,
    const ServicePort& port,
    const std::string& trust_domain
);

/// The named ports of a Pod, for traffic that dials the pod itself.
[[nodiscard]] std::vector<Endpoint> pod_endpoints(
    const Catalog& catalog, const Pod& pod, const std::string& trust_domain
);

}  // namespace policy
