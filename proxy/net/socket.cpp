#include "proxy/net/socket.hpp"

#include <fmt/format.h>

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <linux/netfilter_ipv4.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace proxy::net {

namespace {

// linux/netfilter_ipv6/ip6_tables.h does not compile as C++; the number is the kernel's ABI.
constexpr int k_ip6t_so_original_dst = 80;

policy::SocketAddress from_sockaddr(const sockaddr_storage& storage) {
    policy::SocketAddress address;
    if (storage.ss_family == AF_INET) {
        sockaddr_in v4{};
        std::memcpy(&v4, &storage, sizeof v4);
        address.ip.bytes[10] = address.ip.bytes[11] = 0xff;
        std::memcpy(address.ip.bytes.data() + 12, &v4.sin_addr, 4);
        address.port = ntohs(v4.sin_port);
    } else {
        sockaddr_in6 v6{};
        std::memcpy(&v6, &storage, sizeof v6);
        std::memcpy(address.ip.bytes.data(), &v6.sin6_addr, 16);
        address.port = ntohs(v6.sin6_port);
    }
    return address;
}

}  // namespace

policy::SocketAddress from_endpoint(const io::Endpoint& endpoint) {
    sockaddr_storage storage{};
    std::memcpy(&storage, endpoint.data(), std::min(endpoint.size(), sizeof storage));
    return from_sockaddr(storage);
}

io::Endpoint to_endpoint(const policy::SocketAddress& address) {
    if (address.ip.is_v4()) {
        boost::asio::ip::address_v4::bytes_type bytes{};
        std::copy_n(address.ip.bytes.begin() + 12, 4, bytes.begin());
        return {boost::asio::ip::address_v4(bytes), address.port};
    }
    return {boost::asio::ip::address_v6(address.ip.bytes), address.port};
}

std::optional<policy::SocketAddress> original_destination(io::Socket& socket) {
    io::Error error;
    const policy::SocketAddress local = from_endpoint(socket.local_endpoint(error));
    if (error) {
        return std::nullopt;
    }
    const bool is_v4 = local.ip.is_v4();
    sockaddr_storage storage{};
    socklen_t length = sizeof storage;
    const int level = is_v4 ? SOL_IP : SOL_IPV6;
    const int option = is_v4 ? SO_ORIGINAL_DST : k_ip6t_so_original_dst;
    if (::getsockopt(socket.native_handle(), level, option, &storage, &length) != 0) {
        return std::nullopt;  // no connection tracking, hence no redirect
    }
    const policy::SocketAddress original = from_sockaddr(storage);
    if (original == local) {
        return std::nullopt;
    }
    return original;
}

std::optional<policy::IpAddress> peer_address(io::Socket& socket) {
    io::Error error;
    const io::Endpoint endpoint = socket.remote_endpoint(error);
    if (error) {
        return std::nullopt;
    }
    return from_endpoint(endpoint).ip;
}

std::vector<policy::IpAddress> local_addresses() {
    std::vector<policy::IpAddress> addresses;
    ifaddrs* interfaces = nullptr;
    if (::getifaddrs(&interfaces) != 0) {
        return addresses;
    }
    for (const ifaddrs* entry = interfaces; entry != nullptr; entry = entry->ifa_next) {
        if (entry->ifa_addr == nullptr) {
            continue;
        }
        const int family = entry->ifa_addr->sa_family;
        if (family != AF_INET && family != AF_INET6) {
            continue;
        }
        sockaddr_storage storage{};
        std::memcpy(
            &storage,
            entry->ifa_addr,
            family == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6)
        );
        addresses.push_back(from_sockaddr(storage).ip);
    }
    ::freeifaddrs(interfaces);
    return addresses;
}

std::optional<policy::SocketAddress> available_address(const policy::SocketAddress& address) {
    if (address.ip.is_v4()) {
        return address;
    }
    const policy::IpAddress any;
    const int probe = ::socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (probe < 0) {
        return address.ip == any
                   ? policy::parse_socket_address(fmt::format("0.0.0.0:{}", address.port))
                   : std::nullopt;
    }
    // Interfaces may have no IPv6 addresses, ::1 included (net.ipv6.conf.all.disable_ipv6).
    sockaddr_in6 loopback{};
    loopback.sin6_family = AF_INET6;
    loopback.sin6_addr = in6addr_loopback;
    const bool has_loopback =
        ::bind(probe, reinterpret_cast<const sockaddr*>(&loopback), sizeof loopback) == 0;
    ::close(probe);
    if (address.ip == any || has_loopback) {
        return address;
    }
    return std::nullopt;
}

void set_no_delay(io::Socket& socket) {
    const int on = 1;
    ::setsockopt(socket.native_handle(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

void set_unacknowledged_ms_max(io::Socket& socket, std::uint32_t milliseconds) {
    ::setsockopt(
        socket.native_handle(), IPPROTO_TCP, TCP_USER_TIMEOUT, &milliseconds, sizeof milliseconds
    );
}

bool is_stale(io::Socket& socket) {
    if (!socket.may_be_readable()) {
        return false;
    }
    char byte = 0;
    const auto received =
        ::recv(socket.native_handle(), &byte, sizeof byte, MSG_PEEK | MSG_DONTWAIT);
    return received >= 0 || (errno != EAGAIN && errno != EWOULDBLOCK);
}

}  // namespace proxy::net
