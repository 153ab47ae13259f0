// access.smi-spec.io: one decoder per version, and the parts that they share.
#pragma once

#include "policy/object_reader.hpp"

#include <string_view>
#include <vector>

namespace policy::smi {

void decode_access_v1alpha1(
    const Field& object, Metadata metadata, ObjectReader& reader, std::vector<Resource>& out
);
void decode_access_v1alpha2(
    const Field& object, Metadata metadata, ObjectReader& reader, std::vector<Resource>& out
);
void decode_access_v1alpha3(
    const Field& object, Metadata metadata, ObjectReader& reader, std::vector<Resource>& out
);
void decode_access_v1alpha4(
    const Field& object, Metadata metadata, ObjectReader& reader, std::vector<Resource>& out
);

void decode_identity_binding_v1alpha4(
    const Field& object, Metadata metadata, ObjectReader& reader, std::vector<Resource>& out
);

/// How the versions differ.
struct TargetShape {
    std::string_view rules = "rules";  // the field that lists them
    bool has_port = false;             // destination.port is a field of this version
};

/// Reads destination, sources and rules out of `fields`: the object itself or its spec.
[[nodiscard]] TrafficTarget read_target(
    const Field& fields, Metadata metadata, const TargetShape& shape, ObjectReader& reader
);

/// read_target of `object`'s spec; a target without one names nobody.
void decode_target_under_spec(
    const Field& object,
    Metadata metadata,
    const TargetShape& shape,
    ObjectReader& reader,
    std::vector<Resource>& out
);

}  // namespace policy::smi
