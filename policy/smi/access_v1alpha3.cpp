// access.smi-spec.io/v1alpha3: the port moved to TCPRoute and UDPRoute.
#include "policy/smi/access.hpp"

#include <utility>

namespace policy::smi {

void decode_access_v1alpha3(
    const Field& object, Metadata metadata, ObjectReader& reader, std::vector<Resource>& out
) {
    decode_target_under_spec(object, std::move(metadata), TargetShape{}, reader, out);
}

}  // namespace policy::smi
