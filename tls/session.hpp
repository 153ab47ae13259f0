// One TLS connection without I/O: ciphertext in, ciphertext out, plaintext on the other side.
#pragma once

#include "policy/identity.hpp"
#include "tls/context.hpp"
#include "tls/handshake_failure.hpp"

#include <boost/asio/buffer.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace tls {

struct Peer {
    policy::Identity identity;
    Alpn alpn = Alpn::none;
};

/// A record holds 16 KiB of plaintext (RFC 8446 §5.1).
inline constexpr std::size_t k_record_plaintext_bytes = 16 * 1024;
/// With its header, type and tag (RFC 8446 §5.2).
inline constexpr std::size_t k_record_bytes = 5 + k_record_plaintext_bytes + 1 + 16;

/// Where the peer's ciphertext comes from: straight to where it is decrypted.
class CiphertextSource {
 public:
    virtual ~CiphertextSource() = default;
    [[nodiscard]] virtual bool is_readable() const noexcept = 0;
    /// What is there now, as far as `space` goes; how many bytes, 0 when there are none.
    virtual std::size_t receive(std::span<char> space) noexcept = 0;
};

/// Where ciphertext for the peer goes: straight from where it was encrypted.
class CiphertextSink {
 public:
    virtual ~CiphertextSink() = default;
    /// The beginning of what `pieces` hold together; how many bytes.
    virtual std::size_t send(std::span<const boost::asio::const_buffer> pieces) noexcept = 0;
};

/// Owned by one Stream (or test), used on one thread. Its SSL* keeps its address, so it cannot
/// move. Calls never wait: `need_input` asks for ciphertext, and whatever any call leaves in the
/// output is to be sent to the peer in that order.
class Session {
 public:
    enum class Step : std::uint8_t {
        done,
        need_input,
        closed,     // the peer's close_notify came
        truncated,  // the input ended without one
        failed,     // failure() says why
    };
    struct ReadResult {
        Step step = Step::done;
        std::size_t bytes = 0;
    };

    /// Server side.
    explicit Session(std::shared_ptr<const Context> context, Accepting accepting = {});
    /// Client side: offers exactly `alpn`, accepts only `expected`, and resumes where it can.
    /// `endpoint` tells replicas of one identity apart (a hash of the address): what one of them
    /// remembers the others do not know.
    Session(
        std::shared_ptr<const Context> context,
        Alpn alpn,
        policy::Identity expected,
        std::uint64_t endpoint = 0
    );
    ~Session();
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;

    /// Ciphertext that was read before there was a Session, or without a source.
    void feed(std::string_view ciphertext) { input_.append(ciphertext); }
    /// The peer will send no more.
    void end_input() noexcept { input_has_ended_ = true; }

    /// Ciphertext for the peer. Valid until the next call of a member.
    [[nodiscard]] std::string_view output() const noexcept { return output_; }
    void drop_output(std::size_t bytes);

    /// Goes on with the handshake: `done` (peer() is verified), `need_input` or `failed`.
    [[nodiscard]] Step handshake(CiphertextSource* source = nullptr);
    /// Fills `buffer` with what can be decrypted now, first of what was fed; `done` with at least
    /// one byte, or why not.
    [[nodiscard]] ReadResult read(std::span<char> buffer, CiphertextSource* source = nullptr);
    /// Encrypts one record of the bytes of `buffers` after the first `offset`; how many it took,
    /// 0 when it failed. There must be at least one byte. Where there is a `sink`, the output and
    /// the record go there, and only what it does not take stays in the output.
    [[nodiscard]] std::size_t write(
        std::span<const boost::asio::const_buffer> buffers,
        std::size_t offset,
        CiphertextSink* sink = nullptr
    );
    /// Puts close_notify into the output; nothing can be written afterwards.
    void close_output() noexcept;

    /// True when read() would not ask for input.
    [[nodiscard]] bool has_pending() noexcept;
    [[nodiscard]] const Peer& peer() const noexcept { return peer_; }
    /// What peer() rests on, once the handshake is done.
    [[nodiscard]] const std::shared_ptr<const Proof>& proof() const noexcept {
        return standing_.proof;
    }
    [[nodiscard]] const Context& context() const noexcept { return *context_; }
    [[nodiscard]] bool is_resumed() const noexcept;
    [[nodiscard]] const std::string& failure() const noexcept { return failure_; }
    /// Why the handshake failed. A client learns with its first read that the server refused it.
    [[nodiscard]] HandshakeFailure handshake_failure() const noexcept { return handshake_failure_; }

 private:
    struct Callbacks;           // what OpenSSL calls back for bytes,
    struct HandshakeCallbacks;  // and to ask
    /// What a server's handshake found among the sessions that it remembers, and what it adds.
    struct Resumption {
        std::optional<ServerSessions::Name> found;
        std::optional<ServerSessions::Name> made;
        ServerSessions::Remembered remembered;  // of `made`
    };
    friend void prepare_for_sessions(const Context& context);

    [[nodiscard]] bool attach();
    /// Client side: our protocol, and a ticket if we have one.
    void offer();
    /// In the handshake: is the chain that the peer presents one that we accept?
    [[nodiscard]] bool verify(X509_STORE_CTX* asked);
    /// Does `standing_` name somebody that we accept, now? Else failure_ says why not.
    [[nodiscard]] bool judge();
    [[nodiscard]] bool finish_handshake();

    /// Server side: which of the protocols of `offered` (ALPN's wire form) we speak, preferred
    /// first; views `offered`. Empty, with failure_, when none.
    [[nodiscard]] std::span<const unsigned char> select(std::span<const unsigned char> offered);
    [[nodiscard]] Owned<SSL_SESSION> find_session(std::span<const unsigned char> name);
    void keep_session(const SSL_SESSION* session);
    [[nodiscard]] Resumption& resumption();
    void remember();
    void let_go_of_session();

    [[nodiscard]] bool has_ciphertext() const noexcept;
    [[nodiscard]] Step step_without_ciphertext() const noexcept;
    Step step_after(int ssl_result);
    Step fail(std::string sentence, HandshakeFailure why = HandshakeFailure::protocol_error);
    Step fail_on_openssl_errors();
    [[nodiscard]] std::size_t take_input(std::span<char> to);
    void put_out(std::string_view record);

    std::shared_ptr<const Context> context_;
    std::optional<ClientTickets::Server> expected_;  // client side only
    Accepting accepting_;                            // server side only
    Owned<SSL> ssl_;
    Standing standing_;                       // of the peer, proved now or in an earlier handshake
    std::unique_ptr<Resumption> resumption_;  // server side, during the handshake
    std::string input_;                       // what was fed
    std::size_t input_begin_ = 0;
    CiphertextSource* source_ = nullptr;  // during a call that may ask it
    CiphertextSink* sink_ = nullptr;      // likewise
    bool input_has_ended_ = false;
    bool has_proved_ = false;      // the peer showed its certificate in this handshake
    bool is_established_ = false;  // the peer has sent plaintext: it has accepted us
    bool holds_session_ = false;   // OpenSSL keeps more of it than we need: a ticket
    std::string output_;
    Peer peer_;
    std::string failure_;
    HandshakeFailure handshake_failure_ = HandshakeFailure::none;
};

/// Tells OpenSSL to call Sessions back; make_context does that once.
void prepare_for_sessions(const Context& context);

}  // namespace tls
