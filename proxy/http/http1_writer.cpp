// The writing half of http1_codec.hpp: only what was understood, in one spelling.
#include "proxy/http/http1_codec.hpp"

#include <array>
#include <charconv>

namespace proxy::http {
namespace {

void append_fields(std::string& out, std::span<const Field> fields) {
    for (const Field& field : fields) {
        out.append(field.name).append(": ").append(field.value).append("\r\n");
    }
    out.append("\r\n");
}

void append_number(std::string& out, std::uint64_t number, int base) {
    std::array<char, 20> digits{};
    const auto result = std::to_chars(digits.data(), digits.data() + digits.size(), number, base);
    out.append(digits.data(), result.ptr);
}

}  // namespace

void append_request_head(std::string& out, const RequestLine& line, std::span<const Field> fields) {
    out.append(line.method).append(" ").append(line.target).append(" HTTP/1.1\r\n");
    append_fields(out, fields);
}

void append_response_head(
    std::string& out,
    std::uint16_t status,
    std::string_view reason_phrase,
    std::span<const Field> fields
) {
    out.append("HTTP/1.1 ");
    append_number(out, status, 10);
    out.append(" ").append(reason_phrase).append("\r\n");
    append_fields(out, fields);
}

void append_chunk_head(std::string& out, std::size_t bytes) {
    append_number(out, bytes, 16);
    out.append("\r\n");
}

void append_last_chunk(std::string& out, std::span<const Field> trailers) {
    out.append("0\r\n");
    append_fields(out, trailers);
}

}  // namespace proxy::http
