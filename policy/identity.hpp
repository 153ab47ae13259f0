// Who a workload is: a SPIFFE identity, of a Kubernetes service account wherever it says so.
#pragma once

#include "policy/result.hpp"

#include <compare>
#include <string>
#include <string_view>

namespace policy {

/// `spiffe://<trust_domain>/ns/<name_space>/sa/<service_account>` (SPIFFE-ID, "Istio" path form;
/// shared by cert-manager csi-driver-spiffe): the three parts are not empty, and `path` is. An ID
/// of any other form (Consul's, a federated domain's) has only a trust domain and its `path`.
struct Identity {
    std::string trust_domain;
    std::string name_space;
    std::string service_account;
    std::string path = {};  // "/dc/dc1/svc/web", when the ID is not of the form above

    [[nodiscard]] std::string uri() const;
    auto operator<=>(const Identity&) const = default;
};

/// Parses a SPIFFE URI byte by byte: scheme exactly "spiffe", lower-case trust domain of
/// [a-z0-9.-_], the exact path form above with segments of [A-Za-z0-9.-_], no query, fragment,
/// port, user info, percent escape, empty or dot segment; at most 2048 bytes (SPIFFE-ID §2).
/// The error says which rule was broken.
[[nodiscard]] Result<Identity> parse_identity(std::string_view uri);
/// The same rules for a path of any form with at least one segment.
[[nodiscard]] Result<Identity> parse_spiffe_id(std::string_view uri);

}  // namespace policy
