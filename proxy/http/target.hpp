// Request targets (RFC 9112 §3.2) and the authorities in them and in Host.
#pragma once

#include "proxy/http/grammar.hpp"
#include "proxy/http/message.hpp"

#include <optional>
#include <string_view>

namespace proxy::http {

/// "host[:port]", split. A view.
struct Authority {
    std::string_view host;  // an IPv6 address with its brackets; may end in a dot
    std::string_view port;  // empty when there is none
};

/// nullopt unless `text` is one plain host with at most one port: no user information, no list, no
/// escapes, nothing that two readers could read in two ways.
[[nodiscard]] std::optional<Authority> parse_authority(std::string_view text);

/// Checks `head.target` for its method and against `host` (the only Host field, if there was one),
/// and fills `head.authority`.
[[nodiscard]] Trouble understand_target(RequestHead& head, std::optional<std::string_view> host);

}  // namespace proxy::http
