#include "tls/material.hpp"

#include "tls/peer.hpp"
#include "tls/pem.hpp"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include <algorithm>
#include <array>
#include <span>
#include <string_view>
#include <utility>

namespace tls {
namespace {

constexpr std::string_view k_make_one =
    "; make one with `smilax identity issue NAMESPACE/SERVICE-ACCOUNT`";

std::string digest_of(const X509* certificate) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned int size = 0;
    X509_digest(certificate, EVP_sha256(), digest.data(), &size);
    return {reinterpret_cast<const char*>(digest.data()), size};
}

std::string fingerprint_of(const TrustBundles& bundles) {
    std::string all;
    for (const auto& [trust_domain, anchors] : bundles) {
        std::vector<std::string> digests;
        for (const auto& anchor : anchors) {
            digests.push_back(digest_of(anchor.get()));
        }
        // The order in a bundle means nothing.
        std::sort(digests.begin(), digests.end());
        all += trust_domain;
        all += '\0';
        all += std::to_string(digests.size());
        all += '\0';
        for (const auto& digest : digests) {
            all += digest;
        }
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

std::string objection_to_bundles(const Credentials& credentials, const std::string& ours) {
    if (!credentials.trust_bundles.contains(ours)) {
        return credentials.trust_bundle_name + ": no trust bundle of our trust domain " + ours;
    }
    for (const auto& [trust_domain, anchors] : credentials.trust_bundles) {
        const std::string name = trust_domain == ours ? credentials.trust_bundle_name
                                                      : "the trust bundle of " + trust_domain;
        const std::string objection = objection_to_bundle(anchors);
        if (!objection.empty()) {
            return name + ": " + objection;
        }
    }
    return {};
}

std::string objection_to_identity(const policy::Identity& self, const std::string& ours) {
    if (self.trust_domain != ours) {
        return self.uri() + " belongs to trust domain " + self.trust_domain + ", ours is " + ours;
    }
    return self.path.empty() ? std::string() : self.uri() + " is no identity of a service account";
}

/// How long our chain is valid. Peers that follow the same rules will take us for a client and for
/// a server.
policy::Result<Clock::time_point> end_of_chain(const Certificates& chain, X509_STORE* anchors) {
    const Owned<X509Stack> presented = stack_of(chain);
    auto end = Clock::time_point::max();
    for (const PeerRole role : {PeerRole::client, PeerRole::server}) {
        const auto verified = verify_chain(anchors, presented.get(), role, Clock::now());
        if (!verified) {
            return policy::failed<Clock::time_point>(verified.error().sentence);
        }
        end = std::min(end, verified->validity.until);
    }
    return end;
}

/// Empty when all of `credentials` belongs together; fills `self`, `trust` and `not_after`.
std::string objection_to(const Credentials& credentials, const Naming& naming, Material& material) {
    const std::string& name = credentials.certificate_name;
    if (credentials.chain.empty()) {
        return name + ": no certificate in it";
    }
    std::string objection = objection_to_bundles(credentials, naming.trust_domain);
    if (!objection.empty()) {
        return objection;
    }
    X509* leaf = credentials.chain.front().get();
    if (X509_check_private_key(leaf, credentials.key.get()) != 1) {
        ERR_clear_error();
        return credentials.key_name + ": does not belong to the first certificate of " + name +
               "; the two must be replaced together";
    }
    auto identity = identity_of(leaf, naming);
    objection = identity ? objection_to_identity(*identity, naming.trust_domain) : identity.error();
    if (!objection.empty()) {
        return name + ": not an X.509-SVID that may be used here: " + objection +
               credentials.way_out;
    }
    material.self = std::move(*identity);
    auto made = make_trust(naming, credentials.trust_bundles);
    if (!made) {
        return credentials.trust_bundle_name + ": " + made.error();
    }
    material.trust = std::move(*made);
    const auto end =
        end_of_chain(credentials.chain, material.trust.store_of(material.self.trust_domain));
    if (!end) {
        return name + ": does not verify against " + credentials.trust_bundle_name + ": " +
               end.error();
    }
    material.not_after = *end;
    return {};
}

}  // namespace

PemText::~PemText() {
    OPENSSL_cleanse(key.data(), key.size());
    OPENSSL_cleanse(certificate.data(), certificate.size());
}

policy::Result<std::shared_ptr<const Material>> make_material(
    Credentials credentials, const Naming& naming
) {
    auto material = std::make_shared<Material>();
    std::string objection = objection_to(credentials, naming, *material);
    if (!objection.empty()) {
        return policy::failed<std::shared_ptr<const Material>>(std::move(objection));
    }
    Certificates& chain = credentials.chain;
    material->leaf = std::move(chain.front());
    chain.erase(chain.begin());
    material->intermediates = std::move(chain);
    material->key = std::move(credentials.key);
    material->trust_generation = fingerprint_of(credentials.trust_bundles);
    material->trust_bundles = std::move(credentials.trust_bundles);
    return std::shared_ptr<const Material>(std::move(material));
}

policy::Result<std::shared_ptr<const Material>> parse_material(
    const PemText& pem, const Naming& naming
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
    Credentials credentials;
    credentials.chain = std::move(*chain);
    credentials.key = std::move(*key);
    credentials.trust_bundles.emplace(naming.trust_domain, std::move(*anchors));
    credentials.certificate_name = pem.certificate_name;
    credentials.key_name = pem.key_name;
    credentials.trust_bundle_name = pem.trust_bundle_name;
    credentials.way_out = k_make_one;
    for (const FederatedPem& other : pem.federated) {
        auto bundle = parse_certificates(other.text, other.name);
        if (!bundle) {
            return policy::failed<Failed>(bundle.error());
        }
        if (!credentials.trust_bundles.emplace(other.trust_domain, std::move(*bundle)).second) {
            return policy::failed<Failed>(
                other.name + ": trust domain " + other.trust_domain + " has a trust bundle already"
            );
        }
    }
    return make_material(std::move(credentials), naming);
}

}  // namespace tls
