// Our certificate, key and trust bundle, checked to belong together.
#pragma once

#include "policy/identity.hpp"
#include "policy/result.hpp"

#include <openssl/types.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

// <openssl/types.h> leaves these to <openssl/ssl.h>, which is much to include here.
using SSL_SESSION = struct ssl_session_st;
using SSL_CIPHER = struct ssl_cipher_st;

namespace tls {

struct OpensslDelete {
    void operator()(X509* certificate) const noexcept;
    void operator()(EVP_PKEY* key) const noexcept;
    void operator()(EVP_MD* digest) const noexcept;
    void operator()(X509_STORE* store) const noexcept;
    void operator()(SSL_CTX* context) const noexcept;
    void operator()(SSL* ssl) const noexcept;
    void operator()(SSL_SESSION* session) const noexcept;
};
template <class T>
using Owned = std::unique_ptr<T, OpensslDelete>;

/// One generation of identity: immutable, shared between the control thread and the workers.
struct Material {
    policy::Identity self;
    Owned<X509> leaf;
    std::vector<Owned<X509>> intermediates;
    Owned<EVP_PKEY> key;
    std::vector<Owned<X509>> trust_anchors;
    std::chrono::system_clock::time_point not_after;  // of the leaf
    /// Fingerprint of the trust bundle: sessions resume only under an equal one.
    std::string trust_generation;
};

struct PemText {
    std::string certificate;   // leaf first, then intermediates
    std::string key;           // PKCS#8 or traditional, unencrypted
    std::string trust_bundle;  // anchors in any order
    // Where each came from, for the sentences of errors.
    std::string certificate_name;
    std::string key_name;
    std::string trust_bundle_name;
};

/// Parses and checks: at least one certificate and one anchor, the key matches the leaf, the leaf
/// is a valid X.509-SVID of `trust_domain` now (SPIFFE X509-SVID §4, §5), and the chain leads to an
/// anchor. The error names the file and says what to do.
[[nodiscard]] policy::Result<std::shared_ptr<const Material>> parse_material(
    const PemText& pem, const std::string& trust_domain
);

}  // namespace tls
