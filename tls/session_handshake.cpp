// The handshake of a Session: who the peer is, and what both sides keep for the next time.
#include "tls/error.hpp"
#include "tls/session.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>

namespace tls {
namespace {

Alpn agreed_alpn(const SSL* ssl) {
    const unsigned char* name = nullptr;
    unsigned int length = 0;
    SSL_get0_alpn_selected(ssl, &name, &length);
    return alpn_of({reinterpret_cast<const char*>(name), length});
}

}  // namespace

struct Session::HandshakeCallbacks {
    static Session& session_of(const SSL* ssl) noexcept {
        return *static_cast<Session*>(SSL_get_app_data(ssl));
    }

    /// In place of X509_verify_cert.
    static int verify(X509_STORE_CTX* asked, void*) noexcept {
        const auto* ssl = static_cast<const SSL*>(
            X509_STORE_CTX_get_ex_data(asked, SSL_get_ex_data_X509_STORE_CTX_idx())
        );
        return session_of(ssl).verify(asked) ? 1 : 0;
    }

    /// No protocol that both sides have ends the handshake with no_application_protocol.
    static int
    select(SSL* ssl, const unsigned char** selected, unsigned char* selected_bytes, const unsigned char* offered, unsigned int offered_bytes, void*) noexcept {
        const auto pick = session_of(ssl).select({offered, offered_bytes});
        *selected = pick.data();
        *selected_bytes = static_cast<unsigned char>(pick.size());
        return pick.empty() ? SSL_TLSEXT_ERR_ALERT_FATAL : SSL_TLSEXT_ERR_OK;
    }

    /// A client names a session (pre_shared_key, RFC 8446 §4.2.11). OpenSSL takes over what we
    /// return, and checks that the client knows its secret.
    static SSL_SESSION* find(
        SSL* ssl, const unsigned char* name, int bytes, int* adds_reference
    ) noexcept {
        *adds_reference = 0;
        return session_of(ssl).find_session({name, static_cast<std::size_t>(bytes)}).release();
    }

