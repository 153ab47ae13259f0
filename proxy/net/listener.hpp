// Accepts connections on one address and hands each to a coroutine of its own.
#pragma once

#include "io/acceptor.hpp"
#include "policy/address.hpp"
#include "policy/result.hpp"

#include <functional>
#include <string>
#include <string_view>

namespace proxy::net {

/// Why a socket cannot listen on `address`, as a sentence for the operator.
[[nodiscard]] std::string listen_failure(
    const policy::SocketAddress& address, std::string_view key, const io::Error& error
);

/// Owned by its worker. `serve` is called for each connection and must start it; it returns at
/// once. run() ends after close().
class Listener {
 public:
    using Serve = std::function<void(io::Socket)>;

    /// Binds and listens. The error is a sentence for the operator; `key` names the configuration
    /// key that gave the address.
    [[nodiscard]] static policy::Result<Listener> open(
        io::Loop& loop,
        const policy::SocketAddress& address,
        std::string_view key,
        io::Acceptor::Sharing sharing
    );

    [[nodiscard]] policy::SocketAddress address() const;
    /// Out of file descriptors: waits and tries again, what is open stays.
    [[nodiscard]] io::Awaitable<void> run(Serve serve);
    void close() noexcept;

 private:
    explicit Listener(io::Acceptor acceptor) : acceptor_(std::move(acceptor)) {}
    io::Acceptor acceptor_;
};

}  // namespace proxy::net
