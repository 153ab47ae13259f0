#include "proxy/net/listener.hpp"

#include "proxy/net/socket.hpp"

#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/ip/v6_only.hpp>

#include <sys/socket.h>

#include <chrono>
#include <string>

namespace proxy::net {

namespace {

constexpr std::chrono::milliseconds k_accept_backoff{100};

using Timer = boost::asio::basic_waitable_timer<
    std::chrono::steady_clock,
    boost::asio::wait_traits<std::chrono::steady_clock>,
    io::Executor>;

std::string sentence(
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

}  // namespace

policy::Result<Listener> Listener::open(
    boost::asio::io_context& context,
    const policy::SocketAddress& address,
    std::string_view key,
    Sharing sharing
) {
    const io::Endpoint endpoint = to_endpoint(address);
    io::Acceptor acceptor(context.get_executor());
    io::Error error;
    acceptor.open(endpoint.protocol(), error);
    if (!error) {
        acceptor.set_option(boost::asio::socket_base::reuse_address(true), error);
    }
    if (!error && !address.ip.is_v4()) {
        acceptor.set_option(boost::asio::ip::v6_only(false), error);  // [::] is for IPv4 too
    }
    if (!error && sharing == Sharing::workers) {
        using ReusePort = boost::asio::detail::socket_option::boolean<SOL_SOCKET, SO_REUSEPORT>;
        acceptor.set_option(ReusePort(true), error);
    }
    if (!error) {
        acceptor.bind(endpoint, error);
    }
    if (!error) {
        acceptor.listen(boost::asio::socket_base::max_listen_connections, error);
    }
    if (error) {
        return policy::failed<Listener>(sentence(address, key, error));
    }
    return Listener(std::move(acceptor));
}

policy::SocketAddress Listener::address() const {
    io::Error ignored;
    return from_endpoint(acceptor_.local_endpoint(ignored));
}

io::Awaitable<void> Listener::run(Serve serve) {
    Timer backoff(acceptor_.get_executor());
    while (acceptor_.is_open()) {
        io::Socket socket(acceptor_.get_executor());
        auto [error] = co_await acceptor_.async_accept(socket, io::k_await);
        if (!error) {
            serve(std::move(socket));
            continue;
        }
        if (error == boost::asio::error::operation_aborted || !acceptor_.is_open()) {
            co_return;
        }
        if (error == boost::asio::error::connection_aborted) {
            continue;
        }
        backoff.expires_after(k_accept_backoff);
        co_await backoff.async_wait(io::k_await);
    }
}

void Listener::close() noexcept {
    io::Error ignored;
    acceptor_.close(ignored);
}

}  // namespace proxy::net
