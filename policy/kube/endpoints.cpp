// v1 Endpoints: each subset becomes a slice of the Service of the same name.
#include "policy/kube/kinds.hpp"

#include <utility>

namespace policy::kube {
namespace {

void read_entries(
    const Field& subset,
    std::string_view name,
    bool is_ready,
    ObjectReader& reader,
    std::vector<EndpointEntry>& out
) {
    for (const Field& address : reader.list_of_mappings(subset, name)) {
        EndpointEntry entry;
        entry.is_ready = is_ready;
        if (const auto field = reader.any(address, "ip")) {
            if (const auto ip = read_ip(*field, reader)) {
                entry.addresses.push_back(*ip);
            }
        }
        const std::size_t errors_before = reader.errors();
        entry.pod = read_target_pod(address, reader);
        if (reader.errors() != errors_before) {
            continue;  // who must answer there is unknown: plaintext would be a downgrade
        }
        out.push_back(std::move(entry));
    }
}

}  // namespace

void decode_endpoints(
    const Field& object, Metadata metadata, ObjectReader& reader, std::vector<Resource>& out
) {
    for (const Field& subset : reader.list_of_mappings(object, "subsets")) {
        EndpointSlice slice;
        slice.metadata = metadata;
        slice.service = metadata.name;
        const std::size_t errors_before = reader.errors();
        slice.ports = read_endpoint_ports(subset, reader);
        if (slice.ports.empty() && reader.errors() != errors_before) {
            continue;  // without ports, those of the Service would stand in for what was written
        }
        read_entries(subset, "addresses", true, reader, slice.endpoints);
        read_entries(subset, "notReadyAddresses", false, reader, slice.endpoints);
        out.emplace_back(std::move(slice));
    }
}

}  // namespace policy::kube
