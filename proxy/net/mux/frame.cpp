#include "proxy/net/mux/frame.hpp"

#include <array>

namespace proxy::net::mux {

namespace {

constexpr std::uint8_t k_version = 0;
constexpr std::uint16_t k_flags = k_flag_syn | k_flag_ack | k_flag_fin | k_flag_rst;

std::uint32_t read_number(std::string_view bytes) {
    std::uint32_t number = 0;
    for (const char byte : bytes) {
        number = number << 8 | static_cast<unsigned char>(byte);
    }
    return number;
}

void put_number(char* to, std::uint32_t number, std::size_t bytes) {
    for (std::size_t i = bytes; i-- > 0; number >>= 8) {
        to[i] = static_cast<char>(number & 0xff);
    }
}

}  // namespace

void append_header(std::string& out, const Frame& frame) {
    std::array<char, k_header_bytes> header{};
    header[0] = static_cast<char>(k_version);
    header[1] = static_cast<char>(frame.type);
    put_number(header.data() + 2, frame.flags, 2);
    put_number(header.data() + 4, frame.stream, 4);
    put_number(header.data() + 8, frame.length, 4);
    out.append(header.data(), header.size());
}

std::optional<Frame> read_header(std::string_view bytes) {
    Frame frame;
    const auto type = static_cast<std::uint8_t>(bytes[1]);
    frame.flags = static_cast<std::uint16_t>(read_number(bytes.substr(2, 2)));
    frame.stream = read_number(bytes.substr(4, 4));
    frame.length = read_number(bytes.substr(8, 4));
    if (static_cast<std::uint8_t>(bytes[0]) != k_version ||
        type > static_cast<std::uint8_t>(FrameType::go_away) || (frame.flags & ~k_flags) != 0) {
        return std::nullopt;
    }
    frame.type = static_cast<FrameType>(type);
    return frame;
}

}  // namespace proxy::net::mux
