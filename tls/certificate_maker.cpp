#include "tls/certificate_maker.hpp"

#include <openssl/asn1.h>
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <memory>

namespace tls {
namespace {

using Clock = std::chrono::system_clock;

constexpr int k_serial_bits = 127;  // RFC 5280 §4.1.2.2: positive, at most 20 octets
struct BignumDelete {
    void operator()(BIGNUM* number) const noexcept { BN_free(number); }
};
struct ExtensionDelete {
    void operator()(X509_EXTENSION* extension) const noexcept { X509_EXTENSION_free(extension); }
};
struct NamesDelete {
    void operator()(GENERAL_NAMES* names) const noexcept { GENERAL_NAMES_free(names); }
};

bool set_serial(X509* certificate) {
    const std::unique_ptr<BIGNUM, BignumDelete> number(BN_new());
    return number != nullptr &&
           BN_rand(number.get(), k_serial_bits, BN_RAND_TOP_ANY, BN_RAND_BOTTOM_ANY) == 1 &&
           BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate)) != nullptr;
}

bool set_times(X509* certificate, const CertificateRequest& request) {
    return ASN1_TIME_set(X509_getm_notBefore(certificate), Clock::to_time_t(request.not_before)) !=
               nullptr &&
           ASN1_TIME_set(X509_getm_notAfter(certificate), Clock::to_time_t(request.not_after)) !=
               nullptr;
}

/// `value` is one of the constants below, never text from outside: OpenSSL reads it as a language.
bool add_extension(X509* certificate, X509V3_CTX& context, int nid, const char* value) {
    const std::unique_ptr<X509_EXTENSION, ExtensionDelete> extension(
        X509V3_EXT_conf_nid(nullptr, &context, nid, value)
    );
    return extension != nullptr && X509_add_ext(certificate, extension.get(), -1) == 1;
}

/// `type` is GEN_URI or GEN_DNS.
bool add_name(GENERAL_NAMES* names, int type, const std::string& value) {
    GENERAL_NAME* name = GENERAL_NAME_new();
    ASN1_IA5STRING* text = ASN1_IA5STRING_new();
    if (names == nullptr || name == nullptr || text == nullptr) {
        GENERAL_NAME_free(name);
        ASN1_IA5STRING_free(text);
        return false;
    }
    ASN1_STRING_set(text, value.data(), static_cast<int>(value.size()));
    GENERAL_NAME_set0_value(name, type, text);
    return sk_GENERAL_NAME_push(names, name) > 0;
}

bool add_names(X509* certificate, const CertificateRequest& request) {
    const std::unique_ptr<GENERAL_NAMES, NamesDelete> names(GENERAL_NAMES_new());
    bool is_added = add_name(names.get(), GEN_URI, request.uri);
    for (const std::string& dns_name : request.dns_names) {
        is_added = is_added && add_name(names.get(), GEN_DNS, dns_name);
    }
    if (!is_added) {
        return false;
    }
    // The workload's subject is empty, so its SAN must be critical (RFC 5280 §4.2.1.6).
    const int is_critical = request.authority == IsAuthority::no ? 1 : 0;
    return X509_add1_ext_i2d(
               certificate, NID_subject_alt_name, names.get(), is_critical, X509V3_ADD_APPEND
           ) == 1;
}

bool add_extensions(X509* certificate, X509* issuer, const CertificateRequest& request) {
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
    const auto add = [&](int nid, const char* value) {
        return add_extension(certificate, context, nid, value);
    };
    if (!add_names(certificate, request) || !add(NID_subject_key_identifier, "hash") ||
        !add(NID_authority_key_identifier, "keyid")) {
        return false;
    }
    switch (request.authority) {
        case IsAuthority::root:
            return add(NID_basic_constraints, "critical,CA:TRUE") &&
                   add(NID_key_usage, "critical,keyCertSign,cRLSign");
        case IsAuthority::intermediate:
            return add(NID_basic_constraints, "critical,CA:TRUE,pathlen:0") &&
                   add(NID_key_usage, "critical,keyCertSign,cRLSign");
        case IsAuthority::no:
            break;
    }
    return add(NID_basic_constraints, "critical,CA:FALSE") &&
           add(NID_key_usage, "critical,digitalSignature") &&
           add(NID_ext_key_usage, "serverAuth,clientAuth");
}

bool set_subject(X509* certificate, const CertificateRequest& request) {
    if (request.common_name.empty()) {
        return true;
    }
    X509_NAME* name = X509_get_subject_name(certificate);
    const auto add = [name](const char* field, const std::string& text) {
        return X509_NAME_add_entry_by_txt(
                   name,
                   field,
                   MBSTRING_UTF8,
                   reinterpret_cast<const unsigned char*>(text.data()),
                   static_cast<int>(text.size()),
                   -1,
                   0
               ) == 1;
    };
    // O is at most 64 characters (RFC 5280 appendix A.1); the whole name stands in the URI.
    return add("CN", request.common_name) && add("O", request.organization.substr(0, 64));
}

/// Signs what is complete. Ed25519 takes no digest of its own.
bool sign(X509* certificate, EVP_PKEY* key) {
    const EVP_MD* digest = EVP_PKEY_get_id(key) == EVP_PKEY_ED25519 ? nullptr : EVP_sha256();
    return X509_sign(certificate, key, digest) > 0;
}

}  // namespace

Owned<EVP_PKEY> generate_key(KeyKind kind) {
    switch (kind) {
        case KeyKind::ec_p256:
            return Owned<EVP_PKEY>(EVP_EC_gen("P-256"));
        case KeyKind::ec_p384:
            return Owned<EVP_PKEY>(EVP_EC_gen("P-384"));
        case KeyKind::rsa_2048:
            return Owned<EVP_PKEY>(EVP_RSA_gen(2048));
        case KeyKind::ed25519:
            return Owned<EVP_PKEY>(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"));
    }
    return nullptr;
}

KeyKind kind_of_key(const X509* certificate) {
    const EVP_PKEY* key = X509_get0_pubkey(certificate);
    switch (key == nullptr ? EVP_PKEY_NONE : EVP_PKEY_get_id(key)) {
        case EVP_PKEY_ED25519:
            return KeyKind::ed25519;
        case EVP_PKEY_RSA:
            return KeyKind::rsa_2048;
        case EVP_PKEY_EC:
            return EVP_PKEY_get_bits(key) == 384 ? KeyKind::ec_p384 : KeyKind::ec_p256;
        default:
            return KeyKind::ec_p256;
    }
}

Owned<X509> make_certificate(
    EVP_PKEY* key, const CertificateRequest& request, const Signer* signer
) {
    Owned<X509> certificate(X509_new());
    if (certificate == nullptr || X509_set_version(certificate.get(), X509_VERSION_3) != 1 ||
        !set_serial(certificate.get()) || !set_times(certificate.get(), request) ||
        X509_set_pubkey(certificate.get(), key) != 1 || !set_subject(certificate.get(), request)) {
        return nullptr;
    }
    X509* issuer = signer == nullptr ? certificate.get() : signer->certificate;
    if (X509_set_issuer_name(certificate.get(), X509_get_subject_name(issuer)) != 1 ||
        !add_extensions(certificate.get(), issuer, request) ||
        !sign(certificate.get(), signer == nullptr ? key : signer->key)) {
        return nullptr;
    }
    return certificate;
}

}  // namespace tls
