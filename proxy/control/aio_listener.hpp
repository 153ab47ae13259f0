// Accepts connections on one address of the control thread: net::Listener over Asio.
#pragma once

#include "policy/address.hpp"
#include "policy/result.hpp"
#include "proxy/control/aio.hpp"

#include <functional>
#include <string_view>

namespace proxy::control {

/// `serve` is called for each connection and must start it; it returns at once. run() ends after
/// close().
class AioListener {
 public:
    using Serve = std::function<void(aio::Socket)>;

    /// Binds and listens. The error is a sentence for the operator; `key` names the configuration
    /// key that gave the address.
    [[nodiscard]] static policy::Result<AioListener> open(
        boost::asio::io_context& context, const policy::SocketAddress& address, std::string_view key
    );

    [[nodiscard]] policy::SocketAddress address() const;
    /// Out of file descriptors: waits and tries again, what is open stays.
    [[nodiscard]] aio::Awaitable<void> run(Serve serve);
    void close() noexcept;

 private:
    explicit AioListener(aio::Acceptor acceptor) : acceptor_(std::move(acceptor)) {}
    aio::Acceptor acceptor_;
};

}  // namespace proxy::control
