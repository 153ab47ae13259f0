// Where `matches` stands in a specs object.
#pragma once

#include "policy/object_reader.hpp"
#include "policy/smi/specs.hpp"

#include <optional>

namespace policy::smi {

/// The object or its spec, whichever holds `matches`; nothing when neither does. Warns of the
/// place that the version does not know, of unknown fields, and errs when both hold it.
[[nodiscard]] std::optional<Field> parent_of_matches(
    const Field& object, MatchesPlace place, ObjectReader& reader
);

}  // namespace policy::smi
