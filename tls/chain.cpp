#include "tls/chain.hpp"

#include <openssl/err.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <utility>

namespace tls {
namespace {

/// CAs between the leaf and the anchor.
constexpr int k_intermediates_max = 8;
/// 112 bits: RSA of 2048 bits or more, no SHA-1 (SSL_CTX_set_security_level(3)).
constexpr int k_security_level = 2;

Owned<X509_STORE> make_store(const Certificates& anchors) {
    Owned<X509_STORE> store(X509_STORE_new());
    if (store == nullptr || X509_STORE_set_flags(store.get(), X509_V_FLAG_PARTIAL_CHAIN) != 1) {
        return nullptr;
    }
    for (const auto& anchor : anchors) {
        if (X509_STORE_add_cert(store.get(), anchor.get()) != 1) {
            return nullptr;
        }
    }
    return store;
}

/// OpenSSL's own words are hard to guess.
std::string_view meaning_of(int error) {
    switch (error) {
        case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
        case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
        case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
        case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
            return ": no CA of the trust bundle has signed it";
        default:
            return {};
    }
}

/// Sentences never quote a peer's names that nobody has verified.
std::string reason_of(const X509_STORE_CTX* context) {
    const int error = X509_STORE_CTX_get_error(context);
    std::string reason = X509_verify_cert_error_string(error);
    const int depth = X509_STORE_CTX_get_error_depth(context);
    if (depth > 0) {
        reason += " (certificate " + std::to_string(depth + 1) + " of the chain)";
    }
    reason += meaning_of(error);
    return reason;
}

Validity validity_of(const X509Stack* chain) {
    Validity validity{Clock::time_point::min(), Clock::time_point::max()};
    for (int i = 0; i < sk_X509_num(chain); ++i) {
        const X509* certificate = sk_X509_value(chain, i);
        validity.from = std::max(validity.from, not_before_of(certificate));
        validity.until = std::min(validity.until, not_after_of(certificate));
    }
    return validity;
}

}  // namespace

std::string der_of(const X509Stack* presented) {
    std::string der;
    for (int i = 0; i < sk_X509_num(presented); ++i) {
        const X509* certificate = sk_X509_value(presented, i);
        const int size = i2d_X509(certificate, nullptr);
        if (size <= 0) {
            return {};
        }
        const std::size_t begin = der.size();
        der.resize(begin + static_cast<std::size_t>(size));
        auto* to = reinterpret_cast<unsigned char*>(der.data() + begin);
        if (i2d_X509(certificate, &to) != size) {
            return {};
        }
    }
    return der;
}

X509_STORE* Trust::store_of(const std::string& trust_domain) const {
    const auto found = stores.find(trust_domain);
    return found == stores.end() ? nullptr : found->second.get();
}

std::string Trust::describe() const {
    std::string text = "ours is " + naming.trust_domain;
    const char* joint = ", federated with ";
    for (const auto& [trust_domain, store] : stores) {
        if (trust_domain != naming.trust_domain) {
            text += joint + trust_domain;
            joint = ", ";
        }
    }
    return text;
}

std::string objection_to_bundle(const Certificates& anchors) {
    if (anchors.empty()) {
        return "no certificate in it";
    }
    const auto is_ca = [](const auto& anchor) { return X509_check_ca(anchor.get()) == 1; };
    if (!std::ranges::all_of(anchors, is_ca)) {
        return "holds a certificate that is no CA (basicConstraints CA:TRUE is missing); a trust "
               "bundle holds CA certificates only";
    }
    return {};
}

policy::Result<Trust> make_trust(Naming naming, const TrustBundles& bundles) {
    Trust trust;
    trust.naming = std::move(naming);
    for (const auto& [trust_domain, anchors] : bundles) {
        if (const std::string objection = objection_to_bundle(anchors); !objection.empty()) {
            return policy::failed<Trust>("the trust bundle of " + trust_domain + ": " + objection);
        }
        Owned<X509_STORE> store = make_store(anchors);
        if (store == nullptr) {
            ERR_clear_error();
            return policy::failed<Trust>("cannot use the trust bundle of " + trust_domain);
        }
        trust.stores.emplace(trust_domain, std::move(store));
    }
    return trust;
}

policy::Result<Path, ChainFault> verify_chain(
    X509_STORE* anchors, X509Stack* presented, PeerRole role, Clock::time_point now
) {
    X509* leaf = sk_X509_value(presented, 0);
    const Owned<X509_STORE_CTX> context(X509_STORE_CTX_new());
    if (leaf == nullptr || context == nullptr ||
        X509_STORE_CTX_init(context.get(), anchors, leaf, presented) != 1 ||
        X509_STORE_CTX_set_default(
            context.get(), role == PeerRole::client ? "ssl_client" : "ssl_server"
        ) != 1) {
        ERR_clear_error();
        return ChainFault{"out of memory"};
    }
    X509_VERIFY_PARAM* rules = X509_STORE_CTX_get0_param(context.get());
    X509_VERIFY_PARAM_set_depth(rules, k_intermediates_max);
    X509_VERIFY_PARAM_set_auth_level(rules, k_security_level);
    X509_VERIFY_PARAM_set_time(rules, Clock::to_time_t(now));
    if (X509_verify_cert(context.get()) != 1) {
        ERR_clear_error();
        return ChainFault{reason_of(context.get()), X509_STORE_CTX_get_error(context.get())};
    }
    const X509Stack* path = X509_STORE_CTX_get0_chain(context.get());
    return Path{validity_of(path), der_of(path)};
}

}  // namespace tls
