#include "tls/describe.hpp"

#include "tls/chain.hpp"
#include "tls/error.hpp"
#include "tls/pem.hpp"
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
#include <utility>

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
    if (name == "prime256v1") {
        return "EC P-256";
    }
    return "EC " + std::string(name == "secp384r1" ? "P-384" : name);
}

struct NamesDelete {
    void operator()(GENERAL_NAMES* names) const noexcept { GENERAL_NAMES_free(names); }
};

/// Bytes that are no printable ASCII as `\\x1b`: the text goes to a terminal.
std::string printable(std::string_view bytes) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string text;
    for (const char c : bytes) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte >= 0x20 && byte < 0x7f) {
            text += c;
        } else {
            text += {'\\', 'x', digits[byte >> 4], digits[byte & 15]};
        }
    }
    return text;
}

std::string text_of(const GENERAL_NAME* name) {
    if (name->type == GEN_DNS || name->type == GEN_EMAIL) {
        const ASN1_IA5STRING* value = name->d.ia5;
        const std::string_view bytes(
            reinterpret_cast<const char*>(ASN1_STRING_get0_data(value)),
            static_cast<std::size_t>(ASN1_STRING_length(value))
        );
        return (name->type == GEN_DNS ? "DNS:" : "email:") + printable(bytes);
    }
    const std::unique_ptr<BIO, BioDelete> bio(BIO_new(BIO_s_mem()));
    GENERAL_NAME_print(bio.get(), const_cast<GENERAL_NAME*>(name));  // it takes no const
    char* data = nullptr;
    const long size = BIO_get_mem_data(bio.get(), &data);
    return printable({data, static_cast<std::size_t>(size)});
}

std::vector<std::string> other_names_of(const X509* certificate) {
    std::vector<std::string> texts;
    int at = -1;
    // More than one such extension is against RFC 5280, but this is for showing what is there.
    while ((at = X509_get_ext_by_NID(certificate, NID_subject_alt_name, at)) >= 0) {
        const std::unique_ptr<GENERAL_NAMES, NamesDelete> names(
            static_cast<GENERAL_NAMES*>(X509V3_EXT_d2i(X509_get_ext(certificate, at)))
        );
        for (int i = 0; names != nullptr && i < sk_GENERAL_NAME_num(names.get()); ++i) {
            const GENERAL_NAME* name = sk_GENERAL_NAME_value(names.get(), i);
            if (name->type != GEN_URI) {
                texts.push_back(text_of(name));
            }
        }
    }
    return texts;
}

}  // namespace

CertificateFacts facts_of(X509* certificate) {
    CertificateFacts facts;
    facts.subject = text_of(X509_get_subject_name(certificate));
    facts.issuer = text_of(X509_get_issuer_name(certificate));
    facts.serial = hexadecimal(X509_get0_serialNumber(certificate));
    facts.uris = uris_of(certificate);
    facts.other_names = other_names_of(certificate);
    facts.key = describe_key(X509_get0_pubkey(certificate));
    facts.is_ca = X509_check_ca(certificate) == 1;
    facts.not_before = not_before_of(certificate);
    facts.not_after = not_after_of(certificate);
    return facts;
}

std::string objection_to_peer(const Certificates& chain, PeerRole role, const Judge& judge) {
    X509* leaf = chain.front().get();
    const auto identity = identity_of(leaf, judge.naming);
    if (!identity) {
        return identity.error();
    }
    if (role == PeerRole::server && !identity->path.empty()) {
        return identity->uri() + " names no service account, and those alone are called";
    }
    const auto now = Clock::now();
    if (not_after_of(leaf) <= now) {
        return "it has expired";
    }
    if (not_before_of(leaf) > now) {
        return "it is not valid yet";
    }
    if (judge.trust_bundles.empty()) {
        return identity->trust_domain == judge.naming.trust_domain
                   ? ""
                   : identity->uri() + " belongs to trust domain " + identity->trust_domain +
                         ", ours is " + judge.naming.trust_domain;
    }
    const auto trust = make_trust(judge.naming, judge.trust_bundles);
    if (!trust) {
        return trust.error();
    }
    const Owned<X509Stack> presented = stack_of(chain);
    const auto proof = prove_peer(presented.get(), role, *trust, now);
    if (proof) {
        const bool is_ours = identity->trust_domain == judge.naming.trust_domain;
        return role == PeerRole::client || is_ours
                   ? ""
                   : "only services of " + judge.naming.trust_domain + " are called";
    }
    return proof.error().obstacle == Obstacle::chain
               ? "it does not verify: " + proof.error().sentence
               : proof.error().sentence;
}

policy::Result<Certificates> parse_pem_or_der(const std::string& bytes, const std::string& name) {
    // DER of a certificate is a SEQUENCE of more than 127 bytes; PEM is text.
    if (!bytes.starts_with("\x30\x82") && !bytes.starts_with("\x30\x81")) {
        return parse_certificates(bytes, name);
    }
    Certificates certificates;
    const auto* next = reinterpret_cast<const unsigned char*>(bytes.data());
    const unsigned char* end = next + bytes.size();
    while (next != end) {
        Owned<X509> certificate(d2i_X509(nullptr, &next, end - next));
        if (certificate == nullptr) {
            return policy::failed<Certificates>(
                name + ": certificate " + std::to_string(certificates.size() + 1) +
                " cannot be read as DER: " + take_openssl_errors("it is damaged")
            );
        }
        certificates.push_back(std::move(certificate));
    }
    return certificates;
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
