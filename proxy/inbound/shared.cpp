#include "proxy/inbound/shared.hpp"

#include "proxy/drain.hpp"
#include "proxy/inbound/http.hpp"
#include "proxy/inbound/labels.hpp"
#include "proxy/inbound/tcp.hpp"
#include "telemetry/tcp_record.hpp"

#include <memory>
#include <utility>

namespace proxy::inbound {

namespace {

/// What a stream has from its connection.
struct StreamFacts {
    std::uint16_t pod_port = 0;
    policy::SocketAddress application;
    bool is_redirected = false;
    std::optional<policy::Identity> peer;
    std::optional<policy::IpAddress> peer_address;
};

io::Awaitable<void> serve_stream(
    InboundContext& context,
    std::unique_ptr<net::mux::Stream> stream,
    std::shared_ptr<const StreamFacts> facts,
    Gate::Pass pass
) {
    [[maybe_unused]] const Gate::Pass held(std::move(pass));
    Connection connection{
        context,
        net::Stream(std::move(stream)),
        net::Buffer(context.worker.configuration.limits.buffer_bytes),
        net::Deadline(context.worker.clock),
        facts->pod_port,
        facts->application,
        facts->is_redirected,
        facts->peer,
        true,
        facts->peer_address
    };
    connection.deadline.watch(&connection.stream.socket());
    if (is_declared_opaque(connection)) {
        co_await serve_tcp(connection);
    } else {
        co_await serve_http(connection);
    }
}

/// Known to the worker, which retires it when it drains.
class Registration {
 public:
    Registration(InboundContext& context, net::mux::Connection& connection)
        : context_(context), connection_(connection) {
        context_.shared.insert(&connection_);
        if (context_.worker.is_draining) {
            connection_.retire();
        }
    }
    Registration(const Registration&) = delete;
    Registration& operator=(const Registration&) = delete;
    ~Registration() { context_.shared.erase(&connection_); }

 private:
    InboundContext& context_;
    net::mux::Connection& connection_;
};

}  // namespace

io::Awaitable<void> serve_shared(Connection& connection) {
    InboundContext& context = connection.context;
    WorkerContext& worker = context.worker;
    telemetry::TcpRecord record(
        worker.sheet, worker.sheet.tcp(tcp_labels(connection, telemetry::PeerLabel::src))
    );
    const auto facts = std::make_shared<const StreamFacts>(StreamFacts{
        connection.pod_port,
        connection.application,
        connection.is_redirected,
        connection.peer,
        connection.peer_address
    });
    net::mux::Owner owner;
    // Asked by the last stream too, which may end after this frame.
    owner.idle_ms_max = [&context] { return context.worker.client_idle_ms_max(); };
    owner.on_traffic = [&record](const net::Traffic& traffic) {
        record.on_bytes(traffic.read_bytes, traffic.written_bytes);
    };
    owner.serve = [&context, facts](std::unique_ptr<net::mux::Stream> stream) {
        auto pass = context.worker.inbound_gate.enter();
        if (!pass.has_value()) {
            return;  // which resets the stream
        }
        context.worker.loop.spawn(serve_stream(context, std::move(stream), facts, std::move(*pass))
        );
    };
    connection.deadline.watch(nullptr);
    const auto shared = std::make_shared<net::mux::Connection>(
        std::move(*connection.stream.tls()),
        net::mux::Role::server,
        worker.clock,
        worker.configuration.limits,
        std::move(owner)
    );
    const Registration registration(context, *shared);
    co_await net::mux::Connection::run(shared);
}

}  // namespace proxy::inbound
