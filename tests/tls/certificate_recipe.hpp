// Certificates for tests, good and bad, made with raw OpenSSL so that what is judged was not made
// by the code that judges.
#pragma once

#include "tls/authority.hpp"
#include "tls/chain.hpp"
#include "tls/context.hpp"
#include "tls/material.hpp"
#include "tls/pem.hpp"

#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tls::testing {

inline const std::string k_trust_domain = "cluster.local";

inline policy::Identity identity(
    const std::string& name_space, const std::string& service_account
) {
    return policy::Identity{k_trust_domain, name_space, service_account};
}

/// A valid X.509-SVID unless a field is changed.
struct Recipe {
    std::vector<std::string> uris{"spiffe://cluster.local/ns/shop/sa/web"};
    std::vector<std::string> dns_names;
    std::string basic_constraints = "critical,CA:FALSE";
    std::string key_usage = "critical,digitalSignature";
    std::string extended_key_usage = "serverAuth,clientAuth";
    std::string common_name;
    int san_extensions = 1;
    long starts_in_seconds = -300;
    long ends_in_seconds = 3600;
    KeyKind key_kind = KeyKind::ec_p256;
    // Keys and signatures that the authority never makes.
    const char* curve = "P-256";
    unsigned int rsa_bits = 2048;
    bool is_sha1 = false;
    std::string name_constraints;
    bool has_other_name = false;  // a SAN of type otherName, with the text of a SPIFFE ID
};

struct Baked {
    Owned<X509> certificate;
    Owned<EVP_PKEY> key;
};

inline Owned<EVP_PKEY> make_key(
    KeyKind kind, const char* curve = "P-256", unsigned int rsa_bits = 2048
) {
    switch (kind) {
        case KeyKind::ec_p384:
            return Owned<EVP_PKEY>(EVP_EC_gen("P-384"));
        case KeyKind::rsa_2048:
            return Owned<EVP_PKEY>(EVP_RSA_gen(rsa_bits));
        case KeyKind::ed25519:
            return Owned<EVP_PKEY>(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"));
        case KeyKind::ec_p256:
            break;
    }
    return Owned<EVP_PKEY>(EVP_EC_gen(curve));
}

inline void add_name(GENERAL_NAMES* names, int type, const std::string& text) {
    GENERAL_NAME* name = GENERAL_NAME_new();
    ASN1_IA5STRING* value = ASN1_IA5STRING_new();
    ASN1_STRING_set(value, text.data(), static_cast<int>(text.size()));
    GENERAL_NAME_set0_value(name, type, value);
    sk_GENERAL_NAME_push(names, name);
}

inline void add_other_name(GENERAL_NAMES* names, const std::string& text) {
    GENERAL_NAME* name = GENERAL_NAME_new();
    ASN1_TYPE* value = ASN1_TYPE_new();
    ASN1_STRING* string = ASN1_STRING_type_new(V_ASN1_UTF8STRING);
    ASN1_STRING_set(string, text.data(), static_cast<int>(text.size()));
    ASN1_TYPE_set(value, V_ASN1_UTF8STRING, string);
    GENERAL_NAME_set0_othername(name, OBJ_nid2obj(NID_ms_upn), value);
    sk_GENERAL_NAME_push(names, name);
}

inline void add_text_extension(X509* certificate, X509* issuer, int nid, const std::string& value) {
    if (value.empty()) {
        return;
    }
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
    X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str());
    if (extension == nullptr) {
        throw std::runtime_error("bad extension in a test recipe: " + value);
    }
    X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
}

inline void set_common_name(X509* certificate, const std::string& text) {
    X509_NAME_add_entry_by_txt(
        X509_get_subject_name(certificate),
        "CN",
        MBSTRING_UTF8,
        reinterpret_cast<const unsigned char*>(text.c_str()),
        -1,
        -1,
        0
    );
}

