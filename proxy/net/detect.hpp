// What a connection carries, judged by its first bytes. classify_bytes is pure (and fuzzed);
// detect() feeds it from a socket.
#pragma once

#include "io/awaitable.hpp"
#include "proxy/failure.hpp"
#include "proxy/limits.hpp"
#include "proxy/net/buffer.hpp"
#include "proxy/net/deadline.hpp"
#include "proxy/net/stream.hpp"

#include <cstdint>
#include <string_view>

namespace proxy::net {

enum class Protocol : std::uint8_t {
    need_more,    // of classify_bytes only
    mesh_tls,     // TLS of another sidecar (our ALPN)
    foreign_tls,  // the application's own TLS
    http2,        // the connection preface (RFC 9113 §3.4)
    http1,        // a request line, possibly a broken one: the codec answers 400
    opaque,       // anything else
    silent,       // of detect() only: the client said nothing for detection_ms_max
};

/// Judges a prefix of what the client sent. Never needs more than k_detection_bytes_max.
/// Text whose first line is not complete yet needs more; binary bytes are opaque at once.
[[nodiscard]] Protocol classify_bytes(std::string_view bytes) noexcept;
inline constexpr std::size_t k_detection_bytes_max = 16 * 1024;

/// Reads into `buffer` (nothing is consumed) until the protocol is known, the client is silent for
/// detection_ms_max, or, having begun to speak, it stays undecided for as long (then: opaque).
/// Failure: the client closed or the socket broke. Leaves the deadline disarmed.
[[nodiscard]] io::Awaitable<Result<Protocol>> detect(
    Stream& stream, Buffer& buffer, Deadline& deadline, const Limits& limits
);

}  // namespace proxy::net
