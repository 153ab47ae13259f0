// The forms in which a client may write a Service's name (Host, :authority, TrafficSplit root).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace policy {

/// Host and port of an authority (RFC 3986 §3.2), views into it. A missing or empty port is
/// nullopt; brackets of an IPv6 address stay.
struct HostAndPort {
    std::string_view host;
    std::optional<std::uint16_t> port;
};

/// nullopt for an empty host, user info, or a port that is no number from 1 to 65535.
[[nodiscard]] std::optional<HostAndPort> split_authority(std::string_view authority);

/// A host in the one form that is compared: lower case, no trailing dot. Holds its own bytes, so
/// that a request needs no allocation; a host longer than any DNS name is empty here.
class FoldedHost {
 public:
    explicit FoldedHost(std::string_view host);
    [[nodiscard]] std::string_view text() const { return {bytes_.data(), size_}; }

 private:
    std::array<char, 255> bytes_;
    std::size_t size_ = 0;
};

/// Views into the folded host, or `default_namespace`.
struct ServiceNameView {
    std::string_view name_space;
    std::string_view name;
    bool operator==(const ServiceNameView&) const = default;
};

/// Reads "name", "name.ns", "name.ns.svc" and "name.ns.svc.cluster.local"; nullopt for others.
[[nodiscard]] std::optional<ServiceNameView> parse_service_name(
    std::string_view folded_host, std::string_view default_namespace
);

}  // namespace policy
