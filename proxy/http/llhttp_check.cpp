#include "proxy/http/llhttp_check.hpp"

#include <llhttp.h>

namespace proxy::http {
namespace {

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

Trouble compare(llhttp_t& parser, const Head& head, std::string_view text) {
    const llhttp_errno_t error = llhttp_execute(&parser, text.data(), text.size());
    if (error != HPE_PAUSED || llhttp_get_error_pos(&parser) != text.data() + text.size()) {
        return {"llhttp does not read this head"};
    }
    const bool is_chunked = (parser.flags & F_CHUNKED) != 0;
    const bool has_length = (parser.flags & F_CONTENT_LENGTH) != 0;
    const bool agrees = is_chunked == (head.framing.kind == BodyKind::chunked) &&
                        has_length == (head.framing.kind == BodyKind::length) &&
                        parser.content_length == head.framing.length && parser.http_major == 1 &&
                        parser.http_minor == head.minor_version;
    return agrees ? Trouble{} : Trouble{"llhttp reads another framing"};
}

}  // namespace

Trouble ask_llhttp_about_request(const Head& head, std::string_view fields) {
    constexpr std::string_view k_line_10 = "GET / HTTP/1.0\r\n";
    constexpr std::string_view k_line_11 = "GET / HTTP/1.1\r\n";
    const std::string_view line = head.minor_version == 0 ? k_line_10 : k_line_11;
    llhttp_t parser = make_parser(HTTP_REQUEST);
    if (llhttp_execute(&parser, line.data(), line.size()) != HPE_OK) {
        return {"llhttp does not read this head"};
    }
    return compare(parser, head, fields);
}

Trouble ask_llhttp_about_response(const Head& head, std::string_view text) {
    llhttp_t parser = make_parser(HTTP_RESPONSE);
    return compare(parser, head, text);
}

}  // namespace proxy::http
