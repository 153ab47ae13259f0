// Frames of several streams in one connection, as yamux has them (github.com/hashicorp/yamux,
// spec.md): 12 bytes of header, big-endian, then the payload of data frames.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace proxy::net::mux {

enum class FrameType : std::uint8_t { data = 0, window_update = 1, ping = 2, go_away = 3 };

/// Bits of Frame::flags.
inline constexpr std::uint16_t k_flag_syn = 1;  // the stream's first frame
inline constexpr std::uint16_t k_flag_ack = 2;  // the other side's first frame of it
inline constexpr std::uint16_t k_flag_fin = 4;  // the sender's half ends here
inline constexpr std::uint16_t k_flag_rst = 8;  // both halves end, what was sent is void

struct Frame {
    FrameType type = FrameType::data;
    std::uint16_t flags = 0;
    std::uint32_t stream = 0;  // 0: of the connection (ping, go_away)
    std::uint32_t length = 0;  // data: bytes that follow; window_update: bytes more; else a value
};

inline constexpr std::size_t k_header_bytes = 12;

void append_header(std::string& out, const Frame& frame);
/// `bytes` holds at least k_header_bytes. Nullopt: another version, type or flag than we know.
[[nodiscard]] std::optional<Frame> read_header(std::string_view bytes);

}  // namespace proxy::net::mux
