#include "io/socket.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

namespace io {

namespace {

constexpr std::size_t k_pieces_max = 64;

bool must_wait(int number) {
    return number == EAGAIN || number == EWOULDBLOCK;
}

/// Fills `pieces` with what follows the first `offset` bytes of `buffers`; how many.
std::size_t gather(
    std::span<const boost::asio::const_buffer> buffers,
    std::size_t offset,
    std::array<iovec, k_pieces_max>& pieces
) {
    std::size_t count = 0;
    for (const auto& buffer : buffers) {
        if (offset >= buffer.size()) {
            offset -= buffer.size();
            continue;
        }
        if (count == pieces.size()) {
            break;
        }
        // sendmsg does not write to it; iovec serves readers as well and has no const.
        auto* const begin = static_cast<char*>(const_cast<void*>(buffer.data()));
        pieces[count++] = {begin + offset, buffer.size() - offset};
        offset = 0;
    }
    return count;
}

template <class Get>
Endpoint ask_endpoint(int fd, Get get, Error& error) {
    Endpoint endpoint;
    auto length = static_cast<socklen_t>(endpoint.capacity());
    if (get(fd, endpoint.data(), &length) != 0) {
        error = system_error(errno);
        return {};
    }
    endpoint.resize(length);
    error = {};
    return endpoint;
}

}  // namespace

Socket& Socket::operator=(Socket&& other) noexcept {
    close();
    loop_ = other.loop_;
    descriptor_ = std::move(other.descriptor_);
    return *this;
}

Error Socket::adopt(int fd) noexcept {
    close();
    descriptor_ = std::make_unique<Descriptor>(*loop_, fd);
    const Error error = loop_->add(*descriptor_);
    if (error) {
        close();
    }
    return error;
}

std::optional<Transfer> Socket::try_read(boost::asio::mutable_buffer buffer) noexcept {
    if (!is_open()) {
        return Transfer{boost::asio::error::operation_aborted};
    }
    Descriptor& descriptor = *descriptor_;
    if (!descriptor.is_readable) {
        return std::nullopt;
    }
    const ssize_t got = ::recv(descriptor.fd, buffer.data(), buffer.size(), 0);
    if (got > 0) {
        const auto bytes = static_cast<std::size_t>(got);
        descriptor.is_readable = bytes == buffer.size() || descriptor.has_hung_up;
        return Transfer{{}, bytes};
    }
    if (got == 0) {
        return Transfer{boost::asio::error::eof};
    }
    if (errno == EINTR) {
        return try_read(buffer);
    }
    if (must_wait(errno)) {
        descriptor.is_readable = false;
        return std::nullopt;
    }
    return Transfer{system_error(errno)};
}

std::optional<Transfer> Socket::try_write(
    std::span<const boost::asio::const_buffer> buffers, std::size_t offset
) noexcept {
    if (!is_open()) {
        return Transfer{boost::asio::error::operation_aborted};
    }
    Descriptor& descriptor = *descriptor_;
    if (!descriptor.is_writable) {
        return std::nullopt;
    }
    std::array<iovec, k_pieces_max> pieces;
    const std::size_t count = gather(buffers, offset, pieces);
    ssize_t sent = 0;
    if (count == 1) {
        sent = ::send(descriptor.fd, pieces[0].iov_base, pieces[0].iov_len, MSG_NOSIGNAL);
    } else {
        msghdr message{};
        message.msg_iov = pieces.data();
        message.msg_iovlen = count;
        sent = ::sendmsg(descriptor.fd, &message, MSG_NOSIGNAL);
    }
    if (sent >= 0) {
        return Transfer{{}, static_cast<std::size_t>(sent)};
    }
    if (errno == EINTR) {
        return try_write(buffers, offset);
    }
    if (must_wait(errno)) {
        descriptor.is_writable = false;
        return std::nullopt;
    }
    return Transfer{system_error(errno)};
}

std::optional<Transfer> Socket::try_write_all(
    std::span<const boost::asio::const_buffer> buffers, std::size_t& written
) noexcept {
    const std::size_t total = boost::asio::buffer_size(buffers);
    while (written < total) {
        const auto sent = try_write(buffers, written);
        if (!sent.has_value()) {
            return std::nullopt;
        }
        written += sent->bytes;
        if (sent->error) {
            return Transfer{sent->error, written};
        }
    }
    return Transfer{{}, written};
}

Awaitable<Error> Socket::connect(Endpoint endpoint, std::optional<Endpoint> source) {
    close();
    const int fd = ::socket(
        endpoint.protocol().family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP
    );
    if (fd < 0) {
        co_return system_error(errno);
    }
    Error error;
    if (source.has_value()) {
        // The port is chosen at connect, so that the range is per destination (Linux 4.2).
        const int on = 1;
        ::setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
        if (::bind(fd, source->data(), static_cast<socklen_t>(source->size())) != 0) {
            error = system_error(errno);
        }
    }
    const bool is_under_way =
        !error && (::connect(fd, endpoint.data(), static_cast<socklen_t>(endpoint.size())) == 0 ||
                   errno == EINPROGRESS);
    if (!is_under_way) {
        error = error ? error : system_error(errno);
        ::close(fd);
        co_return error;
    }
    // Registered only now: a socket that has not begun to connect reports a hang-up.
    error = adopt(fd);
    if (error) {
        co_return error;
    }
    descriptor_->is_writable = false;
    error = co_await when_writable([this]() -> std::optional<Error> {
        if (!descriptor_->is_writable) {
            return std::nullopt;
        }
        int number = 0;
        socklen_t length = sizeof number;
        ::getsockopt(descriptor_->fd, SOL_SOCKET, SO_ERROR, &number, &length);
        return system_error(number);
    });
    if (error) {
        close();
    }
    co_return error;
}

Error Socket::shutdown_send() noexcept {
    if (!is_open()) {
        return boost::asio::error::operation_aborted;
    }
    return ::shutdown(descriptor_->fd, SHUT_WR) == 0 ? Error() : system_error(errno);
}

void Socket::cancel() noexcept {
    if (is_open()) {
        descriptor_->cancel();
    }
}

void Socket::close() noexcept {
    if (is_open()) {
        loop_->retire(std::move(descriptor_));
    }
}

void Socket::abort() noexcept {
    if (is_open()) {
        const linger reset{1, 0};
        ::setsockopt(descriptor_->fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
        close();
    }
}

Endpoint Socket::local_endpoint(Error& error) const noexcept {
    return ask_endpoint(native_handle(), ::getsockname, error);
}

Endpoint Socket::remote_endpoint(Error& error) const noexcept {
    return ask_endpoint(native_handle(), ::getpeername, error);
}

}  // namespace io
