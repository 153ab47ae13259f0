#include "io/acceptor.hpp"

#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>

namespace io {

Error Acceptor::listen(const Endpoint& endpoint, Sharing sharing) noexcept {
    const int family = endpoint.protocol().family();
    const int fd = ::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP);
    if (fd < 0) {
        return system_error(errno);
    }
    const int on = 1;
    const int off = 0;
    ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (family == AF_INET6) {
        ::setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
    }
    if (sharing == Sharing::workers) {
        ::setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
    }
    Error error;
    if (::bind(fd, endpoint.data(), static_cast<socklen_t>(endpoint.size())) != 0 ||
        ::listen(fd, SOMAXCONN) != 0) {
        error = system_error(errno);
    }
    const Error unregistered = socket_.adopt(fd);
    if (error) {
        socket_.close();
    }
    return error ? error : unregistered;
}

std::optional<Accepted> Acceptor::try_accept() noexcept {
    const int fd =
        ::accept4(socket_.native_handle(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0) {
        Accepted accepted{{}, Socket(socket_.loop())};
        accepted.error = accepted.socket->adopt(fd);
        return accepted;
    }
    if (errno == EAGAIN || errno == EWOULDBLOCK) {
        return std::nullopt;
    }
    return Accepted{system_error(errno), std::nullopt};
}

}  // namespace io
