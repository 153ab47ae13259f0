// One TLS connection without I/O: ciphertext in, ciphertext out, plaintext on the other side.
#pragma once

#include "policy/identity.hpp"
#include "tls/context.hpp"

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

/// Which of our protocols a connection carries (the ALPN that was agreed on).
/// `mux` carries several HTTP/1 connections (proxy/net/mux); a client that offers it takes http1
/// too.
enum class Alpn : std::uint8_t { none, http1, h2, tcp, mux };

struct Peer {
    policy::Identity identity;
    Alpn alpn = Alpn::none;
    std::chrono::system_clock::time_point not_after;  // of the peer's leaf
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
    explicit Session(std::shared_ptr<const Context> context);
    /// Client side: offers exactly `alpn` and accepts only `expected`.
    Session(std::shared_ptr<const Context> context, Alpn alpn, policy::Identity expected);
    ~Session();
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;

    /// Where to put ciphertext from the peer: at least one byte, normally room for a whole record.
    /// Valid until the next call of a member.
    [[nodiscard]] std::span<char> input_space();
    void commit_input(std::size_t bytes) noexcept;
    /// Takes all of `ciphertext` (a copy).
    void feed(std::string_view ciphertext);
    /// The peer will send no more.
    void end_input() noexcept { input_has_ended_ = true; }

    /// Ciphertext for the peer. Valid until the next call of a member.
    [[nodiscard]] std::string_view output() const noexcept { return output_; }
    void drop_output(std::size_t bytes) { output_.erase(0, bytes); }
    /// Moves the whole output into `to`, whose former content is lost.
    void take_output(std::string& to) noexcept;

    /// Goes on with the handshake: `done` (peer() is verified), `need_input` or `failed`.
    [[nodiscard]] Step handshake();
    /// Fills `buffer` with what can be decrypted now; `done` with at least one byte, or why not.
    [[nodiscard]] ReadResult read(std::span<char> buffer);
    /// Encrypts one record of the bytes of `buffers` after the first `offset`; how many it took,
    /// 0 when it failed. There must be at least one byte.
    [[nodiscard]] std::size_t write(
        std::span<const boost::asio::const_buffer> buffers, std::size_t offset
    );
    /// Puts close_notify into the output; nothing can be written afterwards.
    void close_output() noexcept;

    /// True when read() would not ask for input.
    [[nodiscard]] bool has_pending() noexcept;
    [[nodiscard]] const Peer& peer() const noexcept { return peer_; }
    [[nodiscard]] bool is_resumed() const noexcept;
    [[nodiscard]] const std::string& failure() const noexcept { return failure_; }
    /// True when the handshake failed because the peer proved to be somebody else than allowed.
    [[nodiscard]] bool failed_on_identity() const noexcept { return failed_on_identity_; }

 private:
    struct Callbacks;  // what OpenSSL calls back

    void attach(Alpn alpn);
    /// Is this leaf one we accept? Fills peer_, or failure_.
    bool judge(X509* leaf);
    bool finish_handshake();
    Step step_after(int ssl_result);
    Step fail(std::string sentence);

    std::shared_ptr<const Context> context_;
    std::optional<policy::Identity> expected_;  // client side only
    Owned<SSL> ssl_;
    std::unique_ptr<char[]> input_;
    std::size_t input_capacity_ = 0;
    std::size_t input_begin_ = 0;
    std::size_t input_end_ = 0;
    bool input_has_ended_ = false;
    bool failed_on_identity_ = false;
    Alpn offered_ = Alpn::none;
    std::string output_;
    Peer peer_;
    std::string failure_;
};

}  // namespace tls
