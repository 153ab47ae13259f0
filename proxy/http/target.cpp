#include "proxy/http/target.hpp"

#include <charconv>
#include <cstdint>

namespace proxy::http {
namespace {

// Narrower than reg-name (RFC 3986 §3.2.2): "%61" would be another spelling of "a", and a comma
// would be a list to some.
constexpr CharacterSet k_host_characters = letters_digits_and("-._~");
constexpr CharacterSet k_ipv6_characters = letters_digits_and(":.");
constexpr std::string_view k_bad_authority = "Host or the target's authority is not host[:port]";

bool is_port(std::string_view text) {
    std::uint16_t port = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
    return error == std::errc{} && end == text.data() + text.size();
}

std::string_view without_trailing_dot(std::string_view host) {
    return host.ends_with('.') ? host.substr(0, host.size() - 1) : host;
}

/// "080" is port 80.
std::string_view without_leading_zeros(std::string_view port) {
    while (port.size() > 1 && port.front() == '0') {
        port.remove_prefix(1);
    }
    return port;
}

std::string_view port_or(std::string_view port, std::string_view otherwise) {
    return port.empty() ? otherwise : without_leading_zeros(port);
}

/// In the one form that is compared: any case, no default port, no trailing dot (security.md §4).
bool is_same_authority(
    const Authority& left, const Authority& right, std::string_view default_port
) {
    return is_same_name(without_trailing_dot(left.host), without_trailing_dot(right.host)) &&
           port_or(left.port, default_port) == port_or(right.port, default_port);
}

bool starts_with_name(std::string_view text, std::string_view prefix) {
    return is_same_name(text.substr(0, prefix.size()), prefix);
}

Trouble understand_absolute(RequestHead& head, std::optional<std::string_view> host) {
    const bool is_https = starts_with_name(head.target, "https://");
    if (!is_https && !starts_with_name(head.target, "http://")) {
        return {"the target is none of path, http URI, authority or *"};
    }
    const std::string_view rest = head.target.substr(is_https ? 8 : 7);
    const std::size_t end = rest.find_first_of("/?");
    head.authority = rest.substr(0, end);
    if (end != std::string_view::npos && rest[end] == '?') {
        return {"an absolute target has a query but no path"};
    }
    const auto wanted = parse_authority(head.authority);
    if (!wanted) {
        return {k_bad_authority};
    }
    if (!host) {
        return {};
    }
    const auto told = parse_authority(*host);
    if (!told || !is_same_authority(*wanted, *told, is_https ? "443" : "80")) {
        return {"Host is not the target's authority"};
    }
    return {};
}

Trouble understand_connect(RequestHead& head, std::optional<std::string_view> host) {
    head.authority = head.target;
    const auto wanted = parse_authority(head.authority);
    if (!wanted || wanted->port.empty()) {
        return {"CONNECT needs host:port"};
    }
    if (!host) {
        return {};
    }
    // Some clients leave the port out of Host here; CONNECT itself has no default one.
    const auto told = parse_authority(*host);
    if (!told || !is_same_authority(*wanted, *told, without_leading_zeros(wanted->port))) {
        return {"Host is not the target's authority"};
    }
    return {};
}

}  // namespace

std::optional<Authority> parse_authority(std::string_view text) {
    Authority authority;
    if (text.starts_with('[')) {
        const std::size_t end = text.find(']');
        if (end == std::string_view::npos || end < 3 ||
            !consists_of(text.substr(1, end - 1), k_ipv6_characters)) {
            return std::nullopt;
        }
        authority.host = text.substr(0, end + 1);
    } else {
        authority.host = text.substr(0, count_leading(text, k_host_characters));
        if (without_trailing_dot(authority.host).empty()) {
            return std::nullopt;
        }
    }
    text.remove_prefix(authority.host.size());
    if (text.empty()) {
        return authority;
    }
    authority.port = text.substr(1);
    if (text.front() != ':' || !is_port(authority.port)) {
        return std::nullopt;
    }
    return authority;
}

Trouble understand_target(RequestHead& head, std::optional<std::string_view> host) {
    for (const char c : head.target) {
        const auto byte = static_cast<unsigned char>(c);
        // Bytes above 0x7f are no URI either, but common, and policy matches them byte for byte.
        if (byte <= 0x20 || byte == 0x7f || byte == '#') {
            return {"the target holds a control character or a fragment"};
        }
    }
    if (head.method == "CONNECT") {
        return understand_connect(head, host);
    }
    if (!head.target.starts_with('/') && head.target != "*") {
        return understand_absolute(head, host);
    }
    if (head.target == "*" && head.method != "OPTIONS") {
        return {"the target * is for OPTIONS only"};
    }
    // Host may be empty where a URI has no authority (RFC 9112 §3.2).
    if (host && !host->empty() && !parse_authority(*host)) {
        return {k_bad_authority};
    }
    head.authority = host.value_or("");
    return {};
}

}  // namespace proxy::http
