#include "proxy/net/detect.hpp"

#include "tls/client_hello.hpp"

#include <algorithm>
#include <array>

namespace proxy::net {

namespace {

constexpr std::string_view k_http2_preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
constexpr unsigned char k_tls_handshake_record = 22;

constexpr std::array<std::string_view, 9> k_methods = {
    "GET ", "POST ", "PUT ", "HEAD ", "DELETE ", "PATCH ", "OPTIONS ", "CONNECT ", "TRACE "
};

bool is_text(char c) {
    return (c >= 0x20 && c < 0x7f) || c == '\t' || c == '\r';
}

/// Judges at the earliest byte that decides, so that the verdict does not depend on how the bytes
/// were cut into segments.
Protocol classify_text(std::string_view bytes) {
    // Empty lines before the request line are tolerated (RFC 9112 §2.2), but few.
    constexpr std::size_t k_line_ends_max = 4;
    const auto start = bytes.find_first_not_of("\r\n");
    if (start > k_line_ends_max && bytes.size() > k_line_ends_max) {
        return Protocol::opaque;
    }
    if (start == std::string_view::npos) {
        return Protocol::need_more;
    }
    const std::string_view text = bytes.substr(start);
    const bool is_request = std::any_of(k_methods.begin(), k_methods.end(), [text](auto method) {
        return text.starts_with(method);
    });
    if (is_request) {
        return Protocol::http1;
    }
    // Other methods, and request lines that are broken: whatever names HTTP in its first line is
    // answered as HTTP, so that a malformed request gets 400 and not the application.
    const auto line_end =
        std::find_if(text.begin(), text.end(), [](char c) { return c == '\n' || !is_text(c); });
    const std::string_view line(text.begin(), line_end);
    if (line.find(" HTTP/") != std::string_view::npos) {
        return Protocol::http1;
    }
    return line_end == text.end() ? Protocol::need_more : Protocol::opaque;
}

}  // namespace

Protocol classify_bytes(std::string_view bytes) noexcept {
    if (bytes.empty()) {
        return Protocol::need_more;
    }
    if (static_cast<unsigned char>(bytes.front()) == k_tls_handshake_record) {
        switch (tls::classify_hello(bytes)) {
            case tls::HelloKind::mesh:
                return Protocol::mesh_tls;
            case tls::HelloKind::foreign:
                return Protocol::foreign_tls;
            case tls::HelloKind::need_more:
                return bytes.size() < k_detection_bytes_max ? Protocol::need_more
                                                            : Protocol::foreign_tls;
            case tls::HelloKind::not_tls:
                return Protocol::opaque;
        }
    }
    if (k_http2_preface.starts_with(bytes.substr(0, k_http2_preface.size()))) {
        return bytes.size() >= k_http2_preface.size() ? Protocol::http2 : Protocol::need_more;
    }
    const Protocol protocol = classify_text(bytes.substr(0, k_detection_bytes_max));
    const bool is_exhausted =
        protocol == Protocol::need_more && bytes.size() >= k_detection_bytes_max;
    return is_exhausted ? Protocol::opaque : protocol;
}

io::Awaitable<Result<Protocol>> detect(
    Stream& stream, Buffer& buffer, Deadline& deadline, const Limits& limits
) {
    // Silence is no error, but the mark of protocols in which the server speaks first.
    deadline.arm_cancel(limits.detection_ms_max);
    while (true) {
        const Protocol protocol = classify_bytes(buffer.data());
        if (protocol != Protocol::need_more) {
            deadline.disarm();
            co_return protocol;
        }
        io::Transfer read;
        read.error = co_await stream.wait_readable();
        if (!read.error) {
            const auto space = buffer.prepare(k_detection_bytes_max);
            read = co_await stream.read_some(space);
            buffer.commit(read.bytes);
        }
        if (!read.error && !deadline.has_expired()) {
            continue;
        }
        deadline.disarm();
        if (deadline.has_expired()) {
            co_return buffer.is_empty() ? Protocol::silent : Protocol::opaque;
        }
        co_return Failure{Reason::client_closed, Side::client, read.error.message()};
    }
}

}  // namespace proxy::net
