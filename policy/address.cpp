#include "policy/address.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <cstring>

namespace policy {
namespace {

constexpr std::array<std::uint8_t, 12> k_v4_prefix{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

/// The longest run of zero groups, which RFC 5952 §4.2 writes as "::"; the first one of equals.
struct ZeroRun {
    std::size_t begin = 8;
    std::size_t length = 0;
};

ZeroRun longest_zero_run(const std::array<unsigned, 8>& groups) {
    ZeroRun best;
    for (std::size_t i = 0; i < groups.size();) {
        std::size_t end = i;
        while (end < groups.size() && groups[end] == 0) {
            ++end;
        }
        if (end - i > best.length) {
            best = {i, end - i};
        }
        i = std::max(end, i + 1);
    }
    // A single group is never shortened (§4.2.2).
    return best.length >= 2 ? best : ZeroRun{};
}

std::string v6_text(const std::array<std::uint8_t, 16>& bytes) {
    std::array<unsigned, 8> groups{};
    for (std::size_t i = 0; i < groups.size(); ++i) {
        groups[i] = static_cast<unsigned>(bytes[2 * i] << 8 | bytes[2 * i + 1]);
    }
    const ZeroRun run = longest_zero_run(groups);
    std::string text;
    for (std::size_t i = 0; i < groups.size(); ++i) {
        if (i == run.begin) {
            text += "::";
            i += run.length - 1;
            continue;
        }
        if (!text.empty() && text.back() != ':') {
            text += ':';
        }
        char digits[4];
        const auto written = std::to_chars(digits, digits + sizeof digits, groups[i], 16);
        text.append(digits, written.ptr);
    }
    return text;
}

}  // namespace

bool IpAddress::is_v4() const {
    return std::equal(k_v4_prefix.begin(), k_v4_prefix.end(), bytes.begin());
}

bool IpAddress::is_loopback() const {
    if (is_v4()) {
        return bytes[12] == 127;
    }
    constexpr std::array<std::uint8_t, 16> loopback{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
    return bytes == loopback;
}

std::string IpAddress::text() const {
    if (!is_v4()) {
        return v6_text(bytes);
    }
    return std::to_string(bytes[12]) + '.' + std::to_string(bytes[13]) + '.' +
           std::to_string(bytes[14]) + '.' + std::to_string(bytes[15]);
}

std::string SocketAddress::text() const {
    const std::string address = ip.is_v4() ? ip.text() : '[' + ip.text() + ']';
    return address + ':' + std::to_string(port);
}

std::optional<IpAddress> parse_ip(std::string_view text) {
    const bool is_bracketed = text.size() >= 2 && text.front() == '[' && text.back() == ']';
    if (is_bracketed) {
        text = text.substr(1, text.size() - 2);
    }
    // inet_pton reads a C string: too long or an inner NUL would hide what follows.
    char buffer[INET6_ADDRSTRLEN] = {};
    if (text.size() >= sizeof buffer || text.find('\0') != std::string_view::npos) {
        return std::nullopt;
    }
    text.copy(buffer, text.size());

    IpAddress address;
    if (inet_pton(AF_INET6, buffer, address.bytes.data()) == 1) {
        return address;
    }
    if (is_bracketed || inet_pton(AF_INET, buffer, address.bytes.data() + 12) != 1) {
        return std::nullopt;
    }
    std::copy(k_v4_prefix.begin(), k_v4_prefix.end(), address.bytes.begin());
    return address;
}

std::optional<SocketAddress> parse_socket_address(std::string_view text) {
    const std::size_t colon = text.rfind(':');
    if (colon == std::string_view::npos) {
        return std::nullopt;
    }
    const std::string_view host = text.substr(0, colon);
    const std::string_view port = text.substr(colon + 1);
    // "::1:80" could be read in two ways, so IPv6 needs its brackets here.
    if (host.find(':') != std::string_view::npos && host.front() != '[') {
        return std::nullopt;
    }
    const auto ip = parse_ip(host);
    SocketAddress address;
    const char* const end = port.data() + port.size();
    const auto read = std::from_chars(port.data(), end, address.port);
    if (!ip || read.ec != std::errc() || read.ptr != end) {
        return std::nullopt;
    }
    address.ip = *ip;
    return address;
}

std::size_t SocketAddressHash::operator()(const SocketAddress& address) const noexcept {
    std::uint64_t high = 0;
    std::uint64_t low = 0;
    std::memcpy(&high, address.ip.bytes.data(), sizeof high);
    std::memcpy(&low, address.ip.bytes.data() + sizeof high, sizeof low);
    // Steele and Vigna's SplitMix64 finaliser over the folded value.
    std::uint64_t mixed = (high * 0x9e3779b97f4a7c15U) ^ low ^ (std::uint64_t{address.port} << 48);
    mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9U;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebU;
    return static_cast<std::size_t>(mixed ^ (mixed >> 31));
}

}  // namespace policy
