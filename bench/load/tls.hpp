// The TLS client of the load generator: one context for all its connections.
#pragma once

#include "bench/load/options.hpp"

#include <openssl/ssl.h>

#include <memory>
#include <string>

namespace bench::load {

struct FreeOpenssl {
    void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
    void operator()(SSL_SESSION* session) const { SSL_SESSION_free(session); }
    void operator()(SSL* ssl) const { SSL_free(ssl); }
};
template <typename T>
using Owned = std::unique_ptr<T, FreeOpenssl>;

/// The session that the next handshake of a connection may resume.
using SessionSlot = Owned<SSL_SESSION>;

class TlsContext {
 public:
    /// Throws std::runtime_error with a sentence when a file cannot be used.
    explicit TlsContext(const TlsOptions& options);

    /// A client on a connected socket. New sessions go into `slot`, which outlives it.
    [[nodiscard]] Owned<SSL> connect(int descriptor, SessionSlot& slot) const;

    /// After the handshake: did the server choose what was offered?
    [[nodiscard]] bool agrees(const SSL* ssl) const;

 private:
    TlsOptions options_;
    Owned<SSL_CTX> context_;
};

}  // namespace bench::load
