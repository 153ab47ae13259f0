#include "tls/context.hpp"

#include "tls/chain.hpp"
#include "tls/error.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <string_view>

namespace tls {
namespace {

constexpr int k_chain_depth_max = 8;

/// What the server side speaks, preferred first, in ALPN's wire form (RFC 7301 §3.1).
constexpr std::string_view k_server_protocols = "\x0asmilax/mux\x0esmilax/http1.1\x0asmilax/tcp";

/// Picks a protocol both sides have, or ends the handshake with no_application_protocol.
int select_protocol(SSL*, const unsigned char** selected, unsigned char* selected_size, const unsigned char* offered, unsigned int offered_size, void*) noexcept {
    unsigned char* pick = nullptr;
    const int outcome = SSL_select_next_proto(
        &pick,
        selected_size,
        reinterpret_cast<const unsigned char*>(k_server_protocols.data()),
        static_cast<unsigned int>(k_server_protocols.size()),
        offered,
        offered_size
    );
    *selected = pick;
    return outcome == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

bool present_identity(SSL_CTX* context, const Material& material) {
    if (SSL_CTX_use_certificate(context, material.leaf.get()) != 1 ||
        SSL_CTX_use_PrivateKey(context, material.key.get()) != 1) {
        return false;
    }
    for (const auto& intermediate : material.intermediates) {
        if (SSL_CTX_add1_chain_cert(context, intermediate.get()) != 1) {
            return false;
        }
    }
    return true;
}

bool set_protocol(SSL_CTX* context) {
    SSL_CTX_set_options(context, SSL_OP_NO_TICKET | SSL_OP_NO_COMPRESSION);
    SSL_CTX_set_mode(
        context,
        SSL_MODE_RELEASE_BUFFERS | SSL_MODE_NO_AUTO_CHAIN | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER
    );
    SSL_CTX_set_read_ahead(context, 1);
    // Both sides prove who they are; a Session adds the rules for leaves.
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
    SSL_CTX_set_verify_depth(context, k_chain_depth_max);
    // No resumption: every connection proves its certificate anew.
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_num_tickets(context, 0);
    return SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION) == 1 &&
           SSL_CTX_set_max_proto_version(context, TLS1_3_VERSION) == 1 &&
           SSL_CTX_set_ciphersuites(
               context, "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256"
           ) == 1 &&
           SSL_CTX_set1_groups_list(context, "X25519:P-256") == 1;
}

Owned<SSL_CTX> make_side(const SSL_METHOD* method, const Material& material) {
    Owned<SSL_CTX> context(SSL_CTX_new(method));
    if (context == nullptr || !set_protocol(context.get()) ||
        !present_identity(context.get(), material) ||
        !trust(SSL_CTX_get_cert_store(context.get()), material.trust_anchors)) {
        return nullptr;
    }
    return context;
}

}  // namespace

policy::Result<std::shared_ptr<const Context>> make_context(std::shared_ptr<const Material> material
) {
    ERR_clear_error();
    auto context = std::make_shared<Context>();
    context->server = make_side(TLS_server_method(), *material);
    context->client = make_side(TLS_client_method(), *material);
    if (context->server == nullptr || context->client == nullptr) {
        return policy::failed<std::shared_ptr<const Context>>(
            "cannot make a TLS context of the identity " + material->self.uri() + ": " +
            take_openssl_errors("OpenSSL gives no reason")
        );
    }
    SSL_CTX_set_alpn_select_cb(context->server.get(), select_protocol, nullptr);
    context->material = std::move(material);
    return std::shared_ptr<const Context>(std::move(context));
}

}  // namespace tls
