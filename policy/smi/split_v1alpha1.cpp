// split.smi-spec.io/v1alpha1: weights are quantities, where 1 is 1000m.
#include "policy/smi/split.hpp"

#include <utility>

namespace policy::smi {

void decode_split_v1alpha1(
    const Field& object, Metadata metadata, ObjectReader& reader, std::vector<Resource>& out
) {
    const SplitShape shape{.weights_are_quantities = true, .has_matches = false};
    out.emplace_back(read_split(object, std::move(metadata), shape, reader));
}

}  // namespace policy::smi
