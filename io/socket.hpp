// A connected TCP socket of one loop: attempts that never wait, and awaits made of them.
#pragma once

#include "io/error.hpp"
#include "io/loop.hpp"
#include "io/retry.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <memory>
#include <optional>
#include <span>

namespace io {

using Endpoint = boost::asio::ip::tcp::endpoint;

/// Owns its descriptor; closing is destroying or close(), after which every operation gives
/// operation_aborted. One reader and one writer may wait at a time.
class Socket {
 public:
    /// Closed: to be opened by connect() or adopt().
    explicit Socket(Loop& loop) : loop_(&loop) {}
    Socket(Socket&&) noexcept = default;
    Socket& operator=(Socket&& other) noexcept;
    ~Socket() { close(); }

    /// Open, but nothing behind it: for streams that share a connection and are woken by it.
    [[nodiscard]] static Socket without_descriptor(Loop& loop) {
        Socket socket(loop);
        socket.descriptor_ = std::make_unique<Descriptor>(loop, Descriptor::k_none);
        return socket;
    }
    /// Takes over a non-blocking TCP socket, also where registering it fails (then it is closed).
    [[nodiscard]] Error adopt(int fd) noexcept;
    [[nodiscard]] Loop& loop() const noexcept { return *loop_; }
    [[nodiscard]] bool is_open() const noexcept { return descriptor_ != nullptr; }
    /// Negative when closed, and when nothing is behind it.
    [[nodiscard]] int native_handle() const noexcept {
        return is_open() ? descriptor_->fd : Descriptor::k_closed;
    }

    /// Each nullopt: it would have to wait. A read that got less than it asked for knows that there
    /// is no more and spares the next one its question.
    [[nodiscard]] std::optional<Transfer> try_read(boost::asio::mutable_buffer buffer) noexcept;
    /// Goes on after the first `offset` bytes of `buffers`; `bytes` counts what this call wrote.
    [[nodiscard]] std::optional<Transfer> try_write(
        std::span<const boost::asio::const_buffer> buffers, std::size_t offset
    ) noexcept;
    /// Again and again until all of it is written; `written` keeps the place in between.
    [[nodiscard]] std::optional<Transfer> try_write_all(
        std::span<const boost::asio::const_buffer> buffers, std::size_t& written
    ) noexcept;

    [[nodiscard]] auto read_some(boost::asio::mutable_buffer buffer) {
        return when_readable([this, buffer] { return try_read(buffer); });
    }
    /// All of `buffers`, which stay put until then; `bytes` is how much was written before an
    /// error.
    [[nodiscard]] auto write(std::span<const boost::asio::const_buffer> buffers) {
        return when_writable([this, buffers, written = std::size_t{0}]() mutable {
            return try_write_all(buffers, written);
        });
    }
    /// Opens and connects; `source` is bound before, when given. The Error is that of the step that
    /// failed.
    [[nodiscard]] Awaitable<Error> connect(Endpoint endpoint, std::optional<Endpoint> source);

    /// Awaits of other attempts at this socket's readiness (TLS).
    template <class Attempt>
    [[nodiscard]] Retry<Attempt> when_readable(Attempt attempt) {
        return Retry<Attempt>(descriptor_.get(), Descriptor::Side::read, std::move(attempt));
    }
    template <class Attempt>
    [[nodiscard]] Retry<Attempt> when_writable(Attempt attempt) {
        return Retry<Attempt>(descriptor_.get(), Descriptor::Side::write, std::move(attempt));
    }
    /// Bytes, or the end, may be there. False is certain as of the loop's last round.
    [[nodiscard]] bool may_be_readable() const noexcept {
        return !is_open() || descriptor_->is_readable;
    }

    // Of a socket without a descriptor: what its stream knows of its readiness.
    void wake() noexcept {
        if (is_open()) {
            descriptor_->wake();
        }
    }
    void wake_writer() noexcept {
        if (is_open()) {
            descriptor_->wake_writer();
        }
    }
    void set_not_readable() noexcept {
        if (is_open()) {
            descriptor_->is_readable = false;
        }
    }

    [[nodiscard]] Error shutdown_send() noexcept;
    /// What waits ends with operation_aborted; the socket stays usable.
    void cancel() noexcept;
    void close() noexcept;
    /// Closes with a reset: the other side must not take what it got for all there was.
    void abort() noexcept;
    [[nodiscard]] Endpoint local_endpoint(Error& error) const noexcept;
    [[nodiscard]] Endpoint remote_endpoint(Error& error) const noexcept;

 private:
    Loop* loop_;
    std::unique_ptr<Descriptor> descriptor_;
};

}  // namespace io
