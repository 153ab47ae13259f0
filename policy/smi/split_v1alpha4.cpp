// split.smi-spec.io/v1alpha4: the shape of v1alpha3.
#include "policy/smi/split.hpp"

#include <utility>

namespace policy::smi {

void decode_split_v1alpha4(
    const Field& object, Metadata metadata, ObjectReader& reader, std::vector<Resource>& out
) {
    const SplitShape shape;
    out.emplace_back(read_split(object, std::move(metadata), shape, reader));
}

}  // namespace policy::smi
