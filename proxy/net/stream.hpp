// A connection's bytes, plain or inside our TLS: what sessions read from and write to.
#pragma once

#include "tls/io.hpp"
#include "tls/stream.hpp"

#include <boost/asio/buffer.hpp>

#include <span>
#include <variant>

namespace proxy::net {

/// Owns the socket. One reader and one writer may overlap; all on the socket's thread.
class Stream {
 public:
    explicit Stream(io::Socket socket) : transport_(std::move(socket)) {}
    explicit Stream(tls::Stream stream) : transport_(std::move(stream)) {}

    [[nodiscard]] io::Awaitable<io::Transfer> read_some(boost::asio::mutable_buffer buffer);
    /// Writes all of `buffers`, which stay put until it completes.
    [[nodiscard]] io::Awaitable<io::Transfer> write(
        std::span<const boost::asio::const_buffer> buffers
    );
    /// Ends our direction (FIN, behind a close_notify inside TLS); the other stays open.
    [[nodiscard]] io::Awaitable<io::Error> shutdown_send();
    void close() noexcept;
    /// Closes with a reset: the other side must not take what it got for all there was.
    void abort() noexcept;
    [[nodiscard]] io::Socket& socket() noexcept;

 private:
    std::variant<io::Socket, tls::Stream> transport_;
};

}  // namespace proxy::net
