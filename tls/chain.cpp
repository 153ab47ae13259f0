#include "tls/chain.hpp"

#include <openssl/err.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include <memory>

namespace tls {
namespace {

struct StoreContextDelete {
    void operator()(X509_STORE_CTX* context) const noexcept { X509_STORE_CTX_free(context); }
};
/// Holds no references of its own: the certificates belong to the Material.
struct StackDelete {
    void operator()(STACK_OF(X509) * stack) const noexcept { sk_X509_free(stack); }
};
}  // namespace

bool trust(X509_STORE* store, const Certificates& anchors) {
    for (const auto& anchor : anchors) {
        if (X509_STORE_add_cert(store, anchor.get()) != 1) {
            return false;
        }
    }
    return X509_STORE_set_flags(store, X509_V_FLAG_PARTIAL_CHAIN) == 1;
}

std::string objection_to_chain(
    X509* leaf, const Certificates& intermediates, const Certificates& anchors
) {
    const Owned<X509_STORE> store(X509_STORE_new());
    const std::unique_ptr<STACK_OF(X509), StackDelete> untrusted(sk_X509_new_null());
    if (store == nullptr || untrusted == nullptr || !trust(store.get(), anchors)) {
        return "out of memory";
    }
    for (const auto& intermediate : intermediates) {
        sk_X509_push(untrusted.get(), intermediate.get());
    }
    for (const int purpose : {X509_PURPOSE_SSL_CLIENT, X509_PURPOSE_SSL_SERVER}) {
        const std::unique_ptr<X509_STORE_CTX, StoreContextDelete> context(X509_STORE_CTX_new());
        X509_STORE_CTX_init(context.get(), store.get(), leaf, untrusted.get());
        X509_STORE_CTX_set_purpose(context.get(), purpose);
        if (X509_verify_cert(context.get()) != 1) {
            const int error = X509_STORE_CTX_get_error(context.get());
            ERR_clear_error();
            return X509_verify_cert_error_string(error);
        }
    }
    return {};
}

}  // namespace tls
