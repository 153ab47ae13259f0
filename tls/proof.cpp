#include "tls/proof.hpp"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>

#include <string>
#include <utility>

namespace tls {
namespace {

Certificates certificates_of(const std::string& der) {
    Certificates certificates;
    const auto* at = reinterpret_cast<const unsigned char*>(der.data());
    const auto* end = at + der.size();
    while (at != end) {
        Owned<X509> certificate(d2i_X509(nullptr, &at, end - at));
        if (certificate == nullptr) {
            ERR_clear_error();
            return {};
        }
        certificates.push_back(std::move(certificate));
    }
    return certificates;
}

/// `der` is what `presented` is as DER.
policy::Result<Proof, Refusal> prove_presented(
    X509Stack* presented, std::string der, PeerRole role, const Trust& trust, Clock::time_point now
) {
    if (der.empty() || der.size() > k_chain_bytes_max) {
        return Refusal{
            Obstacle::chain,
            "its chain has " + std::to_string(der.size()) + " bytes, and must have 1 to " +
                std::to_string(k_chain_bytes_max)
        };
    }
    X509* leaf = sk_X509_value(presented, 0);
    auto identity = identity_of(leaf, trust.naming);
    if (!identity) {
        return Refusal{Obstacle::identity, identity.error()};
    }
    const std::string& trust_domain = identity->trust_domain;
    X509_STORE* anchors = trust.store_of(trust_domain);
    if (anchors == nullptr) {
        return Refusal{
            Obstacle::trust_domain,
            identity->uri() + " belongs to trust domain " + trust_domain + ", " + trust.describe() +
                "; identity.trustBundles adds others",
            X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY
        };
    }
    auto path = verify_chain(anchors, presented, role, now);
    if (!path) {
        return Refusal{
            Obstacle::chain,
            path.error().sentence + "; it says " + identity->uri() +
                " and was held against the trust bundle of " + trust_domain,
            path.error().x509_error
        };
    }
    Proof proof;
    proof.identity = std::move(*identity);
    proof.role = role;
    proof.path = std::move(path->der);
    proof.leaf_not_after = not_after_of(leaf);
    proof.validity = path->validity;
    return proof;
}

}  // namespace

policy::Result<Proof, Refusal> prove_peer(
    X509Stack* presented, PeerRole role, const Trust& trust, Clock::time_point now
) {
    return prove_presented(presented, der_of(presented), role, trust, now);
}

std::string objection_to(const Proof& proof, const Material& material, Clock::time_point now) {
    const Certificates chain = certificates_of(proof.path);
    const Owned<X509Stack> presented = stack_of(chain);
    const auto again = prove_peer(presented.get(), proof.role, material.trust, now);
    if (!again) {
        return again.error().sentence;
    }
    if (again->identity != proof.identity) {
        return "it was " + proof.identity.uri() + " and would be " + again->identity.uri() + " now";
    }
    return {};
}

ProvedChains::ProvedChains() : sha256_(EVP_MD_fetch(nullptr, "SHA256", nullptr)) {}

policy::Result<std::shared_ptr<const Proof>, Refusal> ProvedChains::prove(
    X509_STORE_CTX* asked, PeerRole role, const Trust& trust, Clock::time_point now
) {
    X509Stack* presented = X509_STORE_CTX_get0_untrusted(asked);
    if (sk_X509_num(presented) < 1 ||
        sk_X509_value(presented, 0) != X509_STORE_CTX_get0_cert(asked)) {
        return Refusal{Obstacle::chain, "its leaf is not the first of the chain"};
    }
    std::string der = der_of(presented);
    const std::optional<Digest> digest = digest_of(der, role);
    if (digest) {
        const auto* known = chains_.find(*digest);
        if (known != nullptr && (*known)->is_valid_at(now)) {
            return *known;
        }
    }
    ++verifications_;
    auto proved = prove_presented(presented, std::move(der), role, trust, now);
    if (!proved) {
        return proved.error();
    }
    auto proof = share(std::move(*proved));
    if (digest) {
        chains_.put(*digest, proof);
    }
    return proof;
}

std::shared_ptr<const Proof> ProvedChains::share(Proof proof) {
    const std::optional<Digest> digest = digest_of(proof.path, proof.role);
    if (!digest) {
        return std::make_shared<const Proof>(std::move(proof));
    }
    if (const auto* known = paths_.find(*digest)) {
        return *known;
    }
    return paths_.put(*digest, std::make_shared<const Proof>(std::move(proof)));
}

std::optional<Digest> ProvedChains::digest_of(const std::string& der, PeerRole role) const {
    if (der.empty() || der.size() > k_chain_bytes_max || sha256_ == nullptr) {
        return std::nullopt;
    }
    const std::string text = (role == PeerRole::client ? "client:" : "server:") + der;
    Digest digest{};
    unsigned int size = 0;
    const bool is_made =
        EVP_Digest(text.data(), text.size(), digest.data(), &size, sha256_.get(), nullptr) == 1 &&
        size == digest.size();
    return is_made ? std::optional<Digest>(digest) : std::nullopt;
}

}  // namespace tls
