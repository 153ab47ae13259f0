// A pooled connection with what the pool knows of it.
#pragma once

#include "proxy/http/client_session.hpp"
#include "telemetry/tcp_record.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>

namespace proxy::upstream {

/// Owned by a Lease while an exchange uses it, by the Pool in between.
struct Connection {
    Connection(
        net::Stream stream,
        net::DeadlineClock& clock,
        const Limits& limits,
        telemetry::Sheet& sheet,
        telemetry::TcpSeries& series
    )
        : session(std::move(stream), clock, limits) {
        if (!session.stream().is_shared()) {
            record.emplace(sheet, series);
        }
    }

    http::ClientSession session;
    std::optional<telemetry::TcpRecord> record;  // of a TCP connection of its own
    std::uint64_t generation = 0;                // the pool's, when the connection was opened
    std::chrono::steady_clock::time_point idle_since{};
    /// From then on it is not kept for another exchange: the peer's certificate ends soon.
    std::chrono::steady_clock::time_point retire_at = std::chrono::steady_clock::time_point::max();
};

}  // namespace proxy::upstream
