// A second reader's opinion of a head: llhttp in strict mode. Where two careful readers disagree, a
// third one behind us may too, so such a message is refused.
#pragma once

#include "proxy/http/grammar.hpp"
#include "proxy/http/message.hpp"

#include <string_view>

namespace proxy::http {

/// Compare `head.minor_version` and `head.framing` (as its fields declare it) with what llhttp
/// makes of `fields`: the field lines and the empty line. The request line is not shown to it: it
/// knows 34 methods, and that it knows no QUERY or VERSION-CONTROL is no reason to refuse one.
[[nodiscard]] Trouble ask_llhttp_about_request(const Head& head, std::string_view fields);
/// Likewise, `text` being the whole head.
[[nodiscard]] Trouble ask_llhttp_about_response(const Head& head, std::string_view text);

}  // namespace proxy::http
