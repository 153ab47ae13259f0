// The admin port: liveness, readiness, metrics and the snapshot, for probes, Prometheus and people.
#pragma once

#include "policy/address.hpp"
#include "policy/problem.hpp"
#include "policy/result.hpp"
#include "policy/snapshot.hpp"
#include "proxy/control/aio.hpp"
#include "proxy/limits.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace proxy::control {

/// What the admin port asks for. All are called on the control thread, any number of times, until
/// close(); whatever they refer to outlives the run of the io_context. Each must be set.
struct AdminHandlers {
    /// Prometheus text; it must end by itself within seconds.
    std::function<aio::Awaitable<std::string>()> metrics;
    /// {true, anything}, or false and a sentence that says what is missing.
    std::function<std::pair<bool, std::string>()> is_ready;
    /// JSON of the snapshot in force; empty when there is none yet.
    std::function<std::string()> snapshot_json;
    /// Everything that is wrong with the resources at present.
    std::function<std::vector<policy::Problem>()> problems;
    /// Of the snapshot in force; 0 when there is none yet.
    std::function<std::uint64_t()> generation;
    /// The snapshot in force, for questions about it; null when there is none yet.
    std::function<std::shared_ptr<const policy::Snapshot>()> snapshot;
    // Of the configuration, so that questions are read as the proxy would read requests.
    std::string trust_domain = "cluster.local";
    Limits limits;
};

struct AdminLimits {
    std::size_t connections_max = 64;
    std::size_t head_bytes_max = std::size_t{8} * 1024;
    std::uint32_t head_ms_max = 10'000;   // waiting for a whole request head, idle time included
    std::uint32_t write_ms_max = 30'000;  // a response to a slow reader
};

/// Owned by the control thread and used on it only. Nothing here changes state: GET and HEAD of a
/// few paths, everything else is refused.
class AdminServer {
 public:
    AdminServer(
        boost::asio::io_context& context,
        policy::SocketAddress address,
        AdminHandlers handlers,
        AdminLimits limits = {}
    );
    ~AdminServer();  // as close()
    AdminServer(const AdminServer&) = delete;
    AdminServer& operator=(const AdminServer&) = delete;

    /// Binds and starts to serve; once. The address bound (port 0 is allowed), or a sentence for
    /// the operator.
    [[nodiscard]] policy::Result<policy::SocketAddress> listen();
    /// Stops listening and ends all connections at once; no handler is called afterwards.
    void close();

 private:
    struct State;
    // Shared by this object and the coroutines of the open connections, which end after close(),
    // when the io_context runs next.
    std::shared_ptr<State> state_;
};

}  // namespace proxy::control
