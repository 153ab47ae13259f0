#include "bench/load/tls.hpp"

#include <openssl/err.h>
#include <openssl/x509_vfy.h>

#include <stdexcept>
#include <string_view>

namespace bench::load {

namespace {

void require(bool held, const std::string& what) {
    if (held) {
        return;
    }
    const char* reason = ERR_reason_error_string(ERR_peek_last_error());
    throw std::runtime_error(what + ": " + (reason == nullptr ? "not usable" : reason));
}

int keep_session(SSL* ssl, SSL_SESSION* session) noexcept {
    auto* slot = static_cast<SessionSlot*>(SSL_get_app_data(ssl));
    slot->reset(session);
    return 1;  // it is ours now
}

}  // namespace

TlsContext::TlsContext(const TlsOptions& options)
    : options_(options), context_(SSL_CTX_new(TLS_client_method())) {
    SSL_CTX* context = context_.get();
    require(context != nullptr, "OpenSSL");
    SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION);
    // What the proxies under test prefer, so that all of them do the same work.
    require(SSL_CTX_set_ciphersuites(context, "TLS_AES_128_GCM_SHA256") == 1, "ciphers");
    require(SSL_CTX_set1_groups_list(context, "X25519:P-256") == 1, "groups");
    require(
        SSL_CTX_use_certificate_chain_file(context, options.certificate.c_str()) == 1,
        "--tls-certificate " + options.certificate
    );
    require(
        SSL_CTX_use_PrivateKey_file(context, options.key.c_str(), SSL_FILETYPE_PEM) == 1,
        "--tls-key " + options.key
    );
    require(
        SSL_CTX_load_verify_file(context, options.trust.c_str()) == 1,
        "--tls-trust " + options.trust
    );
    // The chain alone: a SPIFFE certificate has no DNS name.
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
    X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(context), X509_V_FLAG_PARTIAL_CHAIN);
    // Building the chain anew for each connection would cost us more than the handshake should.
    SSL_CTX_set_mode(
        context,
        SSL_MODE_NO_AUTO_CHAIN | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER
    );
    // One recv for all that is there, instead of two for each record.
    SSL_CTX_set_read_ahead(context, 1);
    if (options.may_resume) {
        SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
        SSL_CTX_sess_set_new_cb(context, keep_session);
    } else {
        SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    }
    if (!options.alpn.empty()) {
        const std::string offer = static_cast<char>(options.alpn.size()) + options.alpn;
        const auto* bytes = reinterpret_cast<const unsigned char*>(offer.data());
        require(
            SSL_CTX_set_alpn_protos(context, bytes, static_cast<unsigned>(offer.size())) == 0,
            "--alpn"
        );
    }
}

Owned<SSL> TlsContext::connect(int descriptor, SessionSlot& slot) const {
    Owned<SSL> ssl(SSL_new(context_.get()));
    if (!ssl || SSL_set_fd(ssl.get(), descriptor) != 1) {
        throw std::bad_alloc();
    }
    SSL_set_app_data(ssl.get(), &slot);
    if (slot) {
        SSL_set_session(ssl.get(), slot.get());
    }
    SSL_set_connect_state(ssl.get());
    return ssl;
}

bool TlsContext::agrees(const SSL* ssl) const {
    if (options_.alpn.empty()) {
        return true;
    }
    const unsigned char* chosen = nullptr;
    unsigned length = 0;
    SSL_get0_alpn_selected(ssl, &chosen, &length);
    return std::string_view(reinterpret_cast<const char*>(chosen), length) == options_.alpn;
}

}  // namespace bench::load
