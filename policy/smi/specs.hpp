// specs.smi-spec.io: one decoder per version and kind, and the parts that they share.
#pragma once

#include "policy/object_reader.hpp"

#include <cstdint>
#include <vector>

namespace policy::smi {

void decode_http_route_group_v1alpha1(
    const Field& object, Metadata metadata, ObjectReader& reader, std::vector<Resource>& out
);
void decode_http_route_group_v1alpha2(
    const Field& object, Metadata metadata, ObjectReader& reader, std::vector<Resource>& out
);
void decode_http_route_group_v1alpha3(
    const Field& object, Metadata metadata, ObjectReader& reader, std::vector<Resource>& out
);
void decode_http_route_group_v1alpha4(
    const Field& object, Metadata metadata, ObjectReader& reader, std::vector<Resource>& out
);

void decode_tcp_route_v1alpha1(
    const Field& object, Metadata metadata, ObjectReader& reader, std::vector<Resource>& out
);
void decode_tcp_route_v1alpha2(
    const Field& object, Metadata metadata, ObjectReader& reader, std::vector<Resource>& out
);
void decode_tcp_route_v1alpha3(
    const Field& object, Metadata metadata, ObjectReader& reader, std::vector<Resource>& out
);
void decode_tcp_route_v1alpha4(
    const Field& object, Metadata metadata, ObjectReader& reader, std::vector<Resource>& out
);
void decode_udp_route_v1alpha4(
    const Field& object, Metadata metadata, ObjectReader& reader, std::vector<Resource>& out
);

/// Where a version puts `matches`. The other place is read too, with a warning: manifests of one
/// version under the name of another are common (smi.md §1.5 and §2.1), and a constraint that
/// is written down must never be dropped.
enum class MatchesPlace : std::uint8_t { root, spec };

[[nodiscard]] HttpRouteGroup read_http_route_group(
    const Field& object, Metadata metadata, MatchesPlace place, ObjectReader& reader
);

/// TCPRoute and UDPRoute: spec.matches.ports, which only v1alpha4 has; elsewhere it is honoured
/// with a warning.
[[nodiscard]] PortRoute read_port_route(
    const Field& object, Metadata metadata, bool has_ports, ObjectReader& reader
);

}  // namespace policy::smi
