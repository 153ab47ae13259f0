#include "tls/describe.hpp"

#include "tls/chain.hpp"
#include "tls/peer.hpp"
#include "tls/proof.hpp"

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <array>
#include <memory>
#include <string_view>

namespace tls {
namespace {

struct BioDelete {
    void operator()(BIO* bio) const noexcept { BIO_free(bio); }
};

/// One line of RFC 2253, control characters escaped.
std::string text_of(const X509_NAME* name) {
    const std::unique_ptr<BIO, BioDelete> bio(BIO_new(BIO_s_mem()));
    X509_NAME_print_ex(bio.get(), name, 0, XN_FLAG_RFC2253);
    char* data = nullptr;
    const long size = BIO_get_mem_data(bio.get(), &data);
    return {data, static_cast<std::size_t>(size)};
}

std::string hexadecimal(const ASN1_INTEGER* number) {
    BIGNUM* value = ASN1_INTEGER_to_BN(number, nullptr);
    char* text = BN_bn2hex(value);
    std::string result = text == nullptr ? "" : text;
    OPENSSL_free(text);
    BN_free(value);
    return result;
}

std::string describe_key(const EVP_PKEY* key) {
    if (key == nullptr) {
        return "unreadable";
    }
    if (EVP_PKEY_get_id(key) == EVP_PKEY_RSA) {
        return "RSA " + std::to_string(EVP_PKEY_get_bits(key));
    }
    if (EVP_PKEY_get_id(key) != EVP_PKEY_EC) {
        const char* name = EVP_PKEY_get0_type_name(key);
        return name == nullptr ? "unknown" : name;
    }
    std::array<char, 80> group{};
    std::size_t size = 0;
    EVP_PKEY_get_group_name(key, group.data(), group.size(), &size);
    const std::string_view name(group.data(), size);
    return "EC " + std::string(name == "prime256v1" ? "P-256" : name);
}

}  // namespace

CertificateFacts facts_of(X509* certificate) {
    CertificateFacts facts;
    facts.subject = text_of(X509_get_subject_name(certificate));
    facts.issuer = text_of(X509_get_issuer_name(certificate));
    facts.serial = hexadecimal(X509_get0_serialNumber(certificate));
    facts.uris = uris_of(certificate);
    facts.key = describe_key(X509_get0_pubkey(certificate));
    facts.is_ca = X509_check_ca(certificate) == 1;
    facts.not_before = not_before_of(certificate);
    facts.not_after = not_after_of(certificate);
    return facts;
}

std::string objection_to_peer(
    const Certificates& chain, const TrustBundles& trust_bundles, const Naming& naming
) {
    X509* leaf = chain.front().get();
    const auto identity = identity_of(leaf, naming);
    if (!identity) {
        return identity.error();
    }
    const auto now = Clock::now();
    if (not_after_of(leaf) <= now) {
        return "it has expired";
    }
    if (not_before_of(leaf) > now) {
        return "it is not valid yet";
    }
    if (trust_bundles.empty()) {
        return identity->trust_domain == naming.trust_domain
                   ? ""
                   : identity->uri() + " belongs to trust domain " + identity->trust_domain +
                         ", ours is " + naming.trust_domain;
    }
    const auto trust = make_trust(naming, trust_bundles);
    if (!trust) {
        return trust.error();
    }
    const Owned<X509Stack> presented = stack_of(chain);
    for (const PeerRole role : {PeerRole::client, PeerRole::server}) {
        const auto proof = prove_peer(presented.get(), role, *trust, now);
        if (!proof) {
            return proof.error().obstacle == Obstacle::chain
                       ? "it does not verify: " + proof.error().sentence
                       : proof.error().sentence;
        }
    }
    return {};
}

std::string trust_domain_of(X509* certificate) {
    const auto uris = uris_of(certificate);
    constexpr std::string_view scheme = "spiffe://";
    if (uris.size() != 1 || !uris.front().starts_with(scheme)) {
        return {};
    }
    const std::string rest = uris.front().substr(scheme.size());
    return rest.substr(0, rest.find('/'));
}

}  // namespace tls
