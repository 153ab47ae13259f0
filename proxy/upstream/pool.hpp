// Idle HTTP/1 connections of one worker, by target.
#pragma once

#include "proxy/limits.hpp"
#include "proxy/net/deadline.hpp"
#include "proxy/upstream/connection.hpp"
#include "proxy/upstream/target.hpp"

#include <boost/smart_ptr/local_shared_ptr.hpp>
#include <boost/unordered/unordered_flat_map.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace proxy::upstream {

class Lease;

/// Where connections to one target wait. A Target is names to be hashed and compared; whoever goes
/// there often pins its place instead, once.
struct Place {
    explicit Place(Target target_of_place) : target(std::move(target_of_place)) {}

    const Target target;
    std::vector<std::unique_ptr<Connection>> idle;
};
/// Shared by the pool, the leases of connections that come back, and those who go there again
/// (upstream::Hop, inbound connections). Counted without atomics: pins never leave their worker.
using PlacePin = boost::local_shared_ptr<Place>;

/// Owned by its worker, used on its thread. Newest first, so that the surplus grows old and goes.
class Pool {
 public:
    Pool(const Limits& limits, const net::DeadlineClock& clock) : limits_(limits), clock_(clock) {}

    /// Whether one that was busy a moment ago is believed to stand still: asking the kernel costs
    /// a system call, not asking a retry, which not every request may have.
    enum class Check : std::uint8_t {
        long_idle,
        each,
        new_only,  // takes none: a new connection is wanted
    };
    /// The place of `target`, found or made.
    [[nodiscard]] PlacePin place(const Target& target);
    /// An idle connection that still stands, or nothing.
    [[nodiscard]] std::optional<Lease> take(const PlacePin& place, Check check);
    void put(Place& place, std::unique_ptr<Connection> connection);
    /// Closes what has been idle for upstream_idle_ms_max, and forgets places that nobody pins.
    /// Called on the worker's tick.
    void prune(std::chrono::steady_clock::time_point now);
    /// Closes all that is idle, and later what is in use now: it was opened with an identity that
    /// is no longer ours.
    void begin_generation();
    [[nodiscard]] std::uint64_t generation() const { return generation_; }
    /// Closes all that is idle and takes nothing back any more.
    void shut();
    [[nodiscard]] std::size_t idle_count() const;
    [[nodiscard]] std::size_t place_count() const { return places_.size(); }

 private:
    void close_idle();

    const Limits& limits_;
    const net::DeadlineClock& clock_;
    std::uint64_t generation_ = 0;
    bool is_shut_ = false;
    boost::unordered_flat_map<Target, PlacePin, TargetHash> places_;
};

/// One connection for one exchange. Goes back to its place when it dies, if it may be reused, else
/// it is closed. The pool outlives it.
class Lease {
 public:
    Lease(Pool& pool, PlacePin place, std::unique_ptr<Connection> connection)
        : pool_(&pool), place_(std::move(place)), connection_(std::move(connection)) {}
    Lease(Lease&&) noexcept = default;
    Lease& operator=(Lease&&) = delete;
    ~Lease();

    [[nodiscard]] http::ClientSession& session() { return connection_->session; }

 private:
    Pool* pool_;
    PlacePin place_;
    std::unique_ptr<Connection> connection_;
};

}  // namespace proxy::upstream
