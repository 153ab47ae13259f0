#include "tls/proof.hpp"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>

#include <algorithm>
#include <string>
#include <utility>

namespace tls {
namespace {

/// The chain is verified by now: only the leaf and the times are read.
policy::Result<std::shared_ptr<const Proof>> read_proof(
    X509_STORE_CTX* asked, const std::string& trust_domain
) {
    X509* leaf = X509_STORE_CTX_get0_cert(asked);
    auto identity = identity_of(leaf, trust_domain);
    if (!identity) {
        return policy::failed<std::shared_ptr<const Proof>>(identity.error());
    }
    auto proof = std::make_shared<Proof>();
    proof->identity = std::move(*identity);
    proof->leaf_not_after = not_after_of(leaf);
    proof->valid_from = Clock::time_point::min();
    proof->valid_until = proof->leaf_not_after;
    const STACK_OF(X509)* chain = X509_STORE_CTX_get0_chain(asked);
    for (int i = 0; i < sk_X509_num(chain); ++i) {
        const X509* certificate = sk_X509_value(chain, i);
        proof->valid_from = std::max(proof->valid_from, not_before_of(certificate));
        proof->valid_until = std::min(proof->valid_until, not_after_of(certificate));
    }
    return std::shared_ptr<const Proof>(std::move(proof));
}

}  // namespace

ProvedChains::ProvedChains() : sha256_(EVP_MD_fetch(nullptr, "SHA256", nullptr)) {}

policy::Result<std::shared_ptr<const Proof>, ProvedChains::Refusal> ProvedChains::prove(
    X509_STORE_CTX* asked, PeerRole role, const std::string& trust_domain, Clock::time_point now
) {
    const std::optional<Digest> digest = digest_of(asked, role);
    if (digest) {
        const auto* known = chains_.find(*digest);
        if (known != nullptr && (*known)->is_valid_at(now)) {
            X509_STORE_CTX_set_error(asked, X509_V_OK);
            return *known;
        }
    }
    ++verifications_;
    if (X509_verify_cert(asked) != 1) {
        const int error = X509_STORE_CTX_get_error(asked);
        ERR_clear_error();
        return Refusal{Obstacle::chain, X509_verify_cert_error_string(error)};
    }
    const auto proof = read_proof(asked, trust_domain);
    // Else the connection would keep the chain in memory for as long as it lives.
    X509_STORE_CTX_set0_verified_chain(asked, nullptr);
    if (!proof) {
        return Refusal{Obstacle::identity, proof.error()};
    }
    if (digest) {
        chains_.put(*digest, *proof);
    }
    return *proof;
}

std::optional<Digest> ProvedChains::digest_of(X509_STORE_CTX* asked, PeerRole role) const {
    std::string presented = role == PeerRole::client ? "client:" : "server:";
    // The leaf first, as it came. DER says where each certificate ends.
    const STACK_OF(X509)* chain = X509_STORE_CTX_get0_untrusted(asked);
    if (sk_X509_num(chain) < 1 || sk_X509_value(chain, 0) != X509_STORE_CTX_get0_cert(asked)) {
        return std::nullopt;
    }
    for (int i = 0; i < sk_X509_num(chain); ++i) {
        const X509* certificate = sk_X509_value(chain, i);
        const int size = i2d_X509(certificate, nullptr);
        if (size <= 0) {
            return std::nullopt;
        }
        const std::size_t begin = presented.size();
        presented.resize(begin + static_cast<std::size_t>(size));
        auto* to = reinterpret_cast<unsigned char*>(presented.data() + begin);
        if (i2d_X509(certificate, &to) != size) {
            return std::nullopt;
        }
    }
    Digest digest{};
    unsigned int size = 0;
    const bool is_made =
        sha256_ != nullptr &&
        EVP_Digest(
            presented.data(), presented.size(), digest.data(), &size, sha256_.get(), nullptr
        ) == 1 &&
        size == digest.size();
    return is_made ? std::optional<Digest>(digest) : std::nullopt;
}

}  // namespace tls