/// Signed by `issuer`, or by itself when there is none.
inline Baked bake(const Recipe& recipe, const Baked* issuer) {
    Baked baked{Owned<X509>(X509_new()), make_key(recipe.key_kind, recipe.curve, recipe.rsa_bits)};
    X509* certificate = baked.certificate.get();
    X509_set_version(certificate, X509_VERSION_3);
    static long serial = 1000;
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), ++serial);
    X509_gmtime_adj(X509_getm_notBefore(certificate), recipe.starts_in_seconds);
    X509_gmtime_adj(X509_getm_notAfter(certificate), recipe.ends_in_seconds);
    X509_set_pubkey(certificate, baked.key.get());
    if (!recipe.common_name.empty()) {
        set_common_name(certificate, recipe.common_name);
    }
    X509* signer = issuer == nullptr ? certificate : issuer->certificate.get();
    X509_set_issuer_name(certificate, X509_get_subject_name(signer));
    GENERAL_NAMES* names = GENERAL_NAMES_new();
    for (const auto& name : recipe.dns_names) {
        add_name(names, GEN_DNS, name);
    }
    if (recipe.has_other_name) {
        add_other_name(names, "spiffe://cluster.local/ns/shop/sa/web");
    }
    for (const auto& uri : recipe.uris) {
        add_name(names, GEN_URI, uri);
    }
    for (int i = 0; i < recipe.san_extensions; ++i) {
        X509_add1_ext_i2d(certificate, NID_subject_alt_name, names, 0, X509V3_ADD_APPEND);
    }
    GENERAL_NAMES_free(names);
    add_text_extension(certificate, signer, NID_basic_constraints, recipe.basic_constraints);
    add_text_extension(certificate, signer, NID_key_usage, recipe.key_usage);
    add_text_extension(certificate, signer, NID_ext_key_usage, recipe.extended_key_usage);
    add_text_extension(certificate, signer, NID_name_constraints, recipe.name_constraints);
    EVP_PKEY* key = issuer == nullptr ? baked.key.get() : issuer->key.get();
    const EVP_MD* digest = recipe.is_sha1 ? EVP_sha1() : EVP_sha256();
    X509_sign(certificate, key, EVP_PKEY_get_id(key) == EVP_PKEY_ED25519 ? nullptr : digest);
    return baked;
}

inline Recipe ca_recipe(const std::string& common_name) {
    Recipe recipe;
    recipe.uris = {"spiffe://cluster.local"};
    recipe.basic_constraints = "critical,CA:TRUE";
    recipe.key_usage = "critical,keyCertSign,cRLSign";
    recipe.extended_key_usage.clear();
    recipe.common_name = common_name;
    return recipe;
}

inline PemText pem_text(
    const std::string& certificate, const std::string& key, const std::string& trust_bundle
) {
    PemText pem;
    pem.certificate = certificate;
    pem.key = key;
    pem.trust_bundle = trust_bundle;
    pem.certificate_name = "tls.crt";
    pem.key_name = "tls.key";
    pem.trust_bundle_name = "ca.crt";
    return pem;
}

inline PemText pem_text(const Issued& issued, const std::string& trust_bundle) {
    return pem_text(issued.certificate, issued.key, trust_bundle);
}

template <class T>
T value_of(policy::Result<T> result) {
    if (!result) {
        throw std::runtime_error(result.error());
    }
    return std::move(*result);
}

/// The context of a workload whose certificate `authority` issued.
inline std::shared_ptr<const Context> context_of(
    const Authority& authority,
    const policy::Identity& self,
    KeyKind kind = KeyKind::ec_p256,
    std::chrono::seconds lifetime = k_issued_lifetime
) {
    const Issued issued = value_of(authority.issue(self, lifetime, kind));
    const PemText pem = pem_text(issued, authority.root().certificate);
    return value_of(make_context(value_of(parse_material(pem, authority.trust_domain()))));
}

/// Another owner of the same certificate.
inline Owned<X509> share(X509* certificate) {
    X509_up_ref(certificate);
    return Owned<X509>(certificate);
}

/// Whom a member of `naming`'s trust domain believes.
inline Trust trust_of(const std::string& anchors, const Naming& naming = {k_trust_domain}) {
    TrustBundles bundles;
    bundles.emplace(naming.trust_domain, value_of(parse_certificates(anchors, "ca.crt")));
    return value_of(make_trust(naming, bundles));
}

/// A context that presents `baked`, and `intermediates` after it, whatever they say: for peers that
/// break the rules, which make_material would not let through.
inline std::shared_ptr<const Context> context_presenting(
    const Baked& baked, const Certificates& intermediates, Trust trust
) {
    auto material = std::make_shared<Material>();
    material->self = identity("shop", "web");
    material->leaf = share(baked.certificate.get());
    for (const auto& intermediate : intermediates) {
        material->intermediates.push_back(share(intermediate.get()));
    }
    EVP_PKEY_up_ref(baked.key.get());
    material->key.reset(baked.key.get());
    material->trust = std::move(trust);
    return value_of(make_context(std::move(material)));
}

inline std::shared_ptr<const Context> context_presenting(
    const Baked& baked, const Authority& authority
) {
    return context_presenting(baked, {}, trust_of(authority.root().certificate));
}

/// The authority's own certificate and key, for signing what it never would.
inline Baked signer_of(const Authority& authority) {
    Certificates certificates = value_of(parse_certificates(authority.root().certificate, "ca"));
    return Baked{std::move(certificates.front()), value_of(parse_key(authority.root().key, "ca"))};
}

}  // namespace tls::testing
