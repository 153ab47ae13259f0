// A second reader's opinion of a head that ours accepted: llhttp in strict mode. Where two careful
// readers disagree, a third one behind us may too. Ours refuses whatever llhttp refuses, and more;
// tests and fuzz targets hold it to that, so that no request pays for a second reading.
#pragma once

#include "proxy/http/message.hpp"

#include <string_view>

namespace support {

/// What llhttp makes otherwise of `head.text`: whether it is a head at all, its version, its
/// framing. Empty: nothing. The request line is not shown to it: it knows 34 methods, and that it
/// knows no QUERY or VERSION-CONTROL is no reason to refuse one.
[[nodiscard]] std::string_view llhttp_objection(const proxy::http::RequestHead& head);
/// Likewise. Of a response that has no body, whatever its fields say, they are not compared.
[[nodiscard]] std::string_view llhttp_objection(const proxy::http::ResponseHead& head);

}  // namespace support
