// split.smi-spec.io/v1alpha3: matches limit the split to some requests.
#include "policy/smi/split.hpp"

#include <utility>

namespace policy::smi {

void decode_split_v1alpha3(
    const Field& object, Metadata metadata, ObjectReader& reader, std::vector<Resource>& out
) {
    const SplitShape shape;
    out.emplace_back(read_split(object, std::move(metadata), shape, reader));
}

}  // namespace policy::smi
