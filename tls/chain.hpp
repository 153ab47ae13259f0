// Does a chain of certificates lead to one that we trust?
#pragma once

#include "tls/pem.hpp"

#include <openssl/types.h>

#include <string>

namespace tls {

/// The one choice of how anchors are trusted, for every store we make: a bundle may hold an
/// intermediate CA without its root (as Go's verifier allows too). parse_material admits CA
/// certificates only, so a leaf never becomes its own anchor. False when memory ran out.
[[nodiscard]] bool trust(X509_STORE* store, const Certificates& anchors);

/// Empty when `leaf` verifies now, as a client and as a server; else OpenSSL's reason.
[[nodiscard]] std::string objection_to_chain(
    X509* leaf, const Certificates& intermediates, const Certificates& anchors
);

}  // namespace tls
