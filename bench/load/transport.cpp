#include "bench/load/transport.hpp"

#include <openssl/err.h>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>

namespace bench::load {

namespace {

bool set(int descriptor, int level, int name, int value) {
    return setsockopt(descriptor, level, name, &value, sizeof value) == 0;
}

Moved meaning_of_errno() {
    return {errno == EAGAIN || errno == EINTR ? Io::wait : Io::failed, 0};
}

}  // namespace

bool Transport::open() {
    close();
    const int family = settings_.to.storage.ss_family;
    descriptor_ = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (descriptor_ < 0) {
        return false;
    }
    set(descriptor_, SOL_SOCKET, SO_REUSEADDR, 1);
    set(descriptor_, IPPROTO_TCP, TCP_NODELAY, 1);
    if (settings_.receive_buffer_bytes > 0) {
        // Before connecting: the window is agreed upon then.
        set(descriptor_, SOL_SOCKET, SO_RCVBUF, settings_.receive_buffer_bytes);
    }
    const auto* to = reinterpret_cast<const sockaddr*>(&settings_.to.storage);
    if (connect(descriptor_, to, settings_.to.length) != 0 && errno != EINPROGRESS) {
        close();
        return false;
    }
    return true;
}

bool Transport::has_connected() {
    int error = 0;
    socklen_t length = sizeof error;
    if (getsockopt(descriptor_, SOL_SOCKET, SO_ERROR, &error, &length) != 0 || error != 0) {
        return false;
    }
    if (is_secured()) {
        ssl_ = settings_.tls->connect(descriptor_, session_);
    }
    return true;
}

Io Transport::handshake() {
    if (!ssl_) {
        return Io::done;
    }
    ERR_clear_error();
    const int returned = SSL_do_handshake(ssl_.get());
    if (returned == 1) {
        return settings_.tls->agrees(ssl_.get()) ? Io::done : Io::failed;
    }
    const Io meant = meaning_of(returned);
    return meant == Io::wait ? Io::wait : Io::failed;
}

Moved Transport::read(std::span<char> into) {
    if (ssl_) {
        std::size_t bytes = 0;
        ERR_clear_error();
        const int returned = SSL_read_ex(ssl_.get(), into.data(), into.size(), &bytes);
        return returned == 1 ? Moved{Io::done, bytes} : Moved{meaning_of(returned), 0};
    }
    const ssize_t bytes = recv(descriptor_, into.data(), into.size(), 0);
    if (bytes > 0) {
        return {Io::done, static_cast<std::size_t>(bytes)};
    }
    return bytes == 0 ? Moved{Io::ended, 0} : meaning_of_errno();
}

Moved Transport::write(std::string_view data) {
    if (ssl_) {
        std::size_t bytes = 0;
        ERR_clear_error();
        const int returned = SSL_write_ex(ssl_.get(), data.data(), data.size(), &bytes);
        return returned == 1 ? Moved{Io::done, bytes} : Moved{meaning_of(returned), 0};
    }
    const ssize_t bytes = send(descriptor_, data.data(), data.size(), MSG_NOSIGNAL);
    return bytes >= 0 ? Moved{Io::done, static_cast<std::size_t>(bytes)} : meaning_of_errno();
}

void Transport::say_goodbye() {
    if (ssl_) {
        ERR_clear_error();
        SSL_shutdown(ssl_.get());
    }
}

void Transport::close() {
    if (descriptor_ < 0) {
        return;
    }
    if (ssl_) {
        // Else OpenSSL marks a session that did not end with close_notify as not resumable.
        SSL_set_quiet_shutdown(ssl_.get(), 1);
        SSL_shutdown(ssl_.get());
        ssl_.reset();
    }
    const linger at_once{.l_onoff = 1, .l_linger = 0};
    setsockopt(descriptor_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    ::close(descriptor_);
    descriptor_ = -1;
}

bool Transport::was_resumed() const {
    return ssl_ && SSL_session_reused(ssl_.get()) == 1;
}

Io Transport::meaning_of(int returned) const {
    switch (SSL_get_error(ssl_.get(), returned)) {
        case SSL_ERROR_WANT_READ:
        case SSL_ERROR_WANT_WRITE:
            return Io::wait;
        case SSL_ERROR_ZERO_RETURN:
            return Io::ended;
        default:
            break;
    }
    const int reason = ERR_GET_REASON(ERR_peek_error());
    if (reason == SSL_R_UNEXPECTED_EOF_WHILE_READING) {
        return Io::cut;
    }
    return reason >= SSL_AD_REASON_OFFSET ? Io::refused : Io::failed;
}

}  // namespace bench::load
