// A server of HTTP/2 and gRPC byte by byte, made by hand (RFC 9113, RFC 7541): so that the client
// is not judged by the library that it uses, and what is wrong can be said.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace http2_bytes {

inline constexpr std::uint8_t k_data = 0;
inline constexpr std::uint8_t k_headers = 1;
inline constexpr std::uint8_t k_rst_stream = 3;
inline constexpr std::uint8_t k_settings = 4;
inline constexpr std::uint8_t k_ping = 6;
inline constexpr std::uint8_t k_goaway = 7;
inline constexpr std::uint8_t k_window_update = 8;

inline constexpr std::uint8_t k_end_stream = 1;
inline constexpr std::uint8_t k_ack = 1;
inline constexpr std::uint8_t k_end_headers = 4;

inline std::string number(std::uint64_t value, int bytes) {
    std::string text;
    for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) {
        text += static_cast<char>(value >> shift & 0xff);
    }
    return text;
}

inline std::string frame(
    std::uint8_t type, std::uint8_t flags, std::uint32_t stream, std::string_view payload
) {
    return number(payload.size(), 3) + static_cast<char>(type) + static_cast<char>(flags) +
           number(stream, 4) + std::string(payload);
}

using Fields = std::vector<std::pair<std::string, std::string>>;

/// Literals without indexing; each text is shorter than 127 bytes.
inline std::string field_block(const Fields& fields) {
    std::string block;
    for (const auto& [name, value] : fields) {
        block += '\0';
        block += static_cast<char>(name.size());
        block += name;
        block += static_cast<char>(value.size());
        block += value;
    }
    return block;
}

inline std::string settings(std::string_view payload = {}) {
    return frame(k_settings, 0, 0, payload);
}
inline std::string head(const Fields& fields, std::uint8_t flags = 0) {
    return frame(k_headers, k_end_headers | flags, 1, field_block(fields));
}
inline std::string grpc_head() {
    return head({{":status", "200"}, {"content-type", "application/grpc"}});
}
inline std::string trailers(const Fields& fields) {
    return head(fields, k_end_stream);
}

/// "Length-Prefixed-Message" of gRPC.
inline std::string prefixed(std::string_view message, char compressed = '\0') {
    return compressed + number(message.size(), 4) + std::string(message);
}
/// DATA frames of at most 16 KiB.
inline std::string data_frames(std::string_view bytes) {
    constexpr std::size_t k_frame_bytes = 16 * 1024;
    std::string frames;
    do {
        frames += frame(k_data, 0, 1, bytes.substr(0, k_frame_bytes));
        bytes.remove_prefix(std::min(bytes.size(), k_frame_bytes));
    } while (!bytes.empty());
    return frames;
}
/// What an agent sends first: settings, the head, a message.
inline std::string answer(std::string_view message) {
    return settings() + grpc_head() + data_frames(prefixed(message));
}

struct Frame {
    std::uint8_t type = 0;
    std::uint8_t flags = 0;
    std::uint32_t stream = 0;
    std::string payload;
};

inline std::uint32_t number_of(std::string_view bytes) {
    std::uint32_t value = 0;
    for (const char byte : bytes) {
        value = value << 8 | static_cast<unsigned char>(byte);
    }
    return value;
}

/// The whole frames in `bytes`.
inline std::vector<Frame> frames_of(std::string_view bytes) {
    std::vector<Frame> frames;
    while (bytes.size() >= 9) {
        const std::size_t size = number_of(bytes.substr(0, 3));
        if (bytes.size() < 9 + size) {
            break;
        }
        Frame read;
        read.type = static_cast<std::uint8_t>(bytes[3]);
        read.flags = static_cast<std::uint8_t>(bytes[4]);
        read.stream = number_of(bytes.substr(5, 4));
        read.payload = bytes.substr(9, size);
        frames.push_back(std::move(read));
        bytes.remove_prefix(9 + size);
    }
    return frames;
}

}  // namespace http2_bytes
