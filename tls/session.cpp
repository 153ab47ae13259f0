#include "tls/session.hpp"

#include "tls/error.hpp"
#include "tls/peer.hpp"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <cstring>
#include <utility>

namespace tls {
namespace {

/// A record holds 16 KiB of plaintext (RFC 8446 §5.1); with its header and tag it fits here, so
/// that one socket read can bring a whole one.
constexpr std::size_t k_record_plaintext_bytes = 16 * 1024;
constexpr std::size_t k_input_bytes = k_record_plaintext_bytes + 1024;
/// Reading makes output only as answers to KeyUpdate. A peer that asks and never reads the answers
/// is cut off here.
constexpr std::size_t k_unsent_answers_bytes_max = 64 * 1024;

std::string_view alpn_wire_name(Alpn alpn) {
    switch (alpn) {
        case Alpn::http1:
            return "\x0esmilax/http1.1";
        case Alpn::h2:
            return "\x09smilax/h2";
        case Alpn::tcp:
            return "\x0asmilax/tcp";
        case Alpn::mux:
            return "\x0asmilax/mux";
        case Alpn::none:
            break;
    }
    return {};
}

Alpn agreed_alpn(const SSL* ssl) {
    const unsigned char* name = nullptr;
    unsigned int length = 0;
    SSL_get0_alpn_selected(ssl, &name, &length);
    const std::string_view agreed(reinterpret_cast<const char*>(name), length);
    for (const Alpn alpn : {Alpn::http1, Alpn::h2, Alpn::tcp, Alpn::mux}) {
        if (!agreed.empty() && alpn_wire_name(alpn).substr(1) == agreed) {
            return alpn;
        }
    }
    return Alpn::none;
}

}  // namespace

/// OpenSSL's entrances: they find the session and record.
struct Session::Callbacks {
    static int read(BIO* bio, char* to, std::size_t size, std::size_t* got) noexcept {
        auto& session = *static_cast<Session*>(BIO_get_data(bio));
        BIO_clear_retry_flags(bio);
        *got = std::min(size, session.input_end_ - session.input_begin_);
        if (*got == 0) {
            BIO_set_retry_read(bio);
            return 0;
        }
        std::memcpy(to, session.input_.get() + session.input_begin_, *got);
        session.input_begin_ += *got;
        return 1;
    }

    static int write(BIO* bio, const char* from, std::size_t size, std::size_t* written) noexcept {
        BIO_clear_retry_flags(bio);
        static_cast<Session*>(BIO_get_data(bio))->output_.append(from, size);
        *written = size;
        return 1;
    }

    static long control(BIO*, int command, long, void*) noexcept {
        return command == BIO_CTRL_FLUSH ? 1 : 0;
    }

    static int verify(int is_good, X509_STORE_CTX* store) noexcept {
        if (is_good != 1 || X509_STORE_CTX_get_error_depth(store) != 0) {
            return is_good;
        }
        const auto* ssl = static_cast<const SSL*>(
            X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx())
        );
        auto* session = static_cast<Session*>(SSL_get_app_data(ssl));
        if (session->judge(X509_STORE_CTX_get0_cert(store))) {
            return 1;
        }
        X509_STORE_CTX_set_error(store, X509_V_ERR_APPLICATION_VERIFICATION);
        return 0;
    }

    /// Made once, never changed: OpenSSL wants the method to outlive every BIO.
    static const BIO_METHOD* bio_method() {
        static BIO_METHOD* const method = [] {
            BIO_METHOD* made =
                BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "smilax session");
            BIO_meth_set_read_ex(made, read);
            BIO_meth_set_write_ex(made, write);
            BIO_meth_set_ctrl(made, control);
            return made;
        }();
        return method;
    }
};

Session::Session(std::shared_ptr<const Context> context)
    : context_(std::move(context)), ssl_(SSL_new(context_->server.get())) {
    attach(Alpn::none);
    if (ssl_ != nullptr) {
        SSL_set_accept_state(ssl_.get());
    }
}

Session::Session(std::shared_ptr<const Context> context, Alpn alpn, policy::Identity expected)
    : context_(std::move(context)),
      expected_(std::move(expected)),
      ssl_(SSL_new(context_->client.get())) {
    attach(alpn);
    if (ssl_ != nullptr) {
        SSL_set_connect_state(ssl_.get());
    }
}

