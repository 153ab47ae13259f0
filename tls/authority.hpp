// A small certificate authority for development, tests and the demo. Not for production: its key
// is a file, it keeps no record, and it revokes nothing.
#pragma once

#include "policy/identity.hpp"
#include "policy/result.hpp"
#include "tls/material.hpp"

#include <chrono>
#include <string>
#include <vector>

namespace tls {

enum class KeyKind : std::uint8_t { ec_p256, rsa_2048, ed25519 };

inline constexpr std::chrono::hours k_root_lifetime{24 * 3650};
inline constexpr std::chrono::hours k_issued_lifetime{24};

/// A certificate with its key, both PEM (the key PKCS#8).
struct Issued {
    std::string certificate;
    std::string key;
};

/// One self-signed root of one trust domain.
class Authority {
 public:
    /// A new root. `trust_domain` must be one that an identity can have.
    [[nodiscard]] static policy::Result<Authority> make(
        const std::string& trust_domain,
        KeyKind kind = KeyKind::ec_p256,
        std::chrono::seconds lifetime = k_root_lifetime
    );
    /// The root that `make` once gave out. The errors begin with the names given here.
    [[nodiscard]] static policy::Result<Authority> parse(
        const Issued& root, const std::string& certificate_name, const std::string& key_name
    );

    /// A new key and an X.509-SVID for `identity`, which must be of our trust domain. It never
    /// outlives the root. A negative lifetime makes one that is over already, for tests.
    [[nodiscard]] policy::Result<Issued> issue(
        const policy::Identity& identity,
        std::chrono::seconds lifetime = k_issued_lifetime,
        KeyKind kind = KeyKind::ec_p256
    ) const;

    [[nodiscard]] const std::string& trust_domain() const { return trust_domain_; }
    [[nodiscard]] const Issued& root() const { return root_; }

 private:
    Authority() = default;

    std::string trust_domain_;
    Issued root_;
    Owned<X509> certificate_;
    Owned<EVP_PKEY> key_;
};

}  // namespace tls
