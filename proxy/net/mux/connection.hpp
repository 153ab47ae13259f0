// What moves a mux session's bytes: one reader and one writer over one TLS connection.
#pragma once

#include "io/awaitable.hpp"
#include "proxy/limits.hpp"
#include "proxy/net/deadline.hpp"
#include "proxy/net/mux/session.hpp"
#include "proxy/net/traffic.hpp"
#include "tls/stream.hpp"

#include <functional>
#include <memory>

namespace proxy::net::mux {

/// What its owner lends to a connection. All are called on its loop.
struct Owner {
    /// Takes a stream that the peer has opened; dropping it resets it.
    std::function<void(std::unique_ptr<Stream>)> serve = [](const auto&) {};
    /// How long the connection stays without a stream, asked each time.
    std::function<std::uint32_t()> idle_ms_max;
    /// Totals of TLS plaintext so far, frames included.
    std::function<void(const Traffic&)> on_traffic = [](const Traffic&) {};
    /// The last call, with what it was made of.
    std::function<void(const tls::Stream&)> on_end = [](const tls::Stream&) {};
};

/// Shared by its two coroutines and, on the client side, by whoever opens streams. One loop.
/// All writes of a round go out together: that is what it is for (fewer records, fewer system
/// calls; performance.md §2).
class Connection {
 public:
    Connection(
        tls::Stream stream, Role role, DeadlineClock& clock, const Limits& limits, Owner owner
    );
    ~Connection();
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    [[nodiscard]] Session& session() { return *session_; }
    /// A new stream of ours; null where the peer or the bound allows none.
    [[nodiscard]] std::unique_ptr<Stream> open();
    /// No more streams here; those that are open go on, and the connection ends with the last.
    void retire();
    /// Everything in it ends.
    void close();

    /// Ends with the connection.
    [[nodiscard]] static io::Awaitable<void> run(std::shared_ptr<Connection> self);

 private:
    [[nodiscard]] static io::Awaitable<void> write(std::shared_ptr<Connection> self);
    [[nodiscard]] io::Awaitable<void> read();
    void begin_idling();

    tls::Stream stream_;
    std::shared_ptr<Session> session_;
    const Limits& limits_;
    Owner owner_;
    Deadline idle_deadline_;
    Deadline write_deadline_;
    Traffic traffic_;
    bool is_retired_ = false;
};

}  // namespace proxy::net::mux
