// Answers of a Workload API with real certificates in them, as an agent would send them.
#pragma once

#include "tests/support/protobuf_bytes.hpp"
#include "tests/tls/certificate_recipe.hpp"

#include <openssl/x509.h>

#include <string>

namespace svid_bytes {

inline std::string der_of(const tls::Certificates& certificates) {
    std::string der;
    for (const auto& certificate : certificates) {
        unsigned char* made = nullptr;
        const int size = i2d_X509(certificate.get(), &made);
        der.append(reinterpret_cast<const char*>(made), static_cast<std::size_t>(size));
        OPENSSL_free(made);
    }
    return der;
}

inline std::string der_of_pem(const std::string& pem) {
    return der_of(tls::testing::value_of(tls::parse_certificates(pem, "test")));
}

/// PKCS#8.
inline std::string der_of_key(const std::string& pem) {
    const auto key = tls::testing::value_of(tls::parse_key(pem, "test"));
    PKCS8_PRIV_KEY_INFO* const info = EVP_PKEY2PKCS8(key.get());
    unsigned char* made = nullptr;
    const int size = i2d_PKCS8_PRIV_KEY_INFO(info, &made);
    std::string der(reinterpret_cast<const char*>(made), static_cast<std::size_t>(size));
    OPENSSL_free(made);
    PKCS8_PRIV_KEY_INFO_free(info);
    return der;
}

inline std::string root_of(const tls::Authority& authority) {
    return der_of_pem(authority.root().certificate);
}

/// An X509SVID of `authority` for `self`, which says of itself that it is `spiffe_id`.
inline std::string svid_of(
    const tls::Authority& authority,
    const policy::Identity& self,
    const std::string& spiffe_id,
    std::chrono::seconds lifetime = std::chrono::hours(1)
) {
    const tls::Issued issued =
        tls::testing::value_of(authority.issue(self, lifetime, tls::KeyKind::ec_p256));
    return protobuf_bytes::svid(
        spiffe_id, der_of_pem(issued.certificate), der_of_key(issued.key), root_of(authority)
    );
}

/// An X509SVIDResponse with one SVID.
inline std::string response_of(const tls::Authority& authority, const policy::Identity& self) {
    return protobuf_bytes::bytes(1, svid_of(authority, self, self.uri()));
}

}  // namespace svid_bytes
