#include "policy/service_name.hpp"

#include <algorithm>
#include <charconv>

namespace policy {
namespace {

constexpr std::string_view k_cluster_domain = "cluster.local";

char to_lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

/// Where the host ends: the colon of the port, or the end. IPv6 stands in brackets.
std::size_t host_end(std::string_view authority) {
    if (authority.starts_with('[')) {
        const std::size_t bracket = authority.find(']');
        return bracket == std::string_view::npos ? 0 : bracket + 1;
    }
    return std::min(authority.find(':'), authority.size());
}

}  // namespace

std::optional<HostAndPort> split_authority(std::string_view authority) {
    if (authority.find('@') != std::string_view::npos) {
        return std::nullopt;
    }
    const std::size_t end = host_end(authority);
    HostAndPort parts{authority.substr(0, end), std::nullopt};
    std::string_view rest = authority.substr(end);
    if (parts.host.empty() || (!rest.empty() && rest.front() != ':')) {
        return std::nullopt;
    }
    if (rest.size() <= 1) {
        return parts;
    }
    rest.remove_prefix(1);
    std::uint16_t port = 0;
    const auto read = std::from_chars(rest.data(), rest.data() + rest.size(), port);
    if (read.ec != std::errc() || read.ptr != rest.data() + rest.size() || port == 0) {
        return std::nullopt;
    }
    parts.port = port;
    return parts;
}

FoldedHost::FoldedHost(std::string_view host) {
    if (host.ends_with('.')) {
        host.remove_suffix(1);
    }
    if (host.size() > bytes_.size()) {
        return;
    }
    std::transform(host.begin(), host.end(), bytes_.begin(), to_lower);
    size_ = host.size();
}

std::optional<ServiceNameView> parse_service_name(
    std::string_view folded_host, std::string_view default_namespace
) {
    const std::size_t first_dot = folded_host.find('.');
    const std::string_view name = folded_host.substr(0, first_dot);
    if (name.empty()) {
        return std::nullopt;
    }
    if (first_dot == std::string_view::npos) {
        return ServiceNameView{default_namespace, name};
    }
    std::string_view rest = folded_host.substr(first_dot + 1);
    const std::size_t second_dot = rest.find('.');
    const std::string_view name_space = rest.substr(0, second_dot);
    if (name_space.empty()) {
        return std::nullopt;
    }
    const std::string_view tail =
        second_dot == std::string_view::npos ? std::string_view{} : rest.substr(second_dot + 1);
    const bool is_service = second_dot == std::string_view::npos || tail == "svc" ||
                            (tail.starts_with("svc.") && tail.substr(4) == k_cluster_domain);
    if (!is_service) {
        return std::nullopt;
    }
    return ServiceNameView{name_space, name};
}

}  // namespace policy
