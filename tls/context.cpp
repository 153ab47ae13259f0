#include "tls/context.hpp"

#include "tls/error.hpp"
#include "tls/session.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace tls {
namespace {

/// What one system call may bring: two whole records, so that in bulk none is cut in two and has to
/// be moved. OpenSSL leaves three bytes before them, so that what follows a header is aligned.
constexpr std::size_t k_read_bytes = 3 + 2 * k_record_bytes;
/// The first bytes of OpenSSL's number for a TLS 1.3 cipher suite: 0x0300, then 0x13 (RFC 8446
/// §B.4).
constexpr std::uint32_t k_tls13_suites = 0x030013;

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
    // NO_TICKET: the server's tickets are names in its own cache (ServerSessions).
    SSL_CTX_set_options(context, SSL_OP_NO_TICKET | SSL_OP_NO_COMPRESSION);
    // There is no middlebox between sidecars to be deceived (RFC 8446 §D.4).
    SSL_CTX_clear_options(context, SSL_OP_ENABLE_MIDDLEBOX_COMPAT);
    SSL_CTX_set_mode(
        context,
        SSL_MODE_RELEASE_BUFFERS | SSL_MODE_NO_AUTO_CHAIN | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER
    );
    SSL_CTX_set_read_ahead(context, 1);
    SSL_CTX_set_default_read_buffer_len(context, k_read_bytes);
    // Both sides prove who they are; a Session judges what they show.
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
    // The rest of a Certificate message are lengths. What is longer is not read.
    SSL_CTX_set_max_cert_list(context, static_cast<long>(k_chain_bytes_max) + 1024);
    SSL_CTX_set_security_level(context, 2);  // whatever the build of OpenSSL is set to
    return SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION) == 1 &&
           SSL_CTX_set_max_proto_version(context, TLS1_3_VERSION) == 1 &&
           SSL_CTX_set_ciphersuites(
               context, "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256"
           ) == 1 &&
           SSL_CTX_set1_groups_list(context, "X25519:P-256") == 1;
}

/// What sessions leave behind is kept by our own caches, never by OpenSSL. A resumed handshake
/// takes fresh Diffie-Hellman keys too (psk_dhe_ke, RFC 8446 §4.2.9): OpenSSL's default.
bool set_resumption(SSL_CTX* server, SSL_CTX* client) {
    SSL_CTX_set_session_cache_mode(server, SSL_SESS_CACHE_SERVER | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_set_session_cache_mode(client, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    // One ticket per handshake: who connects again and again always has one.
    SSL_CTX_set_num_tickets(server, 1);
    SSL_CTX_set_timeout(
        server, std::chrono::duration_cast<std::chrono::seconds>(k_resumable_for).count()
    );
    return SSL_CTX_set_session_id_context(
               server,
               reinterpret_cast<const unsigned char*>(k_session_context.data()),
               static_cast<unsigned int>(k_session_context.size())
           ) == 1;
}

bool make_blank_sessions(Context& context) {
    const STACK_OF(SSL_CIPHER)* ciphers = SSL_CTX_get_ciphers(context.server.get());
    for (int i = 0; i < sk_SSL_CIPHER_num(ciphers); ++i) {
        const SSL_CIPHER* cipher = sk_SSL_CIPHER_value(ciphers, i);
        if (SSL_CIPHER_get_id(cipher) >> 8 != k_tls13_suites) {
            continue;
        }
        Owned<SSL_SESSION> blank(SSL_SESSION_new());
        if (blank == nullptr ||
            SSL_SESSION_set_protocol_version(blank.get(), TLS1_3_VERSION) != 1 ||
            SSL_SESSION_set_cipher(blank.get(), cipher) != 1) {
            return false;
        }
        context.blank_sessions.push_back(std::move(blank));
    }
    return !context.blank_sessions.empty();
}

Owned<SSL_CTX> make_side(const SSL_METHOD* method, const Material& material) {
    Owned<SSL_CTX> context(SSL_CTX_new(method));
    if (context == nullptr || !set_protocol(context.get()) ||
        !present_identity(context.get(), material)) {
        return nullptr;
    }
    return context;
}

}  // namespace

void Caches::retire(std::shared_ptr<const Material> successor_of_this) {
    successor = std::move(successor_of_this);
    chains = ProvedChains();
    sessions = ServerSessions();
    tickets = ClientTickets();
}

policy::Result<std::shared_ptr<const Context>> make_context(std::shared_ptr<const Material> material
) {
    ERR_clear_error();
    auto context = std::make_shared<Context>();
    context->server = make_side(TLS_server_method(), *material);
    context->client = make_side(TLS_client_method(), *material);
    context->caches = std::make_unique<Caches>();
    if (context->server == nullptr || context->client == nullptr ||
        !set_resumption(context->server.get(), context->client.get()) ||
        !make_blank_sessions(*context)) {
        return policy::failed<std::shared_ptr<const Context>>(
            "cannot make a TLS context of the identity " + material->self.uri() + ": " +
            take_openssl_errors("OpenSSL gives no reason")
        );
    }
    prepare_for_sessions(*context);
    context->material = std::move(material);
    return std::shared_ptr<const Context>(std::move(context));
}

}  // namespace tls
