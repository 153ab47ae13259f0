#include "proxy/worker.hpp"

#include "proxy/net/socket.hpp"
#include "proxy/outbound/connection.hpp"

#include <boost/smart_ptr/make_local_shared.hpp>

#include <chrono>
#include <utility>

namespace proxy {

namespace {

/// Peers whose proofs are held against a new trust bundle in one go: 20 ms of the control thread.
constexpr std::size_t k_doubtful_at_once_max = 64;

/// Holds a pass of the worker's gate for as long as the connection lives.
io::Awaitable<void> serve_inbound(
    inbound::InboundContext& context,
    io::Socket socket,
    inbound::ListenerFacts facts,
    Gate::Pass pass
) {
    [[maybe_unused]] const Gate::Pass held(std::move(pass));
    co_await inbound::serve_connection(context, std::move(socket), facts);
}

io::Awaitable<void> serve_outbound(
    WorkerContext& worker, io::Socket socket, std::uint16_t listen_port, Gate::Pass pass
) {
    [[maybe_unused]] const Gate::Pass held(std::move(pass));
    co_await outbound::serve_connection(worker, std::move(socket), listen_port);
}

void count_overload(WorkerContext& worker, telemetry::Direction direction) {
    worker.sheet.on_error(direction, false, to_string(policy::Reason::overloaded));
}

}  // namespace

Worker::Worker(const Configuration& configuration)
    : configuration_(configuration),
      loop_(std::in_place),
      worker_(configuration, *loop_),
      inbound_{worker_, {}} {}

Worker::~Worker() {
    stop();
}

policy::Result<void> Worker::listen(io::Acceptor::Sharing sharing) {
    for (const auto& address : configuration_.inbound_listen) {
        auto opened = listen_inbound(address, "inbound.listen", std::nullopt, sharing);
        if (opened.has_error()) {
            return opened;
        }
    }
    for (const auto& port : configuration_.inbound_ports) {
        auto opened = listen_inbound(port.listen, "inbound.ports", port.application, sharing);
        if (opened.has_error()) {
            return opened;
        }
    }
    for (const auto& address : configuration_.outbound_listen) {
        const auto available = net::available_address(address);
        if (!available.has_value()) {
            continue;
        }
        auto listener = net::Listener::open(*loop_, *available, "outbound.listen", sharing);
        if (listener.has_error()) {
            return listener.error();
        }
        outbound_listeners_.push_back(std::move(*listener));
    }
    return {};
}

policy::Result<void> Worker::listen_inbound(
    const policy::SocketAddress& address,
    std::string_view key,
    std::optional<policy::SocketAddress> application,
    io::Acceptor::Sharing sharing
) {
    const auto available = net::available_address(address);
    if (!available.has_value()) {
        return {};
    }
    auto listener = net::Listener::open(*loop_, *available, key, sharing);
    if (listener.has_error()) {
        return listener.error();
    }
    inbound::ListenerFacts facts;
    facts.pod_port = listener->address().port;
    facts.application = application;
    inbound_listeners_.push_back({std::move(*listener), facts});
    return {};
}

void Worker::start() {
    for (auto& [listener, facts] : inbound_listeners_) {
        accept_inbound(listener, facts);
    }
    for (auto& listener : outbound_listeners_) {
        accept_outbound(listener);
    }
    loop_->spawn(run_ticks());
    thread_ = std::thread([this] { loop_->run(); });
}

void Worker::accept_inbound(net::Listener& listener, inbound::ListenerFacts facts) {
    auto serve = [this, facts](io::Socket socket) {
        auto pass = worker_.inbound_gate.enter();
        if (!pass.has_value()) {
            count_overload(worker_, telemetry::Direction::inbound);
            return;
        }
        loop_->spawn(serve_inbound(inbound_, std::move(socket), facts, std::move(*pass)));
    };
    loop_->spawn(listener.run(std::move(serve)));
}

void Worker::accept_outbound(net::Listener& listener) {
    const std::uint16_t listen_port = listener.address().port;
    auto serve = [this, listen_port](io::Socket socket) {
        auto pass = worker_.outbound_gate.enter();
        if (!pass.has_value()) {
            count_overload(worker_, telemetry::Direction::outbound);
            return;
        }
        loop_->spawn(serve_outbound(worker_, std::move(socket), listen_port, std::move(*pass)));
    };
    loop_->spawn(listener.run(std::move(serve)));
}

void Worker::adopt(
    std::shared_ptr<const policy::Snapshot> snapshot, std::function<void()> adopted
) {
    loop_->post([this, snapshot = std::move(snapshot), adopted = std::move(adopted)]() mutable {
        const policy::Snapshot& present = *snapshot;
        worker_.snapshot = boost::make_local_shared<const std::shared_ptr<const policy::Snapshot>>(
            std::move(snapshot)
        );
        inbound_.live.review(present);
        adopted();
    });
}

void Worker::adopt(std::shared_ptr<const tls::Context> context) {
    loop_->post([this, context = std::move(context)]() mutable {
        if (context != nullptr) {
            generations_.begin(context);
        }
        worker_.tls = std::move(context);
        worker_.pool.begin_generation();
        worker_.shared.begin_generation();
        retire_shared();  // peers come back and see the new identity, and we theirs
    });
}

void Worker::list_doubtful_peers(
    std::shared_ptr<const tls::Material> material,
    std::function<void(std::vector<std::shared_ptr<const tls::Proof>>)> doubtful
) {
    loop_->post([this, material = std::move(material), doubtful = std::move(doubtful)] {
        doubtful(generations_.doubtful(*material, k_doubtful_at_once_max));
    });
}

void Worker::settle_peers(tls::Review review) {
    loop_->post([this, review = std::move(review)] {
        generations_.settle(review, [this](tls::PeerRole role) { count_cut_peer(role); });
    });
}

void Worker::count_cut_peer(tls::PeerRole role) {
    const bool is_client = role == tls::PeerRole::client;
    worker_.sheet.on_error(
        is_client ? telemetry::Direction::inbound : telemetry::Direction::outbound,
        false,
        to_string(policy::Reason::peer_untrusted)
    );
}

void Worker::collect(std::function<void(std::shared_ptr<const telemetry::Sheet::Numbers>)> done) {
    loop_->post([this, done = std::move(done)] { done(worker_.sheet.copy()); });
}

void Worker::drain() {
    loop_->post([this] {
        worker_.begin_drain();
        retire_shared();
    });
}

void Worker::retire_shared() {
    for (net::mux::Connection* const connection : inbound_.shared) {
        connection->retire();
    }
}

void Worker::count_connections(std::function<void(std::size_t)> done) {
    loop_->post([this, done = std::move(done)] {
        done(worker_.inbound_gate.count() + worker_.outbound_gate.count());
    });
}

void Worker::stop() {
    if (!loop_.has_value()) {
        return;
    }
    loop_->stop();
    if (thread_.joinable()) {
        thread_.join();
    }
    inbound_listeners_.clear();
    outbound_listeners_.clear();
    worker_.pool.shut();
    worker_.shared.shut();
    loop_.reset();  // destroys the frames of all connections, which still use worker_
}

io::Awaitable<void> Worker::run_ticks() {
    while (true) {
        co_await worker_.loop.sleep(std::chrono::milliseconds(net::DeadlineClock::k_tick_ms));
        const auto now = std::chrono::steady_clock::now();
        worker_.clock.tick(now);
        worker_.pool.prune(now);
        const auto today = std::chrono::system_clock::now();
        worker_.shared.prune(today);
        generations_.expire(today, [this](tls::PeerRole role) { count_cut_peer(role); });
    }
}

}  // namespace proxy
