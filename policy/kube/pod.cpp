// v1 Pod: whose service account runs at which address.
#include "policy/kube/kinds.hpp"

#include <algorithm>
#include <utility>

namespace policy::kube {
namespace {

void add_ip(
    const Field& parent, std::string_view name, ObjectReader& reader, std::vector<IpAddress>& ips
) {
    const auto field = reader.any(parent, name);
    if (!field || (field->node->is_scalar() && field->node->scalar.empty())) {
        return;
    }
    const auto ip = read_ip(*field, reader);
    if (ip && std::find(ips.begin(), ips.end(), *ip) == ips.end()) {
        ips.push_back(*ip);
    }
}

/// A pod that has ended keeps its address in print, while another may have it by now.
std::vector<IpAddress> read_addresses(const Field& object, ObjectReader& reader) {
    std::vector<IpAddress> ips;
    const auto status = reader.mapping(object, "status");
    if (!status) {
        return ips;
    }
    const std::size_t errors_before = reader.errors();
    const std::string phase = reader.string(*status, "phase").value_or("");
    if (phase == "Succeeded" || phase == "Failed" || reader.errors() != errors_before) {
        return ips;
    }
    add_ip(*status, "podIP", reader, ips);
    for (const Field& item : reader.list_of_mappings(*status, "podIPs")) {
        add_ip(item, "ip", reader, ips);
    }
    return ips;
}

/// In doubt it shares: whoever is known by an address must have it alone.
bool is_on_host_network(const Field& spec, ObjectReader& reader) {
    const auto field = reader.any(spec, "hostNetwork");
    return field && !(field->node->is_scalar() && field->node->scalar == "false");
}

void read_named_ports(
    const Field& spec, std::string_view containers, ObjectReader& reader, Pod& pod
) {
    for (const Field& container : reader.list_of_mappings(spec, containers)) {
        for (const Field& port : reader.list_of_mappings(container, "ports")) {
            const std::string name = reader.string(port, "name").value_or("");
            const auto number = reader.port(port, "containerPort");
            if (!name.empty() && number) {
                pod.named_ports.emplace(name, *number);
            }
        }
    }
}

}  // namespace

void decode_pod(
    const Field& object, Metadata metadata, ObjectReader& reader, std::vector<Resource>& out
) {
    Pod pod;
    pod.metadata = std::move(metadata);
    const std::size_t errors_before = reader.errors();
    const auto spec = reader.mapping(object, "spec");
    if (spec) {
        const auto account = reader.string(*spec, "serviceAccountName");
        pod.service_account = account && !account->empty() ? *account : "default";
    }
    if (reader.errors() != errors_before) {
        pod.service_account.clear();  // without the pod its endpoints would count as no mesh's
    }
    if (spec) {
        pod.is_on_host_network = is_on_host_network(*spec, reader);
        read_named_ports(*spec, "containers", reader, pod);
        read_named_ports(*spec, "initContainers", reader, pod);  // native sidecars
    }
    pod.addresses = read_addresses(object, reader);
    out.emplace_back(std::move(pod));
}

}  // namespace policy::kube
