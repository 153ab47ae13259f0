// split.smi-spec.io: one decoder per version, and the part that they share.
#pragma once

#include "policy/object_reader.hpp"

#include <vector>

namespace policy::smi {

void decode_split_v1alpha1(
    const Field& object, Metadata metadata, ObjectReader& reader, std::vector<Resource>& out
);
void decode_split_v1alpha2(
    const Field& object, Metadata metadata, ObjectReader& reader, std::vector<Resource>& out
);
void decode_split_v1alpha3(
    const Field& object, Metadata metadata, ObjectReader& reader, std::vector<Resource>& out
);
void decode_split_v1alpha4(
    const Field& object, Metadata metadata, ObjectReader& reader, std::vector<Resource>& out
);

/// How the versions differ.
struct SplitShape {
    bool weights_are_quantities = false;  // 0.5 is a weight, and an absent one is 0
    bool has_matches = true;              // elsewhere honoured with a warning
};

[[nodiscard]] TrafficSplit read_split(
    const Field& object, Metadata metadata, const SplitShape& shape, ObjectReader& reader
);

}  // namespace policy::smi
