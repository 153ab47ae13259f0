// access.smi-spec.io/v1alpha4: the shape of v1alpha3; subjects may name a group.
#include "policy/smi/access.hpp"

#include <utility>

namespace policy::smi {

void decode_access_v1alpha4(
    const Field& object, Metadata metadata, ObjectReader& reader, std::vector<Resource>& out
) {
    decode_target_under_spec(object, std::move(metadata), TargetShape{}, reader, out);
}

}  // namespace policy::smi
