#include "tls/owned.hpp"

#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

namespace tls {

void OpensslDelete::operator()(X509* certificate) const noexcept {
    X509_free(certificate);
}
void OpensslDelete::operator()(EVP_PKEY* key) const noexcept {
    EVP_PKEY_free(key);
}
void OpensslDelete::operator()(EVP_MD* digest) const noexcept {
    EVP_MD_free(digest);
}
void OpensslDelete::operator()(X509Stack* stack) const noexcept {
    sk_X509_free(stack);
}
void OpensslDelete::operator()(X509_STORE* store) const noexcept {
    X509_STORE_free(store);
}
void OpensslDelete::operator()(X509_STORE_CTX* context) const noexcept {
    X509_STORE_CTX_free(context);
}
void OpensslDelete::operator()(SSL_CTX* context) const noexcept {
    SSL_CTX_free(context);
}
void OpensslDelete::operator()(SSL* ssl) const noexcept {
    SSL_free(ssl);
}
void OpensslDelete::operator()(SSL_SESSION* session) const noexcept {
    SSL_SESSION_free(session);
}

Owned<X509Stack> stack_of(const Certificates& certificates) {
    Owned<X509Stack> stack(sk_X509_new_reserve(nullptr, static_cast<int>(certificates.size())));
    for (const auto& certificate : certificates) {
        if (stack == nullptr || sk_X509_push(stack.get(), certificate.get()) == 0) {
            return nullptr;
        }
    }
    return stack;
}

}  // namespace tls
