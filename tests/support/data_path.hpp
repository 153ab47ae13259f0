// A worker's context without a worker: one thread, real loopback sockets, no waiting for time.
#pragma once

#include "io/acceptor.hpp"
#include "policy/compile.hpp"
#include "policy/inventory.hpp"
#include "proxy/net/socket.hpp"
#include "proxy/worker_context.hpp"
#include "telemetry/collector.hpp"
#include "tests/support/socket_pair.hpp"

#include <boost/smart_ptr/make_local_shared.hpp>
#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <functional>
#include <memory>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace proxy::test {

/// One end of a connection in the hands of the test: everything it receives is collected.
class Peer {
 public:
    explicit Peer(io::Socket socket)
        : connection_(std::make_shared<Connection>(std::move(socket))) {
        connection_->socket.loop().spawn(read(connection_));
    }
    ~Peer() { close(); }
    Peer(const Peer&) = delete;
    Peer& operator=(const Peer&) = delete;

    /// What does not fit into the socket's buffer follows as the loop runs: send no more until the
    /// other side has it.
    void send(std::string_view text) {
        const boost::asio::const_buffer piece = boost::asio::buffer(text);
        const auto sent = connection_->socket.try_write({&piece, 1}, 0);
        const std::size_t done = sent.has_value() ? sent->bytes : 0;
        if (done < text.size()) {
            connection_->socket.loop().spawn(write(connection_, std::string(text.substr(done))));
        }
    }
    void finish() {
        const auto error = connection_->socket.shutdown_send();
        EXPECT_FALSE(error) << error.message();
    }
    void close() { connection_->socket.close(); }
    void reset() { connection_->socket.abort(); }
    [[nodiscard]] bool has(std::string_view text) const {
        return received.find(text) != std::string::npos;
    }

 private:
    /// Kept by the coroutines too: they may end after the test has let go of its end.
    struct Connection {
        explicit Connection(io::Socket connected) : socket(std::move(connected)) {}
        io::Socket socket;
        std::string received;
        bool is_at_end = false;
        io::Error end;
    };

    static io::Awaitable<void> write(std::shared_ptr<Connection> connection, std::string text) {
        const std::array<boost::asio::const_buffer, 1> pieces{boost::asio::buffer(text)};
        [[maybe_unused]] const auto written = co_await connection->socket.write(pieces);
    }
    static io::Awaitable<void> read(std::shared_ptr<Connection> connection) {
        std::vector<char> block(16 * 1024);
        while (!connection->is_at_end) {
            const auto got = co_await connection->socket.read_some(boost::asio::buffer(block));
            connection->received.append(block.data(), got.bytes);
            connection->is_at_end = static_cast<bool>(got.error);
            connection->end = got.error;
        }
    }

    std::shared_ptr<Connection> connection_;

 public:
    std::string& received = connection_->received;
    bool& is_at_end = connection_->is_at_end;  // FIN or reset: `end` tells
    io::Error& end = connection_->end;
};

/// A listening application or upstream: accepts everything, answers only what the test says.
class Application {
 public:
    explicit Application(io::Loop& loop) : acceptor_(loop) {
        io::Error error = acceptor_.listen(
            io::Endpoint(boost::asio::ip::address_v4::loopback(), 0),
            io::Acceptor::Sharing::exclusive
        );
        EXPECT_FALSE(error) << error.message();
        address_ = net::from_endpoint(acceptor_.local_endpoint(error));
        loop.spawn(accept());
    }

    [[nodiscard]] policy::SocketAddress address() const { return address_; }
    /// Nobody listens there any more; accepted connections stay.
    void stop_listening() { acceptor_.close(); }

    std::vector<std::unique_ptr<Peer>> connections;

 private:
    io::Awaitable<void> accept() {
        while (true) {
            auto accepted = co_await acceptor_.accept();
            if (accepted.error) {
                co_return;
            }
            connections.push_back(std::make_unique<Peer>(std::move(*accepted.socket)));
        }
    }

    io::Acceptor acceptor_;
    policy::SocketAddress address_;
};

class DataPath : public ::testing::Test {
 protected:
    DataPath() {
        configuration.workload.name_space = "shop";
        configuration.workload.service_account = "pay";
        configuration.identity.source = IdentitySourceKind::none;
        configuration.policy.mtls = policy::MtlsMode::permissive;
    }

    /// Compiles `manifests` and puts them in force. Call after the configuration is set.
    void adopt(const std::string& manifests) {
        policy::Inventory inventory(configuration.workload.name_space);
        EXPECT_TRUE(inventory.replace_file("test.yaml", manifests));
        auto compiled =
            policy::compile(inventory, configuration.workload, configuration.policy, ++generation_);
        worker().snapshot = boost::make_local_shared<const std::shared_ptr<const policy::Snapshot>>(
            std::move(compiled.snapshot)
        );
    }

    WorkerContext& worker() {
        if (!worker_) {
            worker_ = std::make_unique<WorkerContext>(configuration, loop);
        }
        return *worker_;
    }

    /// A connected pair: the test's end and the end to be served.
    std::pair<std::unique_ptr<Peer>, io::Socket> connect() {
        auto [ours, served] = io::test::connected_pair(loop);
        return {std::make_unique<Peer>(std::move(ours)), std::move(served)};
    }

    /// Runs the loop until `is_done`; fails the test after ten seconds.
    void until(const std::function<bool()>& is_done, std::string_view what) {
        const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
        while (!is_done()) {
            ASSERT_LT(std::chrono::steady_clock::now(), deadline) << "waited for " << what;
            loop.run_once(std::chrono::milliseconds(100));
        }
    }

    /// The sample of `family` as /metrics shows it, several one per line; "" when there is none.
    std::string metric(const std::string& family) {
        const std::vector sheets{worker().sheet.copy()};
        const std::string text = telemetry::render_metrics(sheets, telemetry::ProcessFacts{});
        std::istringstream lines(text);
        std::string found;
        for (std::string line; std::getline(lines, line);) {
            if (line.starts_with(family + "{") || line.starts_with(family + " ")) {
                found += (found.empty() ? "" : "\n") + line;
            }
        }
        return found;
    }

    /// Runs the loop as long as there is something to do.
    void settle() {
        while (loop.run_once(std::chrono::milliseconds(0))) {
        }
    }

    /// Time passes for deadlines and pools, as far as the worker's tick is concerned.
    void pass_time(std::chrono::milliseconds time) {
        const auto now = std::chrono::steady_clock::now() + time;
        worker().clock.tick(now);
        worker().pool.prune(now);
    }

    void TearDown() override {
        if (worker_) {
            worker_->pool.shut();
        }
    }

    Configuration configuration;
    // The frames of connections die with the loop, before the worker that they use.
    std::unique_ptr<WorkerContext> worker_;
    io::Loop loop;

 private:
    std::uint64_t generation_ = 0;
};

/// A Service `name` in namespace shop with one endpoint at `address`; `extra` goes into its slice's
/// annotations.
inline std::string service_at(const std::string& name, const policy::SocketAddress& address) {
    const std::string port = std::to_string(address.port);
    return "---\napiVersion: v1\nkind: Service\nmetadata: {name: " + name +
           "}\nspec: {clusterIP: None, ports: [{port: 80, targetPort: " + port +
           "}]}\n---\napiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\nmetadata: {name: " +
           name + "-1, labels: {kubernetes.io/service-name: " + name +
           "}}\naddressType: IPv4\nports: [{port: " + port + "}]\nendpoints: [{addresses: [" +
           address.ip.text() + "]}]\n";
}

}  // namespace proxy::test
