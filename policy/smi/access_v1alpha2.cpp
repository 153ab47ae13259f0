// access.smi-spec.io/v1alpha2: fields under spec, an optional port.
#include "policy/smi/access.hpp"

#include <utility>

namespace policy::smi {

void decode_access_v1alpha2(
    const Field& object, Metadata metadata, ObjectReader& reader, std::vector<Resource>& out
) {
    const TargetShape shape{.has_port = true};
    decode_target_under_spec(object, std::move(metadata), shape, reader, out);
}

}  // namespace policy::smi
