// What a proxy changes in a message and what it never lets through (RFC 9110 §7.6, security.md §2).
#pragma once

#include "proxy/http/message.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace proxy::http {

/// Fields to send on, in order: views into the head they came from and into static text. Reused
/// from message to message to keep its capacity.
using FieldList = std::vector<Field>;

/// The request's end-to-end fields: hop-by-hop ones (Connection and what it lists, Keep-Alive,
/// Proxy-Connection, TE except "trailers", Transfer-Encoding, Upgrade) and identity headers that a
/// client may not claim (smilax-*, x-forwarded-client-cert, l5d-client-id, underscore aliases) are
/// left out; framing is written anew from `head.framing` (`Content-Length` stays where it stood,
/// `transfer-encoding: chunked` likewise); an upgrade keeps `Connection: Upgrade` and `Upgrade`.
/// Names listed in Connection never remove Host, Content-Length or a field that we add.
void forward_request_fields(const RequestHead& head, FieldList& out);

struct ResponseRewrite {
    std::uint8_t client_minor_version = 1;
    bool client_wants_close = false;  // adds `Connection: close`
    bool head_request = false;
};
/// The response's end-to-end fields, framed for the client: for HTTP/1.0 clients a chunked body is
/// sent until close. Returns how the body is to be framed towards the client.
[[nodiscard]] BodyKind forward_response_fields(
    const ResponseHead& head, const ResponseRewrite& rewrite, FieldList& out
);

/// Trailer fields that may pass: no framing, no hop-by-hop, no identity headers.
void forward_trailers(std::span<const Field> trailers, FieldList& out);

}  // namespace proxy::http
