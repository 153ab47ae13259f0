// PEM text to certificates and keys and back. The errors are sentences that begin with `name`.
#pragma once

#include "policy/result.hpp"
#include "tls/owned.hpp"

#include <string>

namespace tls {

/// All certificates in `text`, at least one; other kinds of blocks are passed over.
[[nodiscard]] policy::Result<Certificates> parse_certificates(
    const std::string& text, const std::string& name
);
/// The first private key in `text`, PKCS#8 or traditional, unencrypted.
[[nodiscard]] policy::Result<Owned<EVP_PKEY>> parse_key(
    const std::string& text, const std::string& name
);

[[nodiscard]] std::string pem_of(const X509* certificate);
/// PKCS#8, unencrypted.
[[nodiscard]] std::string pem_of(const EVP_PKEY* key);

}  // namespace tls
