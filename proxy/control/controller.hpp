// The control thread: resources, identity, admin port, signals. Compiles, publishes, drains.
#pragma once

#include "policy/compile.hpp"
#include "policy/inventory.hpp"
#include "policy/result.hpp"
#include "proxy/configuration.hpp"
#include "proxy/control/admin_server.hpp"
#include "proxy/control/heap_keeper.hpp"
#include "proxy/control/identity_keeper.hpp"
#include "proxy/control/peer_review.hpp"
#include "proxy/control/resource_source.hpp"
#include "proxy/worker.hpp"
#include "telemetry/collector.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace proxy::control {

/// Lives on the main thread for the life of `smilax proxy`; `configuration` outlives it.
class Controller {
 public:
    explicit Controller(const Configuration& configuration);
    ~Controller();
    Controller(const Controller&) = delete;
    Controller& operator=(const Controller&) = delete;

    /// Loads identity and resources, opens every port, starts the workers. On failure nothing
    /// runs; the error is a sentence for the operator.
    [[nodiscard]] policy::Result<void> start();
    /// Runs until SIGTERM or SIGINT, then drains; a second signal ends it at once.
    void run();

 private:
    [[nodiscard]] policy::Result<void> open_listeners();
    [[nodiscard]] policy::Result<void> publish_identity(
        const std::shared_ptr<const tls::Material>& material
    );
    void on_resources(const std::vector<ResourceChange>& changes);
    void publish_snapshot();
    void report_new_problems();
    [[nodiscard]] AdminHandlers admin_handlers();
    [[nodiscard]] std::pair<bool, std::string> readiness() const;
    [[nodiscard]] std::vector<policy::Problem> problems() const;
    [[nodiscard]] telemetry::ProcessFacts process_facts() const;
    [[nodiscard]] aio::Awaitable<std::string> render();
    void schedule_tick();
    void keep_heap();
    /// Hands the count of all live client connections to `counted`, on this thread.
    void count_connections(std::function<void(std::size_t)> counted);
    void await_signal();
    void begin_drain();
    void check_drained();
    void log_start() const;

    const Configuration& configuration_;
    boost::asio::io_context context_;
    boost::asio::signal_set signals_;
    boost::asio::steady_timer tick_timer_;
    boost::asio::steady_timer drain_timer_;
    IdentityKeeper identity_;
    HeapKeeper heap_;
    std::vector<std::unique_ptr<ResourceSource>> resource_sources_;
    policy::Inventory inventory_;
    policy::Compiler compiler_;
    policy::Compiled compiled_;
    std::set<std::string> reported_problems_;
    std::uint64_t generation_ = 0;
    std::uint64_t resource_errors_total_ = 0;
    std::size_t workers_adopted_ = 0;  // of the first snapshot
    std::vector<std::unique_ptr<Worker>> workers_;
    PeerReview peer_review_{context_.get_executor(), workers_};
    std::unique_ptr<AdminServer> admin_;
    std::string admin_address_;
    std::chrono::system_clock::time_point start_time_ = std::chrono::system_clock::now();
    std::chrono::steady_clock::time_point drain_deadline_{};
    int quiet_checks_ = 0;
    bool is_draining_ = false;
};

}  // namespace proxy::control
