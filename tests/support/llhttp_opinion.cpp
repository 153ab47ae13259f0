#include "tests/support/llhttp_opinion.hpp"

#include <llhttp.h>

namespace support {
namespace {

using proxy::http::BodyKind;
using proxy::http::Head;

constexpr std::string_view k_unreadable = "llhttp does not read this head";

int on_headers_complete(llhttp_t*) noexcept {
    return HPE_PAUSED;  // the body is read by us
}

llhttp_settings_t make_settings() {
    llhttp_settings_t settings;
    llhttp_settings_init(&settings);
    settings.on_headers_complete = on_headers_complete;
    return settings;
}

llhttp_t make_parser(llhttp_type_t type) {
    // Read only, but llhttp takes it as mutable.
    static llhttp_settings_t settings = make_settings();
    llhttp_t parser;
    llhttp_init(&parser, type, &settings);
    return parser;
}

/// Reads to the end of the head, which must be that of `text`.
bool reads(llhttp_t& parser, std::string_view text) {
    const llhttp_errno_t error = llhttp_execute(&parser, text.data(), text.size());
    return error == HPE_PAUSED && llhttp_get_error_pos(&parser) == text.data() + text.size();
}

std::string_view compare_versions(const llhttp_t& parser, const Head& head) {
    const bool agrees = parser.http_major == 1 && parser.http_minor == head.minor_version;
    return agrees ? "" : "llhttp reads another version";
}

std::string_view compare_framing(const llhttp_t& parser, const Head& head) {
    const bool is_chunked = (parser.flags & F_CHUNKED) != 0;
    const bool has_length = (parser.flags & F_CONTENT_LENGTH) != 0;
    const bool agrees = is_chunked == (head.framing.kind == BodyKind::chunked) &&
                        has_length == (head.framing.kind == BodyKind::length) &&
                        parser.content_length == head.framing.length;
    return agrees ? "" : "llhttp reads another framing";
}

}  // namespace

std::string_view llhttp_objection(const proxy::http::RequestHead& head) {
    const std::string_view line =
        head.minor_version == 0 ? "GET / HTTP/1.0\r\n" : "GET / HTTP/1.1\r\n";
    const std::string_view text = head.text;
    llhttp_t parser = make_parser(HTTP_REQUEST);
    if (llhttp_execute(&parser, line.data(), line.size()) != HPE_OK ||
        !reads(parser, text.substr(text.find("\r\n") + 2))) {
        return k_unreadable;
    }
    const std::string_view objection = compare_versions(parser, head);
    return objection.empty() ? compare_framing(parser, head) : objection;
}

std::string_view llhttp_objection(const proxy::http::ResponseHead& head) {
    llhttp_t parser = make_parser(HTTP_RESPONSE);
    if (!reads(parser, head.text)) {
        return k_unreadable;
    }
    const std::string_view objection = compare_versions(parser, head);
    const bool has_body = head.framing.kind != BodyKind::none;
    return objection.empty() && has_body ? compare_framing(parser, head) : objection;
}

}  // namespace support
