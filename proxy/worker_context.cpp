#include "proxy/worker_context.hpp"

#include "proxy/net/socket.hpp"

#include <chrono>
#include <random>
#include <utility>

namespace proxy {

namespace {

/// While draining, a client gets this much longer than pools of our own kind keep an idle
/// connection: they close first, and no request crosses our FIN.
constexpr std::uint32_t k_draining_margin_ms = 500;

std::uint64_t random_seed() {
    std::random_device device;
    return (std::uint64_t{device()} << 32) | device();
}

std::chrono::steady_clock::time_point steady_time_of(
    std::chrono::steady_clock::time_point now, std::chrono::system_clock::time_point time
) {
    return time == std::chrono::system_clock::time_point::max()
               ? std::chrono::steady_clock::time_point::max()
               : now + (time - std::chrono::system_clock::now());
}

}  // namespace

WorkerContext::WorkerContext(
    const Configuration& configuration_of_process, io::Loop& loop_of_worker
)
    : configuration(configuration_of_process),
      loop(loop_of_worker),
      inbound_gate(configuration.limits.connections_max),
      outbound_gate(configuration.limits.connections_max),
      sheet(configuration.limits.label_sets_max),
      memories(configuration.limits),
      pool(configuration.limits, clock),
      turns(random_seed()),
      balancer(random_seed()),
      local_addresses(net::local_addresses()) {}

upstream::ConnectEnvironment WorkerContext::connect_environment() {
    return upstream::ConnectEnvironment{loop, clock, configuration.limits, handshake_failures, tls};
}

std::uint32_t WorkerContext::client_idle_ms_max() const {
    const Limits& limits = configuration.limits;
    return is_draining ? limits.upstream_idle_ms_max + k_draining_margin_ms
                       : limits.client_idle_ms_max;
}

void WorkerContext::begin_drain() {
    is_draining = true;
    clock.shorten(Reason::head_timeout, client_idle_ms_max());
}

io::Awaitable<Result<upstream::Lease>> open(
    WorkerContext& worker, upstream::PlacePin place, telemetry::TcpSeries& series
) {
    const auto environment = worker.connect_environment();
    const std::uint64_t generation = worker.pool.generation();
    auto stream = co_await worker.shared.connect(environment, place->target, worker.sheet, series);
    if (stream.has_error()) {
        co_return stream.error();
    }
    const auto retire_at = stream->retire_at();
    auto connection = std::make_unique<upstream::Connection>(
        std::move(*stream), worker.clock, worker.configuration.limits, worker.sheet, series
    );
    connection->generation = generation;
    connection->retire_at = steady_time_of(worker.clock.now(), retire_at);
    co_return upstream::Lease(worker.pool, std::move(place), std::move(connection));
}

}  // namespace proxy
