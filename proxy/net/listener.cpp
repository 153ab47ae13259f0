#include "proxy/net/listener.hpp"

#include "proxy/net/socket.hpp"

#include <cerrno>
#include <chrono>
#include <string>

namespace proxy::net {

namespace {

constexpr std::chrono::milliseconds k_accept_backoff{100};

}  // namespace

std::string listen_failure(
    const policy::SocketAddress& address, std::string_view key, const io::Error& error
) {
    std::string text = std::string(key) + ": cannot listen on " + address.text() + ": ";
    if (error == boost::asio::error::address_in_use) {
        return text + "another process uses it; stop that process or configure another port";
    }
    if (error == boost::asio::error::access_denied) {
        return text + "ports below 1024 need root or CAP_NET_BIND_SERVICE; choose a higher one";
    }
    if (error.value() == EADDRNOTAVAIL) {
        return text + "no interface of this host has that address";
    }
    return text + error.message();
}

policy::Result<Listener> Listener::open(
    io::Loop& loop,
    const policy::SocketAddress& address,
    std::string_view key,
    io::Acceptor::Sharing sharing
) {
    io::Acceptor acceptor(loop);
    const io::Error error = acceptor.listen(to_endpoint(address), sharing);
    if (error) {
        return policy::failed<Listener>(listen_failure(address, key, error));
    }
    return Listener(std::move(acceptor));
}

policy::SocketAddress Listener::address() const {
    io::Error ignored;
    return from_endpoint(acceptor_.local_endpoint(ignored));
}

io::Awaitable<void> Listener::run(Serve serve) {
    while (acceptor_.is_open()) {
        auto accepted = co_await acceptor_.accept();
        if (!accepted.error) {
            serve(std::move(*accepted.socket));
            continue;
        }
        if (accepted.error == boost::asio::error::operation_aborted) {
            co_return;
        }
        if (accepted.error == boost::asio::error::connection_aborted) {
            continue;
        }
        co_await acceptor_.loop().sleep(k_accept_backoff);
    }
}

void Listener::close() noexcept {
    acceptor_.close();
}

}  // namespace proxy::net
