// access.smi-spec.io/v1alpha1: fields at the root, rules named specs, an optional port.
#include "policy/smi/access.hpp"

#include <utility>

namespace policy::smi {

void decode_access_v1alpha1(
    const Field& object, Metadata metadata, ObjectReader& reader, std::vector<Resource>& out
) {
    reader.refuse_unknown(
        object, {"apiVersion", "kind", "metadata", "status", "destination", "sources", "specs"}
    );
    const TargetShape shape{.rules = "specs", .has_port = true};
    out.emplace_back(read_target(object, std::move(metadata), shape, reader));
}

}  // namespace policy::smi