Session::~Session() = default;

void Session::attach(Alpn alpn) {
    BIO* bio = BIO_new(Callbacks::bio_method());
    if (ssl_ == nullptr || bio == nullptr) {
        BIO_free(bio);
        ssl_.reset();
        (void)fail(take_openssl_errors("no memory for a TLS session"));
        return;
    }
    BIO_set_data(bio, this);
    BIO_set_init(bio, 1);
    SSL_set_bio(ssl_.get(), bio, bio);
    SSL_set_app_data(ssl_.get(), this);
    SSL_set_verify(
        ssl_.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, Callbacks::verify
    );
    offered_ = alpn;
    const std::string_view name = alpn_wire_name(alpn);
    if (!name.empty()) {
        SSL_set_alpn_protos(
            ssl_.get(),
            reinterpret_cast<const unsigned char*>(name.data()),
            static_cast<unsigned int>(name.size())
        );
    }
}

std::span<char> Session::input_space() {
    if (input_begin_ == input_end_) {
        input_begin_ = input_end_ = 0;
    }
    if (input_end_ == input_capacity_) {
        // First use; or the session was fed ahead of what it could take, and keeps that.
        const std::size_t capacity = input_end_ + k_input_bytes;
        auto larger = std::make_unique_for_overwrite<char[]>(capacity);
        if (input_end_ > 0) {
            std::memcpy(larger.get(), input_.get(), input_end_);
        }
        input_ = std::move(larger);
        input_capacity_ = capacity;
    }
    return {input_.get() + input_end_, input_capacity_ - input_end_};
}

void Session::commit_input(std::size_t bytes) noexcept {
    assert(bytes <= input_capacity_ - input_end_);
    input_end_ += bytes;
}

void Session::feed(std::string_view ciphertext) {
    while (!ciphertext.empty()) {
        const std::span<char> space = input_space();
        const std::size_t taken = std::min(space.size(), ciphertext.size());
        std::memcpy(space.data(), ciphertext.data(), taken);
        commit_input(taken);
        ciphertext.remove_prefix(taken);
    }
}

void Session::take_output(std::string& to) noexcept {
    to = std::move(output_);
    output_.clear();
}

Session::Step Session::handshake() {
    if (!failure_.empty()) {
        return Step::failed;
    }
    ERR_clear_error();
    const int result = SSL_do_handshake(ssl_.get());
    if (result == 1) {
        return finish_handshake() ? Step::done : Step::failed;
    }
    const Step step = step_after(result);
    if (step == Step::closed || step == Step::truncated) {
        return fail("the peer closed the connection during the TLS handshake");
    }
    return step;
}

bool Session::finish_handshake() {
    // A full handshake was judged in the verify callback; a resumed one brings the certificate that
    // was verified then, and is judged now: its time may be over.
    X509* leaf = SSL_get0_peer_certificate(ssl_.get());
    const bool is_known = SSL_get_verify_result(ssl_.get()) == X509_V_OK && leaf != nullptr;
    if (!is_known) {
        (void)fail("the peer presented no certificate");
        return false;
    }
    if (!judge(leaf)) {
        return false;
    }
    peer_.alpn = agreed_alpn(ssl_.get());
    const bool was_offered =
        peer_.alpn == offered_ || (offered_ == Alpn::mux && peer_.alpn == Alpn::http1);
    if (peer_.alpn == Alpn::none || (expected_ && !was_offered)) {
        (void)fail("the peer agreed on none of our protocols (ALPN)");
        return false;
    }
    return true;
}

bool Session::judge(X509* leaf) {
    failed_on_identity_ = true;
    const auto identity = identity_of(leaf, context_->material->self.trust_domain);
    if (!identity) {
        (void)fail("the peer's certificate names nobody: " + identity.error());
        return false;
    }
    if (expected_ && *identity != *expected_) {
        (void)fail("peer presented " + identity->uri() + ", expected " + expected_->uri());
        return false;
    }
    failed_on_identity_ = false;
    peer_.identity = *identity;
    peer_.not_after = not_after_of(leaf);
    if (peer_.not_after <= std::chrono::system_clock::now()) {
        (void)fail("the certificate of " + identity->uri() + " has expired");
        return false;
    }
    return true;
}

