#include "policy/smi/matches_field.hpp"

namespace policy::smi {

std::optional<Field> parent_of_matches(
    const Field& object, MatchesPlace place, ObjectReader& reader
) {
    reader.warn_unknown(object, {"apiVersion", "kind", "metadata", "spec", "status", "matches"});
    const auto spec = reader.mapping(object, "spec");
    if (spec) {
        reader.warn_unknown(*spec, {"matches"});
    }
    const Node* const at_root = object.node->find("matches");
    const Node* const under_spec = spec ? spec->node->find("matches") : nullptr;
    if (at_root != nullptr && under_spec != nullptr) {
        reader.error(
            *at_root,
            "misplaced_field",
            "matches stands at the root and under spec: leave one of them"
        );
        return std::nullopt;
    }
    if (at_root != nullptr && place == MatchesPlace::spec) {
        reader.warn(
            *at_root,
            "misplaced_field",
            "matches stands at the root, where this version does not look; it is read all the "
            "same: move it under spec"
        );
    }
    if (under_spec != nullptr && place == MatchesPlace::root) {
        reader.warn(
            *under_spec,
            "misplaced_field",
            "matches stands under spec, where this version does not look; it is read all the "
            "same: move it to the root"
        );
    }
    if (at_root != nullptr) {
        return object;
    }
    return under_spec != nullptr ? spec : std::nullopt;
}

}  // namespace policy::smi
