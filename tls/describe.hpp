// What certificates say, in words, and whether we would accept them: for `smilax identity show`.
#pragma once

#include "policy/result.hpp"
#include "tls/naming.hpp"
#include "tls/owned.hpp"

#include <chrono>
#include <string>
#include <vector>

namespace tls {

struct CertificateFacts {
    std::string subject;  // empty for most workloads
    std::string issuer;
    std::string serial;             // hexadecimal
    std::vector<std::string> uris;  // URI SANs
    std::string key;                // "EC P-256", "RSA 2048", "ED25519"
    bool is_ca = false;
    std::chrono::system_clock::time_point not_before;
    std::chrono::system_clock::time_point not_after;
};

[[nodiscard]] CertificateFacts facts_of(X509* certificate);

/// Empty when a sidecar of such names and bundles would accept this chain (leaf first) from a peer
/// now; else why not. Without bundles only the leaf itself is judged, not who signed it.
[[nodiscard]] std::string objection_to_peer(
    const Certificates& chain, const TrustBundles& trust_bundles, const Naming& naming
);

/// The trust domain that a leaf or a root names; empty when it names none.
[[nodiscard]] std::string trust_domain_of(X509* certificate);

}  // namespace tls
