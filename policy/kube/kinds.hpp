// The Kubernetes kinds that tell where Services lead: apiVersion + kind → decoder.
#pragma once

#include "policy/object_reader.hpp"

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace policy::kube {

[[nodiscard]] std::span<const KindRow> kinds();

void decode_service(
    const Field& object, Metadata metadata, ObjectReader& reader, std::vector<Resource>& out
);
void decode_endpoint_slice(
    const Field& object, Metadata metadata, ObjectReader& reader, std::vector<Resource>& out
);
void decode_endpoints(
    const Field& object, Metadata metadata, ObjectReader& reader, std::vector<Resource>& out
);
void decode_pod(
    const Field& object, Metadata metadata, ObjectReader& reader, std::vector<Resource>& out
);
void decode_namespace(
    const Field& object, Metadata metadata, ObjectReader& reader, std::vector<Resource>& out
);

// Parts that several of these kinds have. An unreadable part is left out, with an error: less is
// reachable then, never more.

/// An address, or nothing with an error.
[[nodiscard]] std::optional<IpAddress> read_ip(const Field& field, ObjectReader& reader);
/// `ports` of an EndpointSlice or of a subset of Endpoints.
[[nodiscard]] std::vector<EndpointPort> read_endpoint_ports(
    const Field& parent, ObjectReader& reader
);
/// The Pod that `parent.targetRef` names, or "".
[[nodiscard]] std::string read_target_pod(const Field& parent, ObjectReader& reader);

}  // namespace policy::kube
