#include "tls/authority.hpp"

#include "tls/error.hpp"
#include "tls/peer.hpp"
#include "tls/pem.hpp"

#include <openssl/asn1.h>
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <memory>
#include <string_view>
#include <utility>

namespace tls {
namespace {

using Clock = std::chrono::system_clock;

constexpr int k_serial_bits = 127;  // RFC 5280 §4.1.2.2: positive, at most 20 octets
/// Clocks of one mesh differ; a fresh certificate must be valid on all of them.
constexpr std::chrono::minutes k_backdate{5};

struct BignumDelete {
    void operator()(BIGNUM* number) const noexcept { BN_free(number); }
};
struct ExtensionDelete {
    void operator()(X509_EXTENSION* extension) const noexcept { X509_EXTENSION_free(extension); }
};
struct NamesDelete {
    void operator()(GENERAL_NAMES* names) const noexcept { GENERAL_NAMES_free(names); }
};

/// What makes one certificate differ from another here.
struct Request {
    std::string uri;
    bool is_ca = false;
    Clock::time_point not_before;
    Clock::time_point not_after;
};

Owned<EVP_PKEY> make_key(KeyKind kind) {
    switch (kind) {
        case KeyKind::ec_p256:
            return Owned<EVP_PKEY>(EVP_EC_gen("P-256"));
        case KeyKind::rsa_2048:
            return Owned<EVP_PKEY>(EVP_RSA_gen(2048));
        case KeyKind::ed25519:
            return Owned<EVP_PKEY>(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"));
    }
    return nullptr;
}

bool set_serial(X509* certificate) {
    const std::unique_ptr<BIGNUM, BignumDelete> number(BN_new());
    return number != nullptr &&
           BN_rand(number.get(), k_serial_bits, BN_RAND_TOP_ANY, BN_RAND_BOTTOM_ANY) == 1 &&
           BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate)) != nullptr;
}

bool set_times(X509* certificate, const Request& request) {
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

bool add_uri(X509* certificate, const Request& request) {
    const std::unique_ptr<GENERAL_NAMES, NamesDelete> names(GENERAL_NAMES_new());
    GENERAL_NAME* name = GENERAL_NAME_new();
    ASN1_IA5STRING* text = ASN1_IA5STRING_new();
    if (names == nullptr || name == nullptr || text == nullptr) {
        GENERAL_NAME_free(name);
        ASN1_IA5STRING_free(text);
        return false;
    }
    ASN1_STRING_set(text, request.uri.data(), static_cast<int>(request.uri.size()));
    GENERAL_NAME_set0_value(name, GEN_URI, text);
    sk_GENERAL_NAME_push(names.get(), name);
    // The workload's subject is empty, so its SAN must be critical (RFC 5280 §4.2.1.6).
    const int is_critical = request.is_ca ? 0 : 1;
    return X509_add1_ext_i2d(
               certificate, NID_subject_alt_name, names.get(), is_critical, X509V3_ADD_APPEND
           ) == 1;
}

bool add_extensions(X509* certificate, X509* issuer, const Request& request) {
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
    const auto add = [&](int nid, const char* value) {
        return add_extension(certificate, context, nid, value);
    };
    if (!add_uri(certificate, request) || !add(NID_subject_key_identifier, "hash") ||
        !add(NID_authority_key_identifier, "keyid")) {
        return false;
    }
    if (request.is_ca) {
        return add(NID_basic_constraints, "critical,CA:TRUE") &&
               add(NID_key_usage, "critical,keyCertSign,cRLSign");
    }
    return add(NID_basic_constraints, "critical,CA:FALSE") &&
           add(NID_key_usage, "critical,digitalSignature") &&
           add(NID_ext_key_usage, "serverAuth,clientAuth");
}

bool name_root(X509* certificate, const std::string& trust_domain) {
    X509_NAME* name = X509_get_subject_name(certificate);
    const std::string common = "Smilax development CA";
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
    return add("CN", common) && add("O", trust_domain.substr(0, 64));
}

/// Signs what is complete. Ed25519 takes no digest of its own.
bool sign(X509* certificate, EVP_PKEY* key) {
    const EVP_MD* digest = EVP_PKEY_get_id(key) == EVP_PKEY_ED25519 ? nullptr : EVP_sha256();
    return X509_sign(certificate, key, digest) > 0;
}

struct Signer {
    X509* certificate;
    EVP_PKEY* key;
};

/// A certificate for `key`. Without a signer it signs itself and has a subject.
Owned<X509> make_certificate(
    EVP_PKEY* key, const Request& request, const std::string& trust_domain, const Signer* signer
) {
    Owned<X509> certificate(X509_new());
    if (certificate == nullptr || X509_set_version(certificate.get(), X509_VERSION_3) != 1 ||
        !set_serial(certificate.get()) || !set_times(certificate.get(), request) ||
        X509_set_pubkey(certificate.get(), key) != 1 ||
        (signer == nullptr && !name_root(certificate.get(), trust_domain))) {
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

template <class T>
policy::Result<T> refused(std::string sentence) {
    return policy::failed<T>(std::move(sentence));
}

}  // namespace

policy::Result<Authority> Authority::make(
    const std::string& trust_domain, KeyKind kind, std::chrono::seconds lifetime
) {
    const policy::Identity example{trust_domain, "default", "default"};
    const auto parsed = policy::parse_identity(example.uri());
    if (!parsed) {
        return refused<Authority>("trust domain \"" + trust_domain + "\": " + parsed.error());
    }
    ERR_clear_error();
    const auto now = Clock::now();
    Request request;
    request.uri = "spiffe://" + trust_domain;
    request.is_ca = true;
    request.not_before = now - k_backdate;
    request.not_after = now + lifetime;
    Authority authority;
    authority.trust_domain_ = trust_domain;
    authority.key_ = make_key(kind);
    if (authority.key_ != nullptr) {
        authority.certificate_ =
            make_certificate(authority.key_.get(), request, trust_domain, nullptr);
    }
    if (authority.certificate_ == nullptr) {
        return refused<Authority>("cannot make a CA: " + take_openssl_errors("no reason given"));
    }
    authority.root_.certificate = pem_of(authority.certificate_.get());
    authority.root_.key = pem_of(authority.key_.get());
    return authority;
}

policy::Result<Authority> Authority::parse(
    const Issued& root, const std::string& certificate_name, const std::string& key_name
) {
    auto certificates = parse_certificates(root.certificate, certificate_name);
    if (!certificates) {
        return refused<Authority>(certificates.error());
    }
    auto key = parse_key(root.key, key_name);
    if (!key) {
        return refused<Authority>(key.error());
    }
    Authority authority;
    authority.certificate_ = std::move(certificates->front());
    authority.key_ = std::move(*key);
    X509* certificate = authority.certificate_.get();
    if (X509_check_private_key(certificate, authority.key_.get()) != 1) {
        ERR_clear_error();
        return refused<Authority>(key_name + ": does not belong to " + certificate_name);
    }
    if (X509_check_ca(certificate) != 1) {
        return refused<Authority>(certificate_name + ": is no CA certificate");
    }
    if (not_after_of(certificate) <= Clock::now()) {
        return refused<Authority>(
            certificate_name +
            ": this CA has expired; make a new one with "
            "`smilax identity init --force`"
        );
    }
    const auto uris = uris_of(certificate);
    constexpr std::string_view scheme = "spiffe://";
    if (uris.size() != 1 || !uris.front().starts_with(scheme)) {
        return refused<Authority>(
            certificate_name +
            ": names no trust domain (one URI SAN spiffe://TRUST-DOMAIN); make "
            "a CA with `smilax identity init`"
        );
    }
    authority.trust_domain_ = uris.front().substr(scheme.size());
    authority.root_ = root;
    return authority;
}

policy::Result<Issued> Authority::issue(
    const policy::Identity& identity, std::chrono::seconds lifetime, KeyKind kind
) const {
    const auto parsed = policy::parse_identity(identity.uri());
    if (!parsed) {
        return refused<Issued>(identity.uri() + ": " + parsed.error());
    }
    if (identity.trust_domain != trust_domain_) {
        return refused<Issued>(
            identity.uri() + ": this CA signs for trust domain " + trust_domain_ + " only"
        );
    }
    ERR_clear_error();
    const auto now = Clock::now();
    Request request;
    request.uri = identity.uri();
    request.not_after =
        std::min<Clock::time_point>(now + lifetime, not_after_of(certificate_.get()));
    request.not_before = std::min(now, request.not_after) - k_backdate;
    const Owned<EVP_PKEY> key = make_key(kind);
    const Signer signer{certificate_.get(), key_.get()};
    Owned<X509> certificate;
    if (key != nullptr) {
        certificate = make_certificate(key.get(), request, trust_domain_, &signer);
    }
    if (certificate == nullptr) {
        return refused<Issued>(
            "cannot issue " + identity.uri() + ": " + take_openssl_errors("no reason given")
        );
    }
    Issued issued;
    issued.certificate = pem_of(certificate.get());
    issued.key = pem_of(key.get());
    return issued;
}

}  // namespace tls
