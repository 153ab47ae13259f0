// "Did you mean …?"
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace proxy::command {

/// The one of `candidates` that `name` was most likely meant to be, or empty when none is near.
/// Case and separators do not count. Names may be paths ("identity.trustBundle"): the last part
/// decides, so that a key in the wrong section finds its place; ties go to the nearer section.
[[nodiscard]] std::string nearest_name(
    std::string_view name, const std::vector<std::string>& candidates
);

}  // namespace proxy::command
