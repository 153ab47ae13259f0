#include "tls/workload_api/endpoint.hpp"

#include <cstddef>
#include <utility>

namespace tls::workload_api {

namespace {

constexpr std::size_t k_path_bytes_max = 107;  // of sockaddr_un, without its NUL

policy::Result<Endpoint> refused(std::string sentence) {
    return policy::failed<Endpoint>(std::move(sentence));
}

policy::Result<Endpoint> parse_unix(std::string_view path) {
    // An authority must not be set: "//" is followed by the path at once.
    if (path.starts_with("//")) {
        path.remove_prefix(2);
    }
    if (!path.starts_with('/') || path == "/") {
        return refused("names no absolute path: write unix:///path/of/the/socket");
    }
    if (path.size() > k_path_bytes_max) {
        return refused(
            "has a path of " + std::to_string(path.size()) + " bytes; a socket's has at most " +
            std::to_string(k_path_bytes_max)
        );
    }
    return Endpoint(UnixSocket{std::string(path)});
}

policy::Result<Endpoint> parse_tcp(std::string_view authority) {
    const auto address = policy::parse_socket_address(authority);
    if (!address.has_value() || address->port == 0) {
        return refused(
            "is not tcp://IP:port (the host must be an IP address, and a path is not allowed)"
        );
    }
    return Endpoint(*address);
}

}  // namespace

policy::Result<Endpoint> parse_endpoint(std::string_view uri) {
    constexpr std::string_view k_unix = "unix:";
    constexpr std::string_view k_tcp = "tcp://";
    for (const char c : uri) {
        if (c <= 0x20 || c >= 0x7f || c == '?' || c == '#' || c == '%') {
            return refused("may have neither a query, a fragment, a percent escape nor spaces in it"
            );
        }
    }
    if (uri.starts_with(k_unix)) {
        return parse_unix(uri.substr(k_unix.size()));
    }
    if (uri.starts_with(k_tcp)) {
        return parse_tcp(uri.substr(k_tcp.size()));
    }
    return refused("is neither unix:///path nor tcp://IP:port");
}

}  // namespace tls::workload_api
