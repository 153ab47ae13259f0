// Accepts connections on one address and hands each to a coroutine of its own.
#pragma once

#include "policy/address.hpp"
#include "policy/result.hpp"
#include "tls/io.hpp"

#include <functional>

namespace proxy::net {

/// Owned by its worker. `serve` is called for each connection and must start it; it returns at
/// once. run() ends after close().
class Listener {
 public:
    using Serve = std::function<void(io::Socket)>;

    /// Who else may listen on the address: nobody, or our other workers (SO_REUSEPORT).
    enum class Sharing : std::uint8_t { exclusive, workers };
    /// Binds and listens. The error is a sentence for the operator; `key` names the configuration
    /// key that gave the address.
    [[nodiscard]] static policy::Result<Listener> open(
        boost::asio::io_context& context,
        const policy::SocketAddress& address,
        std::string_view key,
        Sharing sharing
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
