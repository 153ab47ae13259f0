// specs.smi-spec.io/v1alpha1: matches at the root; TCPRoute marks a protocol and has no fields.
#include "policy/smi/specs.hpp"

#include <utility>

namespace policy::smi {

void decode_http_route_group_v1alpha1(
    const Field& object, Metadata metadata, ObjectReader& reader, std::vector<Resource>& out
) {
    out.emplace_back(read_http_route_group(object, std::move(metadata), MatchesPlace::root, reader)
    );
}

void decode_tcp_route_v1alpha1(
    const Field& object, Metadata metadata, ObjectReader& reader, std::vector<Resource>& out
) {
    out.emplace_back(TcpRoute{read_port_route(object, std::move(metadata), false, reader)});
}

}  // namespace policy::smi
