// Services with their endpoints: where requests can go, and who must answer there.
#include "policy/ascii.hpp"
#include "policy/compile_parts.hpp"
#include "policy/endpoints.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <set>
#include <string_view>
#include <utility>

namespace policy {
namespace {

/// Protocols that are no HTTP: their bytes are never parsed. What is not listed is detected.
constexpr std::array<std::string_view, 16> k_opaque_protocols{
    "tcp",
    "opaque",
    "tls",
    "mysql",
    "postgres",
    "postgresql",
    "redis",
    "mongo",
    "mongodb",
    "cassandra",
    "kafka",
    "amqp",
    "nats",
    "smtp",
    "ftp",
    "memcached",
};

/// appProtocol decides; where it is absent, a port called "tcp" or "tcp-…" is opaque too.
bool is_opaque_port(const ServicePort& port) {
    if (port.app_protocol.empty()) {
        return port.name == "tcp" || port.name.starts_with("tcp-");
    }
    const std::string protocol = to_lower(port.app_protocol);
    return std::find(k_opaque_protocols.begin(), k_opaque_protocols.end(), protocol) !=
           k_opaque_protocols.end();
}

/// nullopt for what is neither (SCTP).
std::optional<Transport> transport_of(const ServicePort& port) {
    if (port.protocol == "TCP") {
        return Transport::tcp;
    }
    return port.protocol == "UDP" ? std::optional(Transport::udp) : std::nullopt;
}

/// The pods of this sidecar. The name of the pod says it exactly; pods that share a service
/// account are told apart only by it.
bool is_own(const Workload& workload, const FoundEndpoint& found) {
    if (found.name_space != workload.name_space) {
        return false;  // nobody elsewhere declares what our ports are
    }
    if (!workload.pod.empty() && !found.endpoint.pod.empty()) {
        return found.endpoint.pod == workload.pod;
    }
    return found.endpoint.identity ==
           Identity{workload.trust_domain, workload.name_space, workload.service_account};
}

class ServiceCompiler {
 public:
    ServiceCompiler(CompileContext& context, Room& room, const Service& service)
        : context_(context), room_(room), service_(service), addresses_(count_addresses()) {}

    void compile() {
        const ObjectName& name = service_.metadata.name;
        Destination& destination = context_.data.destinations[name];
        destination.name = name;
        destination.cluster_ips = service_.cluster_ips;
        std::set<PortKey> seen;
        for (const ServicePort& port : service_.ports) {
            const auto transport = transport_of(port);
            // The same port twice is invalid in Kubernetes; the first one stands.
            if (transport && port.port != 0 && seen.insert({*transport, port.port}).second) {
                add_port(destination, port, *transport);
            }
        }
        std::sort(
            destination.ports.begin(),
            destination.ports.end(),
            [](const auto& left, const auto& right) { return left->key < right->key; }
        );
    }

 private:
    void add_port(Destination& destination, const ServicePort& port, Transport transport) {
        SnapshotData& data = context_.data;
        auto backend = std::make_unique<Backend>();
        backend->name_space = service_.metadata.name.name_space;
        backend->service = service_.metadata.name.name;
        backend->transport = transport;
        backend->port = port.port;
        backend->opaque = transport == Transport::tcp && is_opaque_port(port);
        std::vector<FoundEndpoint> endpoints;
        if (take_room()) {
            endpoints =
                find_endpoints(context_.catalog, service_, port, data.workload.trust_domain);
        }
        for (FoundEndpoint& found : endpoints) {
            if (backend->opaque && is_own(data.workload, found)) {
                data.opaque_ports.add(found.endpoint.address.port);
            }
            if (found.is_ready) {
                backend->endpoints.push_back(std::move(found.endpoint));
            } else if (transport == Transport::tcp) {
                data.other_endpoints.push_back(std::move(found.endpoint));
            }
        }
        auto entry = std::make_unique<DestinationPort>();
        entry->owner = &destination;
        entry->key = {transport, port.port};
        entry->whole = {backend.get(), 1};
        entry->choice_id = choice_id(service_.metadata.name, entry->key, {});
        backend->turn_id = entry->choice_id;
        entry->service = std::move(backend);
        destination.ports.push_back(std::move(entry));
    }

    [[nodiscard]] std::size_t count_addresses() const {
        std::size_t addresses = 0;
        const auto slices = context_.catalog.slices.find(service_.metadata.name);
        if (slices != context_.catalog.slices.end()) {
            for (const EndpointSlice* slice : slices->second) {
                for (const EndpointEntry& entry : slice->endpoints) {
                    addresses += entry.addresses.size();
                }
            }
        }
        return addresses;
    }

    /// For the endpoints of one port. False, told once, when there is none left.
    bool take_room() {
        if (room_.take(addresses_ + 1)) {
            return true;
        }
        if (!is_too_large_) {
            is_too_large_ = true;
            context_.problems.add(
                {Severity::error,
                 service_.metadata.origin,
                 object_text("Service", service_.metadata.name),
                 "policy_too_large",
                 "its ports by its endpoints are more than the " + std::to_string(Room::units_max) +
                     " entries that all Services may have together, so ports of it have no "
                     "endpoint; give it fewer ports"}
            );
        }
        return false;
    }

    CompileContext& context_;
    Room& room_;
    const Service& service_;
    std::size_t addresses_;  // of all its slices
    bool is_too_large_ = false;
};

/// One endpoint by address. Several Services may list the same pod; when they disagree, a meshed
/// one wins: plaintext to a pod that is in the mesh would be a downgrade.
void index_endpoint(SnapshotData& data, const Endpoint& endpoint) {
    const auto [place, is_new] = data.endpoints.emplace(endpoint.address, &endpoint);
    if (!is_new && endpoint.meshed && !place->second->meshed) {
        place->second = &endpoint;
    }
}

void index_endpoints(SnapshotData& data) {
    for (const auto& [name, destination] : data.destinations) {
        for (const auto& entry : destination.ports) {
            if (entry->key.transport == Transport::udp) {
                continue;
            }
            for (const Endpoint& endpoint : entry->service->endpoints) {
                index_endpoint(data, endpoint);
            }
        }
    }
    for (const Endpoint& endpoint : data.other_endpoints) {
        index_endpoint(data, endpoint);
    }
}

}  // namespace

void compile_services(CompileContext& context) {
    SnapshotData& data = context.data;
    Room room;
    for (const auto& [name, service] : context.catalog.services) {
        ServiceCompiler(context, room, *service).compile();
    }
    for (const auto& [name, pod] : context.catalog.pods) {
        for (Endpoint& endpoint :
             pod_endpoints(context.catalog, *pod, data.workload.trust_domain)) {
            data.other_endpoints.push_back(std::move(endpoint));
        }
    }
    index_endpoints(data);
}

}  // namespace policy
