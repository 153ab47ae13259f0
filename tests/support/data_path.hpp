// A worker's context without a worker: one thread, real loopback sockets, no waiting for time.
#pragma once

#include "policy/compile.hpp"
#include "policy/inventory.hpp"
#include "proxy/net/socket.hpp"
#include "proxy/net/spawn.hpp"
#include "proxy/worker_context.hpp"
#include "telemetry/collector.hpp"
#include "tls/io.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/write.hpp>
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
    explicit Peer(io::Socket socket) : socket_(std::move(socket)) { read(); }

    /// What does not fit into the socket's buffer follows as the context runs: send no more until
    /// the other side has it.
    void send(std::string_view text) {
        auto bytes = std::make_shared<std::string>(text);
        boost::asio::async_write(
            socket_, boost::asio::buffer(*bytes), [bytes](const io::Error&, std::size_t) {}
        );
    }
    void finish() {
        io::Error ignored;
        socket_.shutdown(boost::asio::socket_base::shutdown_send, ignored);
    }
    void close() {
        io::Error ignored;
        socket_.close(ignored);
    }
    void reset() {
        io::Error ignored;
        socket_.set_option(boost::asio::socket_base::linger(true, 0), ignored);
        socket_.close(ignored);
    }
    [[nodiscard]] bool has(std::string_view text) const {
        return received.find(text) != std::string::npos;
    }

    std::string received;
    bool is_at_end = false;  // FIN or reset: `end` tells
    io::Error end;

 private:
    void read() {
        socket_.async_read_some(
            boost::asio::buffer(block_),
            [this](const io::Error& error, std::size_t bytes) {
                if (error == boost::asio::error::operation_aborted) {
                    return;  // this may be gone
                }
                received.append(block_.data(), bytes);
                is_at_end = static_cast<bool>(error);
                end = error;
                if (!error) {
                    read();
                }
            }
        );
    }

    io::Socket socket_;
    std::array<char, 16 * 1024> block_{};
};

/// A listening application or upstream: accepts everything, answers only what the test says.
class Application {
 public:
    explicit Application(boost::asio::io_context& context)
        : acceptor_(
              context.get_executor(), io::Endpoint(boost::asio::ip::address_v4::loopback(), 0)
          ),
          address_(net::from_endpoint(acceptor_.local_endpoint())) {
        accept();
    }

    [[nodiscard]] policy::SocketAddress address() const { return address_; }
    /// Nobody listens there any more; accepted connections stay.
    void stop_listening() { acceptor_.close(); }

    std::vector<std::unique_ptr<Peer>> connections;

 private:
    void accept() {
        acceptor_.async_accept([this](const io::Error& error, io::Socket socket) {
            if (!error) {
                connections.push_back(std::make_unique<Peer>(std::move(socket)));
                accept();
            }
        });
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
        configuration.mtls = MtlsMode::permissive;
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
            worker_ = std::make_unique<WorkerContext>(configuration, context.get_executor());
        }
        return *worker_;
    }

    /// A connected pair: the test's end and the end to be served.
    std::pair<std::unique_ptr<Peer>, io::Socket> connect() {
        io::Acceptor acceptor(
            context.get_executor(), io::Endpoint(boost::asio::ip::address_v4::loopback(), 0)
        );
        io::Socket ours(context.get_executor());
        ours.connect(acceptor.local_endpoint());
        io::Socket served = acceptor.accept();
        return {std::make_unique<Peer>(std::move(ours)), std::move(served)};
    }

    /// Runs the context until `is_done`; fails the test after ten seconds.
    void until(const std::function<bool()>& is_done, std::string_view what) {
        const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
        while (!is_done()) {
            ASSERT_LT(std::chrono::steady_clock::now(), deadline) << "waited for " << what;
            context.restart();
            context.run_one_for(std::chrono::milliseconds(100));
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
        context.stop();
    }

    Configuration configuration;
    // The frames of connections die with the context, before the worker that they use.
    std::unique_ptr<WorkerContext> worker_;
    boost::asio::io_context context{1};

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
