// What the first bytes of a connection say, before a byte is consumed. Pure and bounded; fuzzed.
#pragma once

#include <cstdint>
#include <string_view>

namespace tls {

enum class HelloKind : std::uint8_t {
    need_more,  // could still become a ClientHello
    not_tls,    // certainly none
    mesh,       // a ClientHello whose ALPN list offers one of ours (smilax/h2 …)
    foreign,    // a ClientHello of somebody else (or one too long or broken to read)
};

/// The longest prefix that is looked at; a ClientHello beyond that is foreign.
inline constexpr std::size_t k_client_hello_bytes_max = 16 * 1024;

/// Reads a TLS record layer (RFC 8446 §5.1, fragmented handshakes included) and a ClientHello
/// (§4.1.2) with its ALPN extension (RFC 7301).
[[nodiscard]] HelloKind classify_hello(std::string_view bytes) noexcept;

}  // namespace tls
