// What OpenSSL counts references of, owned the C++ way.
#pragma once

#include <openssl/types.h>

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

// <openssl/types.h> leaves these to <openssl/ssl.h>, which is much to include here.
using SSL_SESSION = struct ssl_session_st;
using SSL_CIPHER = struct ssl_cipher_st;
/// What OpenSSL spells STACK_OF(X509).
using X509Stack = struct stack_st_X509;

namespace tls {

struct OpensslDelete {
    void operator()(X509* certificate) const noexcept;
    void operator()(EVP_PKEY* key) const noexcept;
    void operator()(EVP_MD* digest) const noexcept;
    /// The list alone: what is in it has other owners.
    void operator()(X509Stack* stack) const noexcept;
    void operator()(X509_STORE* store) const noexcept;
    void operator()(X509_STORE_CTX* context) const noexcept;
    void operator()(SSL_CTX* context) const noexcept;
    void operator()(SSL* ssl) const noexcept;
    void operator()(SSL_SESSION* session) const noexcept;
};
template <class T>
using Owned = std::unique_ptr<T, OpensslDelete>;

using Certificates = std::vector<Owned<X509>>;
/// The anchors of each trust domain whose members we believe; our own domain is among them.
using TrustBundles = std::map<std::string, Certificates, std::less<>>;

/// A list of the same certificates, for as long as they live. Null when memory ran out.
[[nodiscard]] Owned<X509Stack> stack_of(const Certificates& certificates);

}  // namespace tls
