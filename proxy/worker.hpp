// One thread with its own connections, pools and numbers. Others reach it by post() only.
#pragma once

#include "policy/result.hpp"
#include "policy/snapshot.hpp"
#include "proxy/configuration.hpp"
#include "proxy/inbound/connection.hpp"
#include "proxy/net/listener.hpp"
#include "proxy/worker_context.hpp"
#include "telemetry/sheet.hpp"
#include "tls/context.hpp"
#include "tls/generations.hpp"

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace proxy {

/// Owned by the controller, which calls everything here from the control thread. Callbacks run on
/// this worker's thread: they post back.
class Worker {
 public:
    explicit Worker(const Configuration& configuration);
    ~Worker();
    Worker(const Worker&) = delete;
    Worker& operator=(const Worker&) = delete;

    /// Opens all listeners; before start(). The error is a sentence for the operator.
    [[nodiscard]] policy::Result<void> listen(io::Acceptor::Sharing sharing);
    /// Begins to accept, on a thread of its own.
    void start();
    /// The next requests are judged by `snapshot`; live connections are judged again now.
    void adopt(std::shared_ptr<const policy::Snapshot> snapshot, std::function<void()> adopted);
    /// The next handshakes use `context`; pooled connections of the old identity are closed, and
    /// shared ones end with what is under way in them.
    void adopt(std::shared_ptr<const tls::Context> context);
    /// Hands the proofs of live connections to `doubtful` that were not held against the trust
    /// bundles of `material` yet, a few at a time; none when there are none any more.
    void list_doubtful_peers(
        std::shared_ptr<const tls::Material> material,
        std::function<void(std::vector<std::shared_ptr<const tls::Proof>>)> doubtful
    );
    /// Closes the connections whose peer's proof failed.
    void settle_peers(tls::Review review);
    /// Hands a copy of this worker's numbers to `done`.
    void collect(std::function<void(std::shared_ptr<const telemetry::Sheet::Numbers>)> done);
    /// Answers with `Connection: close` from now on; new connections are still served.
    void drain();
    /// Hands the count of live client connections to `done`.
    void count_connections(std::function<void(std::size_t)> done);
    /// Closes everything and ends the thread.
    void stop();

 private:
    [[nodiscard]] policy::Result<void> listen_inbound(
        const policy::SocketAddress& address,
        std::string_view key,
        std::optional<policy::SocketAddress> application,
        io::Acceptor::Sharing sharing
    );
    void accept_inbound(net::Listener& listener, inbound::ListenerFacts facts);
    void accept_outbound(net::Listener& listener);
    void count_cut_peer(tls::PeerRole role);
    /// Peers open no more streams on the connections that they have.
    void retire_shared();
    [[nodiscard]] io::Awaitable<void> run_ticks();

    const Configuration& configuration_;
    std::optional<io::Loop> loop_;  // reset by stop(): the frames in it die first
    WorkerContext worker_;
    tls::Generations generations_;
    inbound::InboundContext inbound_;
    struct InboundListener {
        net::Listener listener;
        inbound::ListenerFacts facts;
    };
    std::vector<InboundListener> inbound_listeners_;
    std::vector<net::Listener> outbound_listeners_;
    std::thread thread_;
};

}  // namespace proxy
