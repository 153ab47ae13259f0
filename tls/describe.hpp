// What certificates say, in words, and whether we would accept them: for `smilax identity show`.
#pragma once

#include "policy/result.hpp"
#include "tls/naming.hpp"
#include "tls/owned.hpp"
#include "tls/peer.hpp"

#include <chrono>
#include <string>
#include <vector>

namespace tls {

struct CertificateFacts {
    std::string subject;  // empty for most workloads
    std::string issuer;
    std::string serial;                    // hexadecimal
    std::vector<std::string> uris;         // URI SANs
    std::vector<std::string> other_names;  // the other SANs: "DNS:web.shop", "IP Address:10.0.0.1"
    std::string key;                       // "EC P-256", "RSA 2048", "ED25519"
    bool is_ca = false;
    std::chrono::system_clock::time_point not_before;
    std::chrono::system_clock::time_point not_after;
};

[[nodiscard]] CertificateFacts facts_of(X509* certificate);

/// What a sidecar knows when it judges.
struct Judge {
    Naming naming;
    TrustBundles trust_bundles;  // without any only the leaf itself is judged, not who signed it
};

/// Empty when a sidecar would accept this chain (leaf first) now from a peer of this role; else why
/// not.
[[nodiscard]] std::string objection_to_peer(
    const Certificates& chain, PeerRole role, const Judge& judge
);

/// All certificates of a PEM text, or of DER one after the other. The errors begin with `name`.
[[nodiscard]] policy::Result<Certificates> parse_pem_or_der(
    const std::string& bytes, const std::string& name
);

/// The trust domain that a leaf or a root names; empty when it names none.
[[nodiscard]] std::string trust_domain_of(X509* certificate);

}  // namespace tls
