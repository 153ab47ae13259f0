// split.smi-spec.io/v1alpha2: weights are whole numbers.
#include "policy/smi/split.hpp"

#include <utility>

namespace policy::smi {

void decode_split_v1alpha2(
    const Field& object, Metadata metadata, ObjectReader& reader, std::vector<Resource>& out
) {
    const SplitShape shape{.has_matches = false};
    out.emplace_back(read_split(object, std::move(metadata), shape, reader));
}

}  // namespace policy::smi
