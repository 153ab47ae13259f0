#include "proxy/net/stream.hpp"

#include <boost/asio/write.hpp>

namespace proxy::net {

namespace {

io::Awaitable<io::Transfer> read_plain(io::Socket& socket, boost::asio::mutable_buffer buffer) {
    auto [error, bytes] = co_await socket.async_read_some(buffer, io::k_await);
    co_return io::Transfer{error, bytes};
}

io::Awaitable<io::Transfer> write_plain(
    io::Socket& socket, std::span<const boost::asio::const_buffer> buffers
) {
    auto [error, bytes] = co_await boost::asio::async_write(socket, buffers, io::k_await);
    co_return io::Transfer{error, bytes};
}

io::Awaitable<io::Error> shutdown_plain(io::Socket& socket) {
    io::Error error;
    socket.shutdown(boost::asio::socket_base::shutdown_send, error);
    co_return error;
}

}  // namespace

io::Awaitable<io::Transfer> Stream::read_some(boost::asio::mutable_buffer buffer) {
    if (auto* tls = std::get_if<tls::Stream>(&transport_)) {
        return tls->read_some(buffer);
    }
    return read_plain(std::get<io::Socket>(transport_), buffer);
}

io::Awaitable<io::Transfer> Stream::write(std::span<const boost::asio::const_buffer> buffers) {
    if (auto* tls = std::get_if<tls::Stream>(&transport_)) {
        return tls->write(buffers);
    }
    return write_plain(std::get<io::Socket>(transport_), buffers);
}

io::Awaitable<io::Error> Stream::shutdown_send() {
    if (auto* tls = std::get_if<tls::Stream>(&transport_)) {
        return tls->shutdown_send();
    }
    return shutdown_plain(std::get<io::Socket>(transport_));
}

void Stream::close() noexcept {
    if (auto* tls = std::get_if<tls::Stream>(&transport_)) {
        tls->close();
        return;
    }
    io::Error ignored;
    std::get<io::Socket>(transport_).close(ignored);
}

void Stream::abort() noexcept {
    io::Error ignored;
    socket().set_option(boost::asio::socket_base::linger(true, 0), ignored);
    close();
}

io::Socket& Stream::socket() noexcept {
    if (auto* tls = std::get_if<tls::Stream>(&transport_)) {
        return tls->socket();
    }
    return std::get<io::Socket>(transport_);
}

}  // namespace proxy::net
