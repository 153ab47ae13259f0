#include "tls/material.hpp"

#include "tls/chain.hpp"
#include "tls/peer.hpp"
#include "tls/pem.hpp"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <span>
#include <string_view>
#include <utility>

namespace tls {

void OpensslDelete::operator()(X509* certificate) const noexcept {
    X509_free(certificate);
}
void OpensslDelete::operator()(EVP_PKEY* key) const noexcept {
    EVP_PKEY_free(key);
}
void OpensslDelete::operator()(EVP_MD* digest) const noexcept {
    EVP_MD_free(digest);
}
void OpensslDelete::operator()(X509_STORE* store) const noexcept {
    X509_STORE_free(store);
}
void OpensslDelete::operator()(SSL_CTX* context) const noexcept {
    SSL_CTX_free(context);
}
void OpensslDelete::operator()(SSL* ssl) const noexcept {
    SSL_free(ssl);
}
void OpensslDelete::operator()(SSL_SESSION* session) const noexcept {
    SSL_SESSION_free(session);
}

namespace {

constexpr std::string_view k_make_one =
    "; make one with `smilax identity issue NAMESPACE/SERVICE-ACCOUNT`";

std::string fingerprint_of(const Certificates& anchors) {
    std::vector<std::string> digests;
    for (const auto& anchor : anchors) {
        std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
        unsigned int size = 0;
        X509_digest(anchor.get(), EVP_sha256(), digest.data(), &size);
        digests.emplace_back(reinterpret_cast<const char*>(digest.data()), size);
    }
    // The order in a bundle means nothing.
    std::sort(digests.begin(), digests.end());
    std::string all;
    for (const auto& digest : digests) {
        all += digest;
    }
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned int size = 0;
    EVP_Digest(all.data(), all.size(), digest.data(), &size, EVP_sha256(), nullptr);
    std::string hex;
    constexpr std::string_view digits = "0123456789abcdef";
    for (const unsigned char byte : std::span(digest.data(), size)) {
        hex += digits[byte >> 4];
        hex += digits[byte & 15];
    }
    return hex;
}

/// Empty when the parts of `material` belong together; fills `self`.
std::string objection_to(Material& material, const PemText& pem, const std::string& trust_domain) {
    for (const auto& anchor : material.trust_anchors) {
        if (X509_check_ca(anchor.get()) != 1) {
            return pem.trust_bundle_name +
                   ": holds a certificate that is no CA (basicConstraints CA:TRUE is missing); a "
                   "trust bundle holds CA certificates only";
        }
    }
    if (X509_check_private_key(material.leaf.get(), material.key.get()) != 1) {
        ERR_clear_error();
        return pem.key_name + ": does not belong to the first certificate of " +
               pem.certificate_name + "; the two must be replaced together";
    }
    auto identity = identity_of(material.leaf.get(), trust_domain);
    if (!identity) {
        return pem.certificate_name +
               ": not an X.509-SVID that may be used here: " + identity.error() +
               std::string(k_make_one);
    }
    material.self = std::move(*identity);
    const std::string objection =
        objection_to_chain(material.leaf.get(), material.intermediates, material.trust_anchors);
    if (!objection.empty()) {
        return pem.certificate_name + ": does not verify against " + pem.trust_bundle_name + ": " +
               objection;
    }
    return {};
}

}  // namespace

policy::Result<std::shared_ptr<const Material>> parse_material(
    const PemText& pem, const std::string& trust_domain
) {
    using Failed = std::shared_ptr<const Material>;
    auto chain = parse_certificates(pem.certificate, pem.certificate_name);
    if (!chain) {
        return policy::failed<Failed>(chain.error());
    }
    auto key = parse_key(pem.key, pem.key_name);
    if (!key) {
        return policy::failed<Failed>(key.error());
    }
    auto anchors = parse_certificates(pem.trust_bundle, pem.trust_bundle_name);
    if (!anchors) {
        return policy::failed<Failed>(anchors.error());
    }
    auto material = std::make_shared<Material>();
    material->leaf = std::move(chain->front());
    chain->erase(chain->begin());
    material->intermediates = std::move(*chain);
    material->key = std::move(*key);
    material->trust_anchors = std::move(*anchors);
    material->not_after = not_after_of(material->leaf.get());
    material->trust_generation = fingerprint_of(material->trust_anchors);
    std::string objection = objection_to(*material, pem, trust_domain);
    if (!objection.empty()) {
        return policy::failed<Failed>(std::move(objection));
    }
    return std::shared_ptr<const Material>(std::move(material));
}

}  // namespace tls
