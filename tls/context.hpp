// The SSL_CTX pair of one identity generation, made once per worker.
#pragma once

#include "policy/identity.hpp"
#include "policy/result.hpp"
#include "tls/material.hpp"

#include <memory>

namespace tls {

/// TLS 1.3 only, both sides must present a certificate of the trust bundle; explicit chain
/// (SSL_MODE_NO_AUTO_CHAIN), AES-128-GCM first, X25519 and P-256, no tickets. One worker owns it;
/// connections keep it alive through shared_ptr (owners: the worker's current generation and each
/// live Session).
struct Context {
    std::shared_ptr<const Material> material;
    Owned<SSL_CTX> server;
    Owned<SSL_CTX> client;
};

[[nodiscard]] policy::Result<std::shared_ptr<const Context>> make_context(
    std::shared_ptr<const Material> material
);

}  // namespace tls
