#include "policy/endpoints.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string_view>
#include <tuple>
#include <utility>

namespace policy {
namespace {

constexpr const char* k_account_annotation = "smilax.dev/service-account";
constexpr const char* k_mesh_annotation = "smilax.dev/mesh";

const std::string* find_annotation(const Metadata& metadata, const char* name) {
    const auto found = metadata.annotations.find(name);
    return found == metadata.annotations.end() ? nullptr : &found->second;
}

/// What an endpoint is to the mesh, as far as one object says. The lesser stands where they differ.
enum class Membership : std::uint8_t { sidecar, standard, outside };

Membership membership_of(const Metadata& metadata) {
    const std::string* value = find_annotation(metadata, k_mesh_annotation);
    if (value == nullptr) {
        return Membership::sidecar;
    }
    if (*value == "standard") {
        return Membership::standard;
    }
    return *value == "false" ? Membership::outside : Membership::sidecar;
}

/// Of what is in a namespace, with what the Namespace says.
Membership membership_of(const Catalog& catalog, const Metadata& metadata) {
    const auto found = catalog.namespaces.find(metadata.name.name_space);
    const Membership own = membership_of(metadata);
    return found == catalog.namespaces.end()
               ? own
               : std::max(own, membership_of(found->second->metadata));
}

/// What an endpoint's identity and membership are read from.
struct Behind {
    const Pod* pod = nullptr;
    const EndpointSlice& slice;
    const Service& service;
};

const Pod* find_pod(
    const Catalog& catalog,
    const EndpointSlice& slice,
    const EndpointEntry& entry,
    const IpAddress& ip
) {
    if (!entry.pod.empty()) {
        const auto named = catalog.pods.find({slice.metadata.name.name_space, entry.pod});
        if (named != catalog.pods.end()) {
            return named->second;
        }
    }
    const auto addressed = catalog.pods_by_ip.find(ip);
    return addressed == catalog.pods_by_ip.end() ? nullptr : addressed->second;
}

Identity pod_identity(const Pod& pod, const std::string& trust_domain) {
    return {
        trust_domain,
        pod.metadata.name.name_space,
        pod.service_account,
    };
}

std::optional<Identity> identity_of(const Behind& behind, const std::string& trust_domain) {
    if (behind.pod != nullptr) {
        return pod_identity(*behind.pod, trust_domain);
    }
    for (const Metadata* metadata : {&behind.slice.metadata, &behind.service.metadata}) {
        const std::string* account = find_annotation(*metadata, k_account_annotation);
        if (account != nullptr && !account->empty()) {
            return Identity{trust_domain, metadata->name.name_space, *account};
        }
    }
    return std::nullopt;
}

Membership membership_of(const Catalog& catalog, const Behind& behind) {
    const Membership of_service = std::max(
        membership_of(behind.slice.metadata), membership_of(catalog, behind.service.metadata)
    );
    return behind.pod == nullptr
               ? of_service
               : std::max(of_service, membership_of(catalog, behind.pod->metadata));
}

/// Without an identity there is none to hold it to.
void set_membership(Endpoint& endpoint, Membership membership) {
    endpoint.meshed = endpoint.identity.has_value() && membership != Membership::outside;
    endpoint.standard = endpoint.meshed && membership == Membership::standard;
}

/// The pod's port of `port` when the slice does not say: the Service's own targetPort.
std::optional<std::uint16_t> target_port(const ServicePort& port, const Pod* pod) {
    if (const auto* number = std::get_if<std::uint16_t>(&port.target_port)) {
        return *number;
    }
    const auto* name = std::get_if<std::string>(&port.target_port);
    if (name == nullptr) {
        return port.port;
    }
    if (pod == nullptr) {
        return std::nullopt;
    }
    const auto found = pod->named_ports.find(*name);
    return found == pod->named_ports.end() ? std::nullopt : std::optional(found->second);
}

/// A slice's ports bear the names of the Service's ports; their numbers are the pods' (T6), also
/// where targetPort is a name. A slice without ports leaves it to the Service.
struct SlicePort {
    bool is_served = false;
    std::optional<std::uint16_t> number;
};

SlicePort find_slice_port(const EndpointSlice& slice, const ServicePort& port) {
    if (slice.ports.empty()) {
        return {true, std::nullopt};
    }
    for (const EndpointPort& candidate : slice.ports) {
        if (candidate.name == port.name && candidate.protocol == port.protocol) {
            const bool has_number = candidate.port != 0;
            return {true, has_number ? std::optional(candidate.port) : std::nullopt};
        }
    }
    return {};
}

/// Sorted by address; of the same address the ready, then the meshed one is kept. The rest of the
/// order only makes the choice independent of the order of the files.
void sort_and_merge(std::vector<FoundEndpoint>& endpoints) {
    const auto rank = [](const FoundEndpoint& found) {
        const Endpoint& endpoint = found.endpoint;
        return std::tuple(
            !found.is_ready, !endpoint.meshed, endpoint.standard, endpoint.identity, endpoint.pod
        );
    };
    std::sort(endpoints.begin(), endpoints.end(), [&](const auto& left, const auto& right) {
        const auto order = left.endpoint.address <=> right.endpoint.address;
        return order != 0 ? order < 0 : rank(left) < rank(right);
    });
    const auto last =
        std::unique(endpoints.begin(), endpoints.end(), [](const auto& left, const auto& right) {
            return left.endpoint.address == right.endpoint.address;
        });
    endpoints.erase(last, endpoints.end());
}

}  // namespace

std::vector<FoundEndpoint> find_endpoints(
    const Catalog& catalog,
    const Service& service,
    const ServicePort& port,
    const std::string& trust_domain
) {
    std::vector<FoundEndpoint> endpoints;
    const auto slices = catalog.slices.find(service.metadata.name);
    if (slices == catalog.slices.end()) {
        return endpoints;
    }
    for (const EndpointSlice* slice : slices->second) {
        const SlicePort slice_port = find_slice_port(*slice, port);
        if (!slice_port.is_served) {
            continue;
        }
        for (const EndpointEntry& entry : slice->endpoints) {
            for (const IpAddress& ip : entry.addresses) {
                const Behind behind{find_pod(catalog, *slice, entry, ip), *slice, service};
                const auto number =
                    slice_port.number ? slice_port.number : target_port(port, behind.pod);
                if (!number) {
                    continue;
                }
                FoundEndpoint found;
                found.endpoint.address = {ip, *number};
                found.endpoint.identity = identity_of(behind, trust_domain);
                set_membership(found.endpoint, membership_of(catalog, behind));
                found.endpoint.pod =
                    behind.pod != nullptr ? behind.pod->metadata.name.name : entry.pod;
                found.is_ready = entry.is_ready;
                found.name_space = slice->metadata.name.name_space;
                endpoints.push_back(std::move(found));
            }
        }
    }
    sort_and_merge(endpoints);
    return endpoints;
}

std::vector<Endpoint> pod_endpoints(
    const Catalog& catalog, const Pod& pod, const std::string& trust_domain
) {
    std::vector<Endpoint> endpoints;
    const Membership membership = membership_of(catalog, pod.metadata);
    for (const IpAddress& ip : pod.addresses) {
        const auto alone = catalog.pods_by_ip.find(ip);
        if (alone == catalog.pods_by_ip.end() || alone->second != &pod) {
            continue;
        }
        for (const auto& [name, port] : pod.named_ports) {
            Endpoint& endpoint = endpoints.emplace_back();
            endpoint.address = {ip, port};
            endpoint.identity = pod_identity(pod, trust_domain);
            endpoint.pod = pod.metadata.name.name;
            set_membership(endpoint, membership);
        }
    }
    return endpoints;
}

}  // namespace policy
