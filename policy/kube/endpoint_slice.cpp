// discovery.k8s.io/v1 EndpointSlice.
#include "policy/kube/kinds.hpp"

#include <utility>

namespace policy::kube {
namespace {

constexpr std::string_view k_service_label = "kubernetes.io/service-name";

/// An endpoint without conditions is ready (smi.md §1.8); one whose condition cannot be read is
/// not.
bool read_is_ready(const Field& endpoint, ObjectReader& reader) {
    const std::size_t errors_before = reader.errors();
    const auto conditions = reader.mapping(endpoint, "conditions");
    if (!conditions) {
        return reader.errors() == errors_before;
    }
    const auto ready = reader.any(*conditions, "ready");
    if (!ready) {
        return true;
    }
    const auto is_ready = ready->node->as_bool();
    if (!is_ready) {
        reader.error(*ready->node, "wrong_type", ready->path + ": write true or false");
    }
    return is_ready.value_or(false);
}

EndpointEntry read_entry(const Field& endpoint, ObjectReader& reader) {
    EndpointEntry entry;
    for (const Field& item : reader.list(endpoint, "addresses").value_or(std::vector<Field>{})) {
        if (const auto ip = read_ip(item, reader)) {
            entry.addresses.push_back(*ip);
        }
    }
    entry.is_ready = read_is_ready(endpoint, reader);
    const std::size_t errors_before = reader.errors();
    entry.pod = read_target_pod(endpoint, reader);
    if (reader.errors() != errors_before) {
        entry.addresses.clear(
        );  // who must answer there is unknown: plaintext would be a downgrade
    }
    return entry;
}

}  // namespace

void decode_endpoint_slice(
    const Field& object, Metadata metadata, ObjectReader& reader, std::vector<Resource>& out
) {
    const auto service = metadata.labels.find(std::string(k_service_label));
    if (service == metadata.labels.end()) {
        reader.warn(
            *object.node->find("metadata"),
            "missing_field",
            "the slice belongs to no Service and is ignored: add the label " +
                std::string(k_service_label)
        );
        return;
    }
    if (reader.string(object, "addressType") == "FQDN") {
        reader.warn(
            *object.node->find("addressType"),
            "unsupported_address_type",
            "a slice of host names is ignored: write one with addresses, of addressType IPv4 or "
            "IPv6"
        );
        return;
    }
    EndpointSlice slice;
    slice.service = {metadata.name.name_space, service->second};
    slice.metadata = std::move(metadata);
    const std::size_t errors_before = reader.errors();
    slice.ports = read_endpoint_ports(object, reader);
    if (slice.ports.empty() && reader.errors() != errors_before) {
        return;  // without ports, those of the Service would stand in for what was written
    }
    for (const Field& endpoint : reader.list_of_mappings(object, "endpoints")) {
        slice.endpoints.push_back(read_entry(endpoint, reader));
    }
    out.emplace_back(std::move(slice));
}

}  // namespace policy::kube