Session::ReadResult Session::read(std::span<char> buffer) {
    ReadResult result;
    while (result.bytes < buffer.size() && failure_.empty()) {
        ERR_clear_error();
        std::size_t got = 0;
        const int ok = SSL_read_ex(
            ssl_.get(), buffer.data() + result.bytes, buffer.size() - result.bytes, &got
        );
        if (ok != 1) {
            // Bytes first: what stopped us is met again by the next call.
            result.step = step_after(ok);
            break;
        }
        result.bytes += got;
    }
    if (output_.size() > k_unsent_answers_bytes_max) {
        (void)fail("the peer asks for key updates without reading the answers");
    }
    if (result.bytes > 0 || buffer.empty()) {
        result.step = Step::done;
    } else if (!failure_.empty()) {
        result.step = Step::failed;
    }
    return result;
}

std::size_t Session::write(std::span<const boost::asio::const_buffer> buffers, std::size_t offset) {
    if (!failure_.empty()) {
        return 0;
    }
    // The first piece goes straight to OpenSSL when it fills a record or is all there is; else the
    // pieces are gathered: a record costs more than a copy of 16 KiB (performance.md §2).
    std::array<char, k_record_plaintext_bytes> gathered;
    const char* from = nullptr;
    std::size_t size = 0;
    for (const auto& buffer : buffers) {
        if (offset >= buffer.size()) {
            offset -= buffer.size();
            continue;
        }
        const char* piece = static_cast<const char*>(buffer.data()) + offset;
        const std::size_t piece_size = std::min(buffer.size() - offset, gathered.size() - size);
        offset = 0;
        if (size == 0) {
            from = piece;
        } else {
            if (from != gathered.data()) {
                std::memcpy(gathered.data(), from, size);
                from = gathered.data();
            }
            std::memcpy(gathered.data() + size, piece, piece_size);
        }
        size += piece_size;
        if (size == gathered.size()) {
            break;
        }
    }
    assert(size > 0);
    ERR_clear_error();
    std::size_t written = 0;
    if (SSL_write_ex(ssl_.get(), from, size, &written) != 1) {
        (void)fail("TLS write failed: " + take_openssl_errors("the connection is closed"));
        return 0;
    }
    return written;
}

void Session::close_output() noexcept {
    if (ssl_ != nullptr && failure_.empty()) {
        ERR_clear_error();
        SSL_shutdown(ssl_.get());
        ERR_clear_error();
    }
}

bool Session::has_pending() noexcept {
    if (!failure_.empty() || SSL_pending(ssl_.get()) > 0) {
        return true;
    }
    if (input_begin_ == input_end_ && SSL_has_pending(ssl_.get()) == 0) {
        return input_has_ended_ || (SSL_get_shutdown(ssl_.get()) & SSL_RECEIVED_SHUTDOWN) != 0;
    }
    // There are bytes, perhaps only half a record: let OpenSSL look.
    char byte = 0;
    std::size_t got = 0;
    ERR_clear_error();
    const int ok = SSL_peek_ex(ssl_.get(), &byte, 1, &got);
    return ok == 1 || step_after(ok) != Step::need_input;
}

bool Session::is_resumed() const noexcept {
    return ssl_ != nullptr && SSL_session_reused(ssl_.get()) == 1;
}

Session::Step Session::step_after(int ssl_result) {
    switch (SSL_get_error(ssl_.get(), ssl_result)) {
        case SSL_ERROR_WANT_READ:
            return input_has_ended_ ? Step::truncated : Step::need_input;
        case SSL_ERROR_ZERO_RETURN:
            return Step::closed;
        default:
            break;
    }
    const long verified = SSL_get_verify_result(ssl_.get());
    if (verified != X509_V_OK && failure_.empty()) {
        ERR_clear_error();
        return fail(
            std::string("the peer's certificate does not verify: ") +
            X509_verify_cert_error_string(verified)
        );
    }
    return fail("TLS failed: " + take_openssl_errors("no reason given"));
}

Session::Step Session::fail(std::string sentence) {
    if (failure_.empty()) {  // the first reason is the cause, later ones are its consequences
        failure_ = std::move(sentence);
    }
    return Step::failed;
}

}  // namespace tls
