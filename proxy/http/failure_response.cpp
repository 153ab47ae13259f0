#include "proxy/http/failure_response.hpp"

#include "proxy/http/http1_codec.hpp"

#include <array>
#include <span>

namespace proxy::http {
namespace {

/// RFC 8259 §7. Names of resources come from files and sentences from us, but neither is trusted
/// to be free of quotes. Bytes from 0x80 up are passed: names that Kubernetes takes have none.
void append_json_string(std::string& out, std::string_view text) {
    constexpr std::string_view k_hex = "0123456789abcdef";
    out.push_back('"');
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == '"' || c == '\\') {
            out.push_back('\\');
            out.push_back(c);
        } else if (byte < 0x20 || byte >= 0x7f || c == '<') {
            out.append("\\u00");
            out.push_back(k_hex[byte >> 4]);
            out.push_back(k_hex[byte & 0xf]);
        } else {
            out.push_back(c);
        }
    }
    out.push_back('"');
}

std::string make_body(const FailureRow& row, const FailureResponse& response) {
    std::string body = R"({"reason":)";
    append_json_string(body, policy::to_string(row.reason));
    body.append(R"(,"message":)");
    append_json_string(body, row.sentence);
    if (!response.detail.empty()) {
        body.append(R"(,"detail":)");
        append_json_string(body, response.detail);
    }
    if (!response.target.empty()) {
        body.append(R"(,"target":)");
        append_json_string(body, response.target);
    }
    body.append("}\n");
    return body;
}

std::string_view phrase_of(std::uint16_t status) {
    switch (status) {
        case 400:
            return "Bad Request";
        case 403:
            return "Forbidden";
        case 408:
            return "Request Timeout";
        case 431:
            return "Request Header Fields Too Large";
        case 500:
            return "Internal Server Error";
        case 502:
            return "Bad Gateway";
        case 503:
            return "Service Unavailable";
        case 504:
            return "Gateway Timeout";
        case 508:
            return "Loop Detected";
        default:
            return "";
    }
}

}  // namespace

void append_error_response(std::string& out, const FailureResponse& response) {
    const FailureRow& row = row_of(response.reason);
    if (row.http_status == 0) {
        return;
    }
    const std::string body = make_body(row, response);
    const std::string length = std::to_string(body.size());
    const std::array<Field, 4> fields = {
        Field{"content-type", "application/json"},
        Field{"content-length", length},
        Field{"smilax-reason", policy::to_string(response.reason)},
        Field{"connection", "close"},
    };
    const std::size_t count = response.closes ? fields.size() : fields.size() - 1;
    append_response_head(
        out, row.http_status, phrase_of(row.http_status), std::span{fields}.first(count)
    );
    if (!response.is_head) {
        out.append(body);
    }
}

}  // namespace proxy::http
