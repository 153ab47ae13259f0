// Does a chain of certificates lead to an anchor that we trust?
#pragma once

#include "policy/result.hpp"
#include "tls/naming.hpp"
#include "tls/owned.hpp"
#include "tls/peer.hpp"

#include <openssl/types.h>

#include <chrono>
#include <functional>
#include <map>
#include <string>

namespace tls {

using Clock = std::chrono::system_clock;

/// Whom we believe, and about whom: the anchors of a trust domain vouch for its members only.
/// Immutable; OpenSSL locks its stores, so workers share them.
struct Trust {
    Naming naming;
    std::map<std::string, Owned<X509_STORE>, std::less<>> stores;  // by trust domain

    /// Null when `trust_domain` is not trusted.
    [[nodiscard]] X509_STORE* store_of(const std::string& trust_domain) const;
    /// "ours is a.example", and which others are trusted.
    [[nodiscard]] std::string describe() const;
};

/// Empty when a bundle can be used: there are certificates in it, and CA certificates only.
[[nodiscard]] std::string objection_to_bundle(const Certificates& anchors);

/// A bundle may hold an intermediate CA without its root (as Go's verifier allows too), but a leaf
/// never becomes its own anchor. The error names the trust domain.
[[nodiscard]] policy::Result<Trust> make_trust(Naming naming, const TrustBundles& bundles);

/// The time in which every certificate of a chain, the anchor included, is valid.
struct Validity {
    Clock::time_point from;
    Clock::time_point until;
};

/// The certificates one after the other: DER says where each ends. Empty when one has none.
[[nodiscard]] std::string der_of(const X509Stack* certificates);

/// What leads from a leaf to an anchor, and when it is valid.
struct Path {
    Validity validity;
    std::string der;  // the leaf first, the anchor last
};

/// What stands against a chain, and OpenSSL's number for it (X509_V_ERR_…), which chooses the
/// alert.
struct ChainFault {
    std::string sentence;
    int x509_error = 1;  // X509_V_ERR_UNSPECIFIED
};

/// The only place where chains are verified: `presented` (leaf first) at `now`, to one of
/// `anchors`, for `role` all the way up. The error is OpenSSL's reason.
[[nodiscard]] policy::Result<Path, ChainFault> verify_chain(
    X509_STORE* anchors, X509Stack* presented, PeerRole role, Clock::time_point now
);

}  // namespace tls