    /// A ticket was made (server) or came (client). 0: OpenSSL keeps its session to itself.
    static int keep(SSL* ssl, SSL_SESSION* session) noexcept {
        session_of(ssl).keep_session(session);
        return 0;
    }
};

void prepare_for_sessions(const Context& context) {
    using Callbacks = Session::HandshakeCallbacks;
    for (SSL_CTX* side : {context.server.get(), context.client.get()}) {
        SSL_CTX_set_cert_verify_callback(side, Callbacks::verify, nullptr);
        SSL_CTX_sess_set_new_cb(side, Callbacks::keep);
    }
    SSL_CTX_sess_set_get_cb(context.server.get(), Callbacks::find);
    SSL_CTX_set_alpn_select_cb(context.server.get(), Callbacks::select, nullptr);
}

void Session::offer() {
    const std::string name = offer_of(expected_->alpn);
    if (!name.empty()) {
        SSL_set_alpn_protos(
            ssl_.get(),
            reinterpret_cast<const unsigned char*>(name.data()),
            static_cast<unsigned int>(name.size())
        );
    }
    auto ticket = context_->caches->tickets.take(*expected_, Clock::now());
    if (ticket && SSL_set_session(ssl_.get(), ticket->session.get()) == 1) {
        standing_ = std::move(ticket->standing);
    }
}

Session::Step Session::handshake(CiphertextSource* source) {
    if (!failure_.empty()) {
        return Step::failed;
    }
    ERR_clear_error();
    source_ = source;
    const int result = SSL_do_handshake(ssl_.get());
    source_ = nullptr;
    if (result == 1) {
        ERR_clear_error();
        return finish_handshake() ? Step::done : Step::failed;
    }
    const Step step = step_after(result);
    if (step == Step::closed || step == Step::truncated) {
        return fail(
            "the peer closed the connection during the TLS handshake", HandshakeFailure::peer_closed
        );
    }
    return step;
}

bool Session::verify(X509_STORE_CTX* asked) {
    const PeerRole role = expected_ ? PeerRole::server : PeerRole::client;
    const Clock::time_point now = Clock::now();
    auto proof = context_->caches->chains.prove(asked, role, context_->material->trust, now);
    if (!proof) {
        if (proof.error().obstacle != Obstacle::identity) {
            const int why = proof.error().x509_error;
            (void)fail(
                "the peer's certificate does not verify: " + proof.error().sentence,
                why == X509_V_ERR_CERT_HAS_EXPIRED ? HandshakeFailure::expired
                                                   : HandshakeFailure::untrusted
            );
            X509_STORE_CTX_set_error(asked, why);  // which tells the peer by its alert
            return false;
        }
        (void)fail(
            "the peer's certificate names nobody: " + proof.error().sentence,
            HandshakeFailure::no_identity
        );
    } else {
        has_proved_ = true;
        standing_ = Standing::begin(std::move(*proof), now);
        if (judge()) {
            return true;
        }
    }
    X509_STORE_CTX_set_error(asked, X509_V_ERR_APPLICATION_VERIFICATION);
    return false;
}

bool Session::judge() {
    const Proof& proof = *standing_.proof;
    if (expected_ && proof.identity != expected_->identity) {
        (void)fail(
            "peer presented " + proof.identity.uri() + ", expected " + expected_->identity.uri(),
            HandshakeFailure::unexpected_identity
        );
        return false;
    }
    if (!standing_.holds_at(Clock::now())) {
        (void)fail(
            "the certificate of " + proof.identity.uri() + " has expired", HandshakeFailure::expired
        );
        return false;
    }
    // The trust bundles may have changed since this handshake began, or since the one that it goes
    // back to.
    if (const auto& successor = context_->caches->successor) {
        const std::string objection = objection_to(proof, *successor);
        if (!objection.empty()) {
            (void)fail(
                "the peer's certificate verifies no more: " + objection, HandshakeFailure::untrusted
            );
            return false;
        }
    }
    return true;
}

bool Session::finish_handshake() {
    // Either the peer has shown its certificate by now, or it has proved to know the secret of the
    // session that `standing_` belongs to. What stood then may be over now: it is judged again.
    if (standing_.proof == nullptr || !(has_proved_ || is_resumed())) {
        (void)fail("the peer presented no certificate", HandshakeFailure::no_certificate);
        return false;
    }
    if (!judge()) {
        return false;
    }
    const Alpn alpn = agreed_alpn(ssl_.get());
    const bool is_ours = expected_
                             ? is_wanted(alpn, expected_->alpn)
                             : alpn != Alpn::standard || accepting_.clients == Clients::standard;
    if (alpn == Alpn::none || !is_ours) {
        (void)fail(
            "the peer agreed on none of our protocols (ALPN)", HandshakeFailure::no_common_protocol
        );
        return false;
    }
    peer_ = Peer{standing_.proof->identity, alpn};
    remember();
    let_go_of_session();
    return true;
}

std::span<const unsigned char> Session::select(std::span<const unsigned char> offered) {
    const std::string_view ours = served_to(accepting_.clients);
    unsigned char* pick = nullptr;
    unsigned char pick_bytes = 0;
    const int outcome = SSL_select_next_proto(
        &pick,
        &pick_bytes,
        reinterpret_cast<const unsigned char*>(ours.data()),
        static_cast<unsigned int>(ours.size()),
        offered.data(),
        static_cast<unsigned int>(offered.size())
    );
    if (outcome != OPENSSL_NPN_NEGOTIATED) {
        (void)fail(
            "the peer offers none of our protocols (ALPN), only " + names_of(offered),
            HandshakeFailure::no_common_protocol
        );
        return {};
    }
    return {pick, pick_bytes};
}

Owned<SSL_SESSION> Session::find_session(std::span<const unsigned char> name) {
    Owned<SSL_SESSION> session;
    ServerSessions::Name wanted{};
    if (name.size() != wanted.size()) {
        return session;
    }
    std::copy(name.begin(), name.end(), wanted.begin());
    const Clock::time_point now = Clock::now();
    const auto* remembered = context_->caches->sessions.find(wanted, now);
    if (remembered == nullptr || remembered->accepting != accepting_) {
        return session;
    }
    session = ServerSessions::revive(*remembered, now);
    if (session != nullptr) {
        // The last one found is the one that OpenSSL resumes, if it resumes any.
        standing_ = remembered->standing;
        resumption().found = wanted;
    }
    return session;
}

void Session::keep_session(const SSL_SESSION* session) {
    if (!expected_) {
        Resumption& to = resumption();
        ServerSessions::Name name{};
        if (ServerSessions::read(session, name, to.remembered)) {
            to.made = name;
        }
    } else if (peer_.alpn != Alpn::none && failure_.empty()) {
        context_->caches->tickets.put(*expected_, session, standing_);
        holds_session_ = true;
    }
}

Session::Resumption& Session::resumption() {
    if (resumption_ == nullptr) {
        resumption_ = std::make_unique<Resumption>();
    }
    return *resumption_;
}

/// Server side: the session that was resumed is spent, the new one may be.
void Session::remember() {
    if (resumption_ == nullptr) {
        return;
    }
    ServerSessions& sessions = context_->caches->sessions;
    if (is_resumed() && resumption_->found) {
        sessions.erase(*resumption_->found);
    }
    if (resumption_->made) {
        resumption_->remembered.standing = standing_;
        resumption_->remembered.accepting = accepting_;
        sessions.put(*resumption_->made, std::move(resumption_->remembered));
    }
    resumption_.reset();
}

/// The session holds the peer's certificates, or a ticket that we have a copy of. OpenSSL looks at
/// nothing in it any more but the cipher suite.
void Session::let_go_of_session() {
    holds_session_ = false;
    // SSL_set_session begins anew when the connection's method is not its context's, and after a
    // handshake it is the one for TLS 1.3 alone: so the connection moves to a context of that.
    Owned<SSL_CTX>& parking =
        expected_ ? context_->caches->parked_client : context_->caches->parked_server;
    if (parking == nullptr) {
        parking.reset(SSL_CTX_new(SSL_get_ssl_method(ssl_.get())));
    }
    if (parking == nullptr || SSL_set_SSL_CTX(ssl_.get(), parking.get()) != parking.get() ||
        SSL_CTX_get_ssl_method(parking.get()) != SSL_get_ssl_method(ssl_.get())) {
        ERR_clear_error();
        return;
    }
    const SSL_CIPHER* cipher = SSL_get_current_cipher(ssl_.get());
    for (const auto& blank : context_->blank_sessions) {
        if (SSL_SESSION_get0_cipher(blank.get()) == cipher) {
            SSL_set_session(ssl_.get(), blank.get());
            return;
        }
    }
}

}  // namespace tls
