// specs.smi-spec.io/v1alpha3: matches under spec; TCPRoute still has no fields.
#include "policy/smi/specs.hpp"

#include <utility>

namespace policy::smi {

void decode_http_route_group_v1alpha3(
    const Field& object, Metadata metadata, ObjectReader& reader, std::vector<Resource>& out
) {
    out.emplace_back(read_http_route_group(object, std::move(metadata), MatchesPlace::spec, reader)
    );
}

void decode_tcp_route_v1alpha3(
    const Field& object, Metadata metadata, ObjectReader& reader, std::vector<Resource>& out
) {
    out.emplace_back(TcpRoute{read_port_route(object, std::move(metadata), false, reader)});
}

}  // namespace policy::smi
