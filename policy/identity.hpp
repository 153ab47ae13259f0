// Who a workload is: a SPIFFE identity of a Kubernetes service account.
#pragma once

#include "policy/result.hpp"

#include <compare>
#include <string>
#include <string_view>

namespace policy {

/// `spiffe://<trust_domain>/ns/<name_space>/sa/<service_account>` (SPIFFE-ID, "Istio" path form;
/// shared by cert-manager csi-driver-spiffe). All three parts are non-empty.
struct Identity {
    std::string trust_domain;
    std::string name_space;
    std::string service_account;

    [[nodiscard]] std::string uri() const;
    auto operator<=>(const Identity&) const = default;
};

/// Parses a SPIFFE URI byte by byte: scheme exactly "spiffe", lower-case trust domain of
/// [a-z0-9.-_], the exact path form above with segments of [A-Za-z0-9.-_], no query, fragment,
/// port, user info, percent escape, empty or dot segment; at most 2048 bytes (SPIFFE-ID §2).
/// The error says which rule was broken.
[[nodiscard]] Result<Identity> parse_identity(std::string_view uri);

}  // namespace policy
