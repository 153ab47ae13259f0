// A small certificate authority for development, tests and the demo. Not for production: its key
// is a file, it keeps no record, and it revokes nothing.
#pragma once

#include "policy/identity.hpp"
#include "policy/result.hpp"
#include "tls/certificate_maker.hpp"
#include "tls/material.hpp"

#include <chrono>
#include <string>
#include <vector>

namespace tls {

inline constexpr std::chrono::hours k_root_lifetime{24 * 3650};
inline constexpr std::chrono::hours k_issued_lifetime{24};

/// A certificate with its key, both PEM (the key PKCS#8). What an intermediate signed is followed
/// by the intermediate.
struct Issued {
    std::string certificate;
    std::string key;
};

/// A CA as it was written down, with the names that begin the sentences of errors.
struct AuthorityPem {
    Issued root;          // the certificates of a trust bundle; the key may be empty, put away
    Issued intermediate;  // empty: the root signs
    std::string root_certificate_name;
    std::string root_key_name;
    std::string intermediate_certificate_name;
    std::string intermediate_key_name;
};

/// One self-signed root of one trust domain, which signs by itself or by an intermediate.
class Authority {
 public:
    /// A new root. `trust_domain` must be one that an identity can have.
    [[nodiscard]] static policy::Result<Authority> make(
        const std::string& trust_domain,
        KeyKind kind = KeyKind::ec_p256,
        std::chrono::seconds lifetime = k_root_lifetime
    );
    /// What `make` and `make_intermediate` once gave out.
    [[nodiscard]] static policy::Result<Authority> parse(const AuthorityPem& pem);
    /// A root alone. While it is being replaced its bundle holds another beside it: the one that
    /// signs is the one that the key belongs to.
    [[nodiscard]] static policy::Result<Authority> parse(
        const Issued& root, const std::string& certificate_name, const std::string& key_name
    );

    /// The same root, signing by a new intermediate from now on; its key is needed this once. The
    /// intermediate never outlives the root.
    [[nodiscard]] policy::Result<Authority> make_intermediate(
        KeyKind kind = KeyKind::ec_p256, std::chrono::seconds lifetime = k_root_lifetime
    ) const;

    /// A new key and an X.509-SVID for `identity`, which must be of our trust domain. It never
    /// outlives what signs it. A negative lifetime makes one that is over already, for tests. The
    /// DNS names stand beside the identity: peers of the mesh do not look at them.
    [[nodiscard]] policy::Result<Issued> issue(
        const policy::Identity& identity,
        std::chrono::seconds lifetime = k_issued_lifetime,
        KeyKind kind = KeyKind::ec_p256,
        std::vector<std::string> dns_names = {}
    ) const;

    [[nodiscard]] const std::string& trust_domain() const { return trust_domain_; }
    /// The trust bundle (one root, or two while one replaces the other) and the root's key, which
    /// is empty where it was put away.
    [[nodiscard]] const Issued& root() const { return root_; }
    /// Empty where the root signs.
    [[nodiscard]] const Issued& intermediate() const { return intermediate_; }
    /// The one root that what is issued leads to.
    [[nodiscard]] std::string signing_root() const;
    /// Of the root's key.
    [[nodiscard]] KeyKind key_kind() const;

 private:
    Authority() = default;

    [[nodiscard]] policy::Result<void> use_root_key(const AuthorityPem& pem);
    [[nodiscard]] policy::Result<void> use_intermediate(const AuthorityPem& pem);
    [[nodiscard]] policy::Result<void> check_signer(const std::string& name);

    std::string trust_domain_;
    Issued root_;
    Issued intermediate_;
    std::vector<Owned<X509>> roots_;
    std::size_t signing_root_ = 0;    // in roots_
    Owned<X509> signer_certificate_;  // the root or the intermediate
    Owned<EVP_PKEY> signer_key_;
};

/// For how long `issue` was asked to make this certificate, unless its CA ended before.
[[nodiscard]] std::chrono::seconds lifetime_of(const X509* issued);

}  // namespace tls
