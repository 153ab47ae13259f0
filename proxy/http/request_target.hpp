// What of a request's target is judged, and what goes on.
#pragma once

#include "policy/options.hpp"
#include "proxy/http/message.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace proxy::http {

enum class PathRules : std::uint8_t { none, some };

/// Views into the request's head, or into the strings they were written to.
struct RequestTarget {
    std::string_view path;    // for the policy, without query; empty: no path rule can match
    std::string_view target;  // to send on
    bool is_refused = false;  // a path rule takes part, and the path has no canonical form
};

/// The target in origin form (RFC 9112 §3.2.1; absolute form is for proxies, and the next hop is
/// none). Where path rules take part the path is brought to its canonical form, and that form goes
/// on (security.md §4); without path rules, or refused, it is as it was sent. `path` and `target`
/// are overwritten.
[[nodiscard]] RequestTarget read_target(
    const RequestHead& request,
    PathRules rules,
    const policy::Options& options,
    std::string& path,
    std::string& target
);

}  // namespace proxy::http
