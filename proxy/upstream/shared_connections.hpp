// Connections to meshed targets that several HTTP/1 exchanges share at a time.
#pragma once

#include "proxy/failure.hpp"
#include "proxy/net/event.hpp"
#include "proxy/net/mux/connection.hpp"
#include "proxy/net/stream.hpp"
#include "proxy/upstream/connector.hpp"
#include "proxy/upstream/target.hpp"
#include "telemetry/sheet.hpp"

#include <boost/unordered/unordered_flat_map.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

namespace proxy::upstream {

/// Owned by its worker, used on its thread. A target gets one TLS connection, and another each time
/// the streams of all are in use; a peer that does not share gets one for each stream.
class SharedConnections {
 public:
    /// A stream to `target`: of a connection that is there, or of a new one, for which others who
    /// want the same wait. Without an identity, or to a standard target: a connection of its own. A
    /// new shared connection is counted in `series`. Failures as of upstream::connect.
    [[nodiscard]] io::Awaitable<Result<net::Stream>> connect(
        ConnectEnvironment environment,
        const Target& target,
        telemetry::Sheet& sheet,
        telemetry::TcpSeries& series
    );
    /// What is there was opened with an identity that is no longer ours: no more streams on it.
    void begin_generation();
    /// Forgets what has ended, and opens nothing more where the peer's certificate has. Called on
    /// the worker's tick.
    void prune(std::chrono::system_clock::time_point now);
    /// Ends all.
    void shut();

 private:
    /// In the frame of whoever waits.
    struct Waiter {
        explicit Waiter(io::Loop& loop) : done(loop) {}
        net::Event done;
        std::optional<Failure> failure;  // of the connection that it waited for
    };
    struct Place {
        std::vector<std::shared_ptr<net::mux::Connection>> connections;
        std::vector<Waiter*> waiters;  // for the connection that is being made
        bool is_connecting = false;
        bool is_sharing = true;  // the peer does
    };

    [[nodiscard]] static std::unique_ptr<net::mux::Stream> open(Place& place);
    static void end_connecting(Place& place, const std::optional<Failure>& failure);

    boost::unordered_flat_map<Target, std::shared_ptr<Place>, TargetHash> places_;
    std::uint64_t generation_ = 0;
};

}  // namespace proxy::upstream
