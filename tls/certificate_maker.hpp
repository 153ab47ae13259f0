// Keys and certificates as the development CA makes them (tls/authority).
#pragma once

#include "tls/material.hpp"

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace tls {

enum class KeyKind : std::uint8_t { ec_p256, ec_p384, rsa_2048, ed25519 };

/// An intermediate signs leaves only (pathlen 0).
enum class IsAuthority : std::uint8_t { no, root, intermediate };

/// What makes one certificate differ from another here.
struct CertificateRequest {
    std::string uri;
    std::vector<std::string> dns_names = {};  // beside it, for peers that know no other
    std::string common_name;                  // empty: no subject, as X.509-SVIDs of workloads have
    std::string organization;
    IsAuthority authority = IsAuthority::no;
    std::chrono::system_clock::time_point not_before;
    std::chrono::system_clock::time_point not_after;
};

struct Signer {
    X509* certificate;
    EVP_PKEY* key;
};

/// Null when OpenSSL cannot; its error queue says why.
[[nodiscard]] Owned<EVP_PKEY> generate_key(KeyKind kind);

/// Of what kind a certificate's key is; ec_p256 where it is none of ours.
[[nodiscard]] KeyKind kind_of_key(const X509* certificate);

/// A certificate for `key`. Without a signer it signs itself. Null as above.
[[nodiscard]] Owned<X509> make_certificate(
    EVP_PKEY* key, const CertificateRequest& request, const Signer* signer
);

}  // namespace tls
