// Addresses as values: IPv4 and IPv6 in one form, no sockets.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace policy {

/// An IP address in 16 bytes, network order; IPv4 is kept v4-mapped (::ffff:a.b.c.d, RFC 4291
/// §2.5.5.2), so that one address has one form.
struct IpAddress {
    std::array<std::uint8_t, 16> bytes{};

    [[nodiscard]] bool is_v4() const;
    [[nodiscard]] bool is_loopback() const;
    /// Dotted quad for IPv4, RFC 5952 for IPv6, without brackets.
    [[nodiscard]] std::string text() const;
    auto operator<=>(const IpAddress&) const = default;
};

struct SocketAddress {
    IpAddress ip;
    std::uint16_t port = 0;

    /// "10.0.0.1:80" or "[::1]:80".
    [[nodiscard]] std::string text() const;
    auto operator<=>(const SocketAddress&) const = default;
};

/// Accepts IPv4 and IPv6 text, with or without brackets around IPv6; nullopt for anything else
/// (names, zone ids, leading zeros).
[[nodiscard]] std::optional<IpAddress> parse_ip(std::string_view text);
/// Accepts "ip:port" and "[ip6]:port".
[[nodiscard]] std::optional<SocketAddress> parse_socket_address(std::string_view text);

struct SocketAddressHash {
    std::size_t operator()(const SocketAddress& address) const noexcept;
};

}  // namespace policy
