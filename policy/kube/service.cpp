// v1 Service.
#include "policy/kube/kinds.hpp"

#include <algorithm>
#include <utility>

namespace policy::kube {
namespace {

void add_cluster_ip(const Field& field, ObjectReader& reader, std::vector<IpAddress>& ips) {
    // "None" makes the Service headless; "" is one that has no address yet.
    if (field.node->is_scalar() && (field.node->scalar == "None" || field.node->scalar.empty())) {
        return;
    }
    const auto ip = read_ip(field, reader);
    if (ip && std::find(ips.begin(), ips.end(), *ip) == ips.end()) {
        ips.push_back(*ip);
    }
}

std::vector<IpAddress> read_cluster_ips(const Field& spec, ObjectReader& reader) {
    std::vector<IpAddress> ips;
    if (const auto field = reader.any(spec, "clusterIP")) {
        add_cluster_ip(*field, reader, ips);
    }
    for (const Field& item : reader.list(spec, "clusterIPs").value_or(std::vector<Field>{})) {
        add_cluster_ip(item, reader, ips);
    }
    return ips;
}

std::optional<ServicePort> read_port(const Field& field, ObjectReader& reader) {
    const std::size_t errors_before = reader.errors();
    ServicePort port;
    const auto number = reader.port(field, "port");
    port.name = reader.string(field, "name").value_or("");
    port.protocol = reader.string(field, "protocol").value_or("TCP");
    port.app_protocol = reader.string(field, "appProtocol").value_or("");
    if (const auto target = reader.any(field, "targetPort")) {
        if (const auto name = target->node->as_string()) {
            port.target_port = std::string(*name);
        } else if (const auto target_number = reader.as_port(*target)) {
            port.target_port = *target_number;
        }
    }
    if (!number && reader.errors() == errors_before) {
        reader.error(*field.node, "missing_field", field.path + ".port is missing: add it");
    }
    if (reader.errors() != errors_before) {
        return std::nullopt;
    }
    port.port = *number;
    return port;
}

}  // namespace

void decode_service(
    const Field& object, Metadata metadata, ObjectReader& reader, std::vector<Resource>& out
) {
    Service service;
    service.metadata = std::move(metadata);
    if (const auto spec = reader.mapping(object, "spec")) {
        service.cluster_ips = read_cluster_ips(*spec, reader);
        service.selector = reader.string_map(*spec, "selector");
        for (const Field& field : reader.list_of_mappings(*spec, "ports")) {
            if (auto port = read_port(field, reader)) {
                service.ports.push_back(std::move(*port));
            }
        }
    }
    out.emplace_back(std::move(service));
}

}  // namespace policy::kube
