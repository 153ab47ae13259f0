// The table of SMI versions: apiVersion + kind → decoder.
#pragma once

#include "policy/object_reader.hpp"

#include <span>
#include <string>
#include <string_view>

namespace policy::smi {

[[nodiscard]] std::span<const KindRow> versions();

/// True for the groups that say who may do what and where it goes: an object of theirs that is
/// not understood is an error, never a mere warning.
[[nodiscard]] bool is_policy_group(std::string_view api_version);

/// What to write instead of an `api_version` and `kind` of these groups that no row has.
[[nodiscard]] std::string what_is_known(std::string_view api_version, std::string_view kind);

}  // namespace policy::smi
