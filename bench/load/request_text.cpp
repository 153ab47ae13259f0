#include "bench/load/request_text.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace bench::load {

namespace {

constexpr std::size_t k_chunk_bytes = 16 * 1024;

void append_chunks(std::string& text, std::size_t bytes) {
    while (bytes > 0) {
        const std::size_t chunk = std::min(bytes, k_chunk_bytes);
        text += fmt::format("{:x}\r\n", chunk);
        text.append(chunk, 'x');
        text += "\r\n";
        bytes -= chunk;
    }
    text += "0\r\n\r\n";
}

}  // namespace

std::string request_text(const RequestOptions& request, bool is_last) {
    std::string text = fmt::format(
        "{} {} HTTP/1.1\r\nHost: {}\r\n{}",
        request.method,
        request.path,
        request.host,
        is_last ? "Connection: close\r\n" : ""
    );
    if (request.is_chunked) {
        text += "Transfer-Encoding: chunked\r\n\r\n";
        append_chunks(text, request.body_bytes);
        return text;
    }
    if (request.body_bytes > 0) {
        text += fmt::format("Content-Length: {}\r\n", request.body_bytes);
    }
    text += "\r\n";
    text.append(request.body_bytes, 'x');
    return text;
}

}  // namespace bench::load
