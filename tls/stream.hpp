// TLS over a TCP socket: our own stream over SSL* whose BIO reads and writes the socket, two
// records at a time and one, with no buffer between (performance.md §2).
#pragma once

#include "io/awaitable.hpp"
#include "io/socket.hpp"
#include "policy/identity.hpp"
#include "policy/result.hpp"
#include "tls/context.hpp"
#include "tls/session.hpp"

#include <boost/asio/buffer.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace tls {

/// How far a write has come, from attempt to attempt.
struct WriteProgress {
    std::size_t taken = 0;  // plaintext bytes that are encrypted
};

/// After the handshake it lives no longer than what the peer has proved (LivePeers).
/// Owned by one connection, used by one reader and one writer at a time (they may overlap) on the
/// socket's thread. Closing = destroying it or closing its socket; pending operations end with
/// operation_aborted. The try_* never wait: nullopt means that the socket's readiness is to be
/// awaited (io::Socket::when_readable, when_writable) before the next attempt.
class Stream {
 public:
    explicit Stream(io::Socket socket);
    ~Stream();
    Stream(Stream&&) noexcept;
    Stream& operator=(Stream&&) noexcept;

    /// Server side. `early` is what detection has already read from the socket. Returns the
    /// verified peer, or a sentence that says why not. One handshake per Stream.
    [[nodiscard]] io::Awaitable<policy::Result<Peer>> accept(
        std::shared_ptr<const Context> context, std::string_view early, Accepting accepting = {}
    );
    /// Client side: offers `alpn`, accepts only `expected`, and resumes where it can: `endpoint`
    /// (a hash of the address) tells replicas of one identity apart.
    [[nodiscard]] io::Awaitable<policy::Result<Peer>> connect(
        std::shared_ptr<const Context> context,
        Alpn alpn,
        const policy::Identity& expected,
        std::uint64_t endpoint = 0
    );

    /// Reads decrypted bytes; eof after the peer's close_notify, StreamError::stream_truncated
    /// without one.
    [[nodiscard]] std::optional<io::Transfer> try_read(boost::asio::mutable_buffer buffer);
    /// Writes all of `buffers`: small pieces share a record, one socket write per 16 KiB or so.
    [[nodiscard]] std::optional<io::Transfer> try_write(
        std::span<const boost::asio::const_buffer> buffers, WriteProgress& progress
    );
    /// Sends close_notify and shuts the sending side down (half-close).
    [[nodiscard]] std::optional<io::Error> try_shutdown();

    /// Until read_some has something to do; holds no buffer meanwhile.
    [[nodiscard]] auto wait_readable() {
        return socket().when_readable([this]() -> std::optional<io::Error> {
            return has_pending() || socket().may_be_readable()
                       ? std::optional<io::Error>(io::Error())
                       : std::nullopt;
        });
    }
    // Awaits of these.
    [[nodiscard]] auto read_some(boost::asio::mutable_buffer buffer) {
        return socket().when_readable([this, buffer] { return try_read(buffer); });
    }
    [[nodiscard]] auto write(std::span<const boost::asio::const_buffer> buffers) {
        return socket().when_writable([this, buffers, progress = WriteProgress()]() mutable {
            return try_write(buffers, progress);
        });
    }
    [[nodiscard]] auto shutdown_send() {
        return socket().when_writable([this] { return try_shutdown(); });
    }

    [[nodiscard]] io::Socket& socket() noexcept;
    /// True when read_some would complete (with bytes, eof or an error) without the socket.
    [[nodiscard]] bool has_pending() const noexcept;
    /// What the handshake agreed on.
    [[nodiscard]] Alpn alpn() const noexcept;
    /// From then on nothing new should begin here: soon the peer's certificate (or one above it)
    /// ends, and with it this connection. Never before the handshake.
    [[nodiscard]] std::chrono::system_clock::time_point retire_at() const noexcept;
    /// After a failed accept or connect, and after a client's first read: the server judges last.
    [[nodiscard]] HandshakeFailure handshake_failure() const noexcept;
    /// The sentence behind a StreamError of a read or write; empty when there was none.
    [[nodiscard]] const std::string& failure() const noexcept;

 private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace tls
