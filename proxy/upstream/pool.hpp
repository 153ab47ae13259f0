// Idle HTTP/1 connections of one worker, by target.
#pragma once

#include "proxy/limits.hpp"
#include "proxy/upstream/connection.hpp"
#include "proxy/upstream/target.hpp"

#include <boost/unordered/unordered_flat_map.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace proxy::upstream {

/// Owned by its worker, used on its thread. Newest first, so that the surplus grows old and goes.
class Pool {
 public:
    explicit Pool(const Limits& limits) : limits_(limits) {}

    /// Whether one that was busy a moment ago is believed to stand still: asking the kernel costs
    /// a system call, not asking a retry, which not every request may have.
    enum class Check : std::uint8_t {
        long_idle,
        each,
        new_only,  // takes none: a new connection is wanted
    };
    /// An idle connection to `target` that still stands, or nullptr.
    [[nodiscard]] std::unique_ptr<Connection> take(
        const Target& target, std::chrono::steady_clock::time_point now, Check check
    );
    void put(std::unique_ptr<Connection> connection, std::chrono::steady_clock::time_point now);
    /// Closes what has been idle for upstream_idle_ms_max. Called on the worker's tick.
    void prune(std::chrono::steady_clock::time_point now);
    /// Closes all that is idle, and later what is in use now: it was opened with an identity that
    /// is no longer ours.
    void begin_generation();
    [[nodiscard]] std::uint64_t generation() const { return generation_; }
    /// Closes all that is idle and takes nothing back any more.
    void shut();
    [[nodiscard]] std::size_t idle_count() const;

 private:
    using Connections = std::vector<std::unique_ptr<Connection>>;

    const Limits& limits_;
    std::uint64_t generation_ = 0;
    bool is_shut_ = false;
    boost::unordered_flat_map<Target, Connections, TargetHash> idle_;
};

/// One connection for one exchange. Goes back to its pool when it dies, if it may be reused, else
/// it is closed. The pool outlives it.
class Lease {
 public:
    Lease(Pool& pool, std::unique_ptr<Connection> connection)
        : pool_(&pool), connection_(std::move(connection)) {}
    Lease(Lease&&) noexcept = default;
    Lease& operator=(Lease&&) = delete;
    ~Lease();

    [[nodiscard]] http::ClientSession& session() { return connection_->session; }

 private:
    Pool* pool_;
    std::unique_ptr<Connection> connection_;
};

}  // namespace proxy::upstream
