// Reads a file as a whole, within a bound.
#pragma once

#include "policy/result.hpp"

#include <cstddef>
#include <iosfwd>
#include <string>

namespace proxy::command {

/// The error ends a sentence: "is a directory", "No such file or directory", "is larger than …".
[[nodiscard]] policy::Result<std::string> read_text_file(
    const std::string& file, std::size_t bytes_max
);
/// The same of a stream, to its end.
[[nodiscard]] policy::Result<std::string> read_text(std::istream& stream, std::size_t bytes_max);

}  // namespace proxy::command
