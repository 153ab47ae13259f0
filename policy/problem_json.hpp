// Problems as JSON: the same object from `check`, `explain` and /snapshot.
#pragma once

#include "policy/json_writer.hpp"
#include "policy/problem.hpp"

#include <span>

namespace policy {

/// Writes the member "problems" of the object that `json` has open: a list of {"file", "line",
/// "column", "severity", "object", "code", "message"}. An unknown line or column is 0.
void write_problems(JsonWriter& json, std::span<const Problem> problems);

}  // namespace policy
