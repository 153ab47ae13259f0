#include "policy/kube/kinds.hpp"

#include "policy/options.hpp"

#include <utility>

namespace policy::kube {
namespace {

constexpr KindRow k_kinds[] = {
    {"v1", "Service", decode_service},
    {"discovery.k8s.io/v1", "EndpointSlice", decode_endpoint_slice},
    {"v1", "Endpoints", decode_endpoints},
    {"v1", "Pod", decode_pod},
    {"v1", "Namespace", decode_namespace},
};

}  // namespace

std::span<const KindRow> kinds() {
    return k_kinds;
}

void decode_namespace(
    const Field& object, Metadata metadata, ObjectReader& reader, std::vector<Resource>& out
) {
    const auto tell = [&](const char* name, const char* code, const char* way_out) {
        // Its metadata was read, so all three are there.
        const Node& annotations = *object.node->find("metadata")->find("annotations");
        reader.error(
            *annotations.find(name),
            code,
            std::string("metadata.annotations.") + name + " is \"" + metadata.annotations.at(name) +
                "\", so the namespace's pods " + way_out
        );
    };
    const auto& annotations = metadata.annotations;
    const auto access = annotations.find(k_access_annotation);
    if (access != annotations.end() && !parse_access_mode(access->second)) {
        tell(
            k_access_annotation, "invalid_access_annotation", "enforce: write enforce, audit or off"
        );
    }
    const auto mtls = annotations.find(k_mtls_annotation);
    if (mtls != annotations.end() && !parse_mtls_mode(mtls->second)) {
        tell(
            k_mtls_annotation, "invalid_mtls_annotation", "are strict: write strict or permissive"
        );
    }
    out.emplace_back(NamespaceObject{std::move(metadata)});
}

std::optional<IpAddress> read_ip(const Field& field, ObjectReader& reader) {
    const auto text = reader.as_string(field);
    if (!text) {
        return std::nullopt;
    }
    auto ip = parse_ip(*text);
    if (!ip) {
        reader.error(
            *field.node,
            "invalid_value",
            field.path + " is \"" + *text + "\": write an IPv4 or IPv6 address"
        );
    }
    return ip;
}

std::vector<EndpointPort> read_endpoint_ports(const Field& parent, ObjectReader& reader) {
    std::vector<EndpointPort> ports;
    for (const Field& field : reader.list_of_mappings(parent, "ports")) {
        const std::size_t errors_before = reader.errors();
        const auto number = reader.port(field, "port");
        EndpointPort port;
        port.port = number.value_or(0);
        port.name = reader.string(field, "name").value_or("");
        port.protocol = reader.string(field, "protocol").value_or("TCP");
        port.app_protocol = reader.string(field, "appProtocol").value_or("");
        if (number && reader.errors() == errors_before) {
            ports.push_back(std::move(port));
        }
    }
    return ports;
}

std::string read_target_pod(const Field& parent, ObjectReader& reader) {
    const auto reference = reader.mapping(parent, "targetRef");
    if (!reference || reader.string(*reference, "kind") != "Pod") {
        return {};
    }
    return reader.string(*reference, "name").value_or("");
}

}  // namespace policy::kube
