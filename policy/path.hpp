// The one canonical form of a request path: what is matched is what the application gets.
#pragma once

#include <string>
#include <string_view>

namespace policy {

enum class PathVerdict : std::uint8_t { ok, refused };

/// Splits a request target (RFC 9112 §3.2) into path and the rest ("?query" or empty).
struct TargetParts {
    std::string_view path;   // origin form's path; of an absolute form too; empty for "*" and
                             // CONNECT's authority form
    std::string_view query;  // with its '?', or empty
};
[[nodiscard]] TargetParts split_target(std::string_view method, std::string_view target);

/// Writes the canonical form of `path` into `out` (replaced; its capacity is reused): unreserved
/// escapes decoded (once: %25 stays), "//" merged, then dot segments removed (RFC 3986 §5.2.4) with
/// path parameters
/// (";…") of a segment set aside for the test. Refused: %2F, %5C, '\', NUL and control bytes, bad
/// escapes, '#', a ".." above the root; `keep_escaped_slash` lets %2F and %5C stay as they are.
/// Idempotent.
[[nodiscard]] PathVerdict canonical_path(
    std::string_view path, bool keep_escaped_slash, std::string& out
);

}  // namespace policy
