// A connection's bytes, plain, inside our TLS, or sharing one with others: what sessions read from
// and write to.
#pragma once

#include "io/socket.hpp"
#include "proxy/net/buffer.hpp"
#include "proxy/net/mux/session.hpp"
#include "tls/stream.hpp"

#include <boost/asio/buffer.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <span>
#include <variant>

namespace proxy::net {

/// Owns the socket. One reader and one writer may overlap; all on the socket's thread.
class Stream {
 public:
    explicit Stream(io::Socket socket) : transport_(std::move(socket)) {}
    explicit Stream(tls::Stream stream) : transport_(std::move(stream)) {}
    explicit Stream(std::unique_ptr<mux::Stream> stream) : transport_(std::move(stream)) {}

    /// Each is awaited; without a coroutine of its own, since every request does it several times.
    [[nodiscard]] auto read_some(boost::asio::mutable_buffer buffer) {
        return socket().when_readable([this, buffer] { return try_read(buffer); });
    }
    /// Into `buffer`, as far as it may grow to `bytes_max`; it holds fewer bytes than that before.
    [[nodiscard]] auto read_into(Buffer& buffer, std::size_t bytes_max) {
        return socket().when_readable([this, &buffer, bytes_max] {
            return try_read_into(buffer, bytes_max);
        });
    }
    /// Until read_some has something to do (bytes, the end or an error): who waits long waits here,
    /// without a buffer.
    [[nodiscard]] auto wait_readable() {
        return socket().when_readable([this] { return try_wait_readable(); });
    }
    /// Writes all of `buffers`, which stay put until it completes.
    [[nodiscard]] auto write(std::span<const boost::asio::const_buffer> buffers) {
        return socket().when_writable(Write{*this, buffers, {}});
    }
    /// Ends our direction (FIN, behind a close_notify inside TLS); the other stays open.
    [[nodiscard]] auto shutdown_send() {
        return socket().when_writable([this] { return try_shutdown(); });
    }
    void close() noexcept { socket().close(); }
    /// Closes with a reset: the other side must not take what it got for all there was.
    void abort() noexcept { socket().abort(); }
    [[nodiscard]] io::Socket& socket() noexcept {
        if (auto* plain = std::get_if<io::Socket>(&transport_)) {
            return *plain;
        }
        if (auto* tls = std::get_if<tls::Stream>(&transport_)) {
            return tls->socket();
        }
        return std::get<Shared>(transport_)->socket();
    }
    /// The TLS below; null where there is none or others share it.
    [[nodiscard]] tls::Stream* tls() noexcept { return std::get_if<tls::Stream>(&transport_); }
    /// Carried with others in one connection (mux::Session): no TCP connection of its own.
    [[nodiscard]] bool is_shared() const noexcept {
        return std::holds_alternative<Shared>(transport_);
    }
    /// Opened on a connection that was there already: it may have died unnoticed.
    [[nodiscard]] bool is_of_kept_connection() const noexcept;
    /// The connection that it shares is to end: it is not to be kept for later.
    [[nodiscard]] bool is_going_away() const noexcept;
    /// From then on nothing new should begin here (tls::Stream::retire_at); never where the peer
    /// has proved nothing.
    [[nodiscard]] std::chrono::system_clock::time_point retire_at() const noexcept;

 private:
    using Shared = std::unique_ptr<mux::Stream>;

    /// Its progress, and what it came to.
    struct Write {
        std::optional<io::Transfer> operator()();
        Stream& stream;
        std::span<const boost::asio::const_buffer> buffers;
        tls::WriteProgress progress;
    };

    [[nodiscard]] std::optional<io::Transfer> try_read_into(Buffer& buffer, std::size_t bytes_max);
    [[nodiscard]] std::optional<io::Transfer> try_read(boost::asio::mutable_buffer buffer);
    [[nodiscard]] std::optional<io::Error> try_shutdown();
    [[nodiscard]] std::optional<io::Error> try_wait_readable() noexcept;

    std::variant<io::Socket, tls::Stream, Shared> transport_;
};

}  // namespace proxy::net
