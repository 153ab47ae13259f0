#include "tls/session.hpp"

#include "tls/error.hpp"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <cstring>
#include <utility>

namespace tls {
namespace {

/// Reading makes output only as answers to KeyUpdate. A peer that asks and never reads the answers
/// is cut off here.
constexpr std::size_t k_unsent_answers_bytes_max = 64 * 1024;

}  // namespace

/// OpenSSL's entrances: they find the session and record.
struct Session::Callbacks {
    static int read(BIO* bio, char* to, std::size_t size, std::size_t* got) noexcept {
        auto& session = *static_cast<Session*>(BIO_get_data(bio));
        BIO_clear_retry_flags(bio);
        *got = session.take_input({to, size});
        if (*got == 0) {
            BIO_set_retry_read(bio);
            return 0;
        }
        return 1;
    }

    static int write(BIO* bio, const char* from, std::size_t size, std::size_t* written) noexcept {
        BIO_clear_retry_flags(bio);
        auto& session = *static_cast<Session*>(BIO_get_data(bio));
        *written = size;
        session.put_out({from, size});
        return 1;
    }

    static long control(BIO*, int command, long, void*) noexcept {
        return command == BIO_CTRL_FLUSH ? 1 : 0;
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

Session::Session(std::shared_ptr<const Context> context, Accepting accepting)
    : context_(std::move(context)), accepting_(accepting), ssl_(SSL_new(context_->server.get())) {
    if (attach()) {
        SSL_set_accept_state(ssl_.get());
    }
}

Session::Session(
    std::shared_ptr<const Context> context,
    Alpn alpn,
    policy::Identity expected,
    std::uint64_t endpoint
)
    : context_(std::move(context)),
      expected_(ClientTickets::Server{std::move(expected), alpn, endpoint}),
      ssl_(SSL_new(context_->client.get())) {
    if (attach()) {
        SSL_set_connect_state(ssl_.get());
        offer();
    }
}

Session::~Session() = default;

bool Session::attach() {
    BIO* bio = BIO_new(Callbacks::bio_method());
    if (ssl_ == nullptr || bio == nullptr) {
        BIO_free(bio);
        ssl_.reset();
        (void
        )fail(take_openssl_errors("no memory for a TLS session"), HandshakeFailure::internal_error);
        return false;
    }
    BIO_set_data(bio, this);
    BIO_set_init(bio, 1);
    SSL_set_bio(ssl_.get(), bio, bio);
    SSL_set_app_data(ssl_.get(), this);
    return true;
}

std::size_t Session::take_input(std::span<char> to) {
    if (input_begin_ == input_.size()) {
        return source_ != nullptr ? source_->receive(to) : 0;
    }
    const std::size_t bytes = input_.copy(to.data(), to.size(), input_begin_);
    input_begin_ += bytes;
    if (input_begin_ == input_.size()) {
        std::string().swap(input_);  // seldom more comes this way
        input_begin_ = 0;
    }
    return bytes;
}

void Session::drop_output(std::size_t bytes) {
    output_.erase(0, bytes);
    if (output_.empty()) {
        std::string().swap(output_);  // an idle connection holds none
    }
}

/// To the sink, behind the output; what it does not take, and all without one, to the output.
void Session::put_out(std::string_view record) {
    if (sink_ != nullptr) {
        const std::array<boost::asio::const_buffer, 2> pieces{
            boost::asio::buffer(output_), boost::asio::buffer(record)
        };
        const std::size_t sent = sink_->send(pieces);
        const std::size_t older = std::min(sent, output_.size());
        record.remove_prefix(sent - older);
        if (older > 0) {
            drop_output(older);
        }
        if (record.empty()) {
            return;
        }
    }
    output_.append(record);
}

Session::ReadResult Session::read(std::span<char> buffer, CiphertextSource* source) {
    ReadResult result;
    bool has_asked = false;
    while (result.bytes < buffer.size() && failure_.empty()) {
        // For the first bytes only: to ask it is a system call.
        source_ = result.bytes == 0 ? source : nullptr;
        if (!has_ciphertext() && (source_ == nullptr || !source_->is_readable())) {
            result.step = step_without_ciphertext();
            break;
        }
        std::size_t got = 0;
        has_asked = true;
        const int ok = SSL_read_ex(
            ssl_.get(), buffer.data() + result.bytes, buffer.size() - result.bytes, &got
        );
        if (ok != 1) {
            // Bytes first: what stopped us is met again by the next call.
            result.step = step_after(ok);
            break;
        }
        result.bytes += got;
        is_established_ = true;
    }
    source_ = nullptr;
    if (holds_session_) {
        let_go_of_session();
    }
    if (has_asked && !has_ciphertext()) {
        // After a ticket OpenSSL keeps its buffer in spite of SSL_MODE_RELEASE_BUFFERS.
        SSL_free_buffers(ssl_.get());
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

std::size_t Session::write(
    std::span<const boost::asio::const_buffer> buffers, std::size_t offset, CiphertextSink* sink
) {
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
    std::size_t written = 0;
    sink_ = sink;
    const int ok = SSL_write_ex(ssl_.get(), from, size, &written);
    sink_ = nullptr;
    if (ok != 1) {
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

/// Anything, perhaps only half a record. Asking OpenSSL for plaintext costs some thousands of
/// instructions even when there is none.
bool Session::has_ciphertext() const noexcept {
    return !input_.empty() || SSL_has_pending(ssl_.get()) == 1;
}

Session::Step Session::step_without_ciphertext() const noexcept {
    if ((SSL_get_shutdown(ssl_.get()) & SSL_RECEIVED_SHUTDOWN) != 0) {
        return Step::closed;
    }
    return input_has_ended_ ? Step::truncated : Step::need_input;
}

bool Session::has_pending() noexcept {
    if (!failure_.empty() || SSL_pending(ssl_.get()) > 0) {
        return true;
    }
    if (!has_ciphertext()) {
        return step_without_ciphertext() != Step::need_input;
    }
    // There are bytes, perhaps only half a record: let OpenSSL look.
    char byte = 0;
    std::size_t got = 0;
    const int ok = SSL_peek_ex(ssl_.get(), &byte, 1, &got);
    return ok == 1 || step_after(ok) != Step::need_input;
}

bool Session::is_resumed() const noexcept {
    return ssl_ != nullptr && SSL_session_reused(ssl_.get()) == 1;
}

/// After a call that OpenSSL could not end. Its queue of errors was empty before that call: whoever
/// leaves something there empties it (to do so before each call would cost 800 instructions).
Session::Step Session::step_after(int ssl_result) {
    switch (SSL_get_error(ssl_.get(), ssl_result)) {
        case SSL_ERROR_WANT_READ:
            return input_has_ended_ ? Step::truncated : Step::need_input;
        case SSL_ERROR_ZERO_RETURN:
            return Step::closed;
        default:
            return fail_on_openssl_errors();
    }
}

Session::Step Session::fail_on_openssl_errors() {
    const unsigned long error = ERR_peek_last_error();
    const int alert = ERR_GET_REASON(error) - SSL_AD_REASON_OFFSET;
    if (ERR_GET_LIB(error) == ERR_LIB_SSL && alert >= 0) {
        ERR_clear_error();
        return fail(
            "the peer ended TLS with " + meaning_of_alert(alert), HandshakeFailure::refused_by_peer
        );
    }
    auto why = HandshakeFailure::protocol_error;
    if (ERR_GET_REASON(error) == SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE) {
        why = HandshakeFailure::no_certificate;
    } else if (ERR_GET_REASON(error) == SSL_R_NO_APPLICATION_PROTOCOL) {
        why = HandshakeFailure::no_common_protocol;
    }
    const bool is_old = ERR_GET_REASON(error) == SSL_R_UNSUPPORTED_PROTOCOL;
    return fail(
        "TLS failed: " + take_openssl_errors("no reason given") +
            (is_old ? ": the peer does not speak TLS 1.3" : ""),
        why
    );
}

Session::Step Session::fail(std::string sentence, HandshakeFailure why) {
    if (failure_.empty()) {  // the first reason is the cause, later ones are its consequences
        failure_ = std::move(sentence);
        handshake_failure_ = is_established_ ? HandshakeFailure::none : why;
    }
    return Step::failed;
}

}  // namespace tls
