#include "proxy/control/aio_listener.hpp"

#include "proxy/net/listener.hpp"
#include "proxy/net/socket.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/ip/v6_only.hpp>

#include <chrono>
#include <string_view>
#include <utility>

namespace proxy::control {

namespace {

constexpr std::chrono::milliseconds k_accept_backoff{100};

}  // namespace

policy::Result<AioListener> AioListener::open(
    boost::asio::io_context& context, const policy::SocketAddress& address, std::string_view key
) {
    const aio::Endpoint endpoint = net::to_endpoint(address);
    aio::Acceptor acceptor(context.get_executor());
    aio::Error error;
    acceptor.open(endpoint.protocol(), error);
    if (!error) {
        acceptor.set_option(boost::asio::socket_base::reuse_address(true), error);
    }
    if (!error && !address.ip.is_v4()) {
        acceptor.set_option(boost::asio::ip::v6_only(false), error);  // [::] is for IPv4 too
    }
    if (!error) {
        acceptor.bind(endpoint, error);
    }
    if (!error) {
        acceptor.listen(boost::asio::socket_base::max_listen_connections, error);
    }
    if (error) {
        return policy::failed<AioListener>(net::listen_failure(address, key, error));
    }
    return AioListener(std::move(acceptor));
}

policy::SocketAddress AioListener::address() const {
    aio::Error ignored;
    return net::from_endpoint(acceptor_.local_endpoint(ignored));
}

aio::Awaitable<void> AioListener::run(Serve serve) {
    aio::Timer backoff(acceptor_.get_executor());
    while (acceptor_.is_open()) {
        aio::Socket socket(acceptor_.get_executor());
        auto [error] = co_await acceptor_.async_accept(socket, aio::k_await);
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
        co_await backoff.async_wait(aio::k_await);
    }
}

void AioListener::close() noexcept {
    aio::Error ignored;
    acceptor_.close(ignored);
}

}  // namespace proxy::control
