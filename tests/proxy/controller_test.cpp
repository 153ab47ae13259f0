// The whole sidecar in one process, with threads: what TSan looks at.
#include "proxy/control/controller.hpp"

#include "io/loop.hpp"
#include "proxy/net/socket.hpp"
#include "tests/tls/certificate_recipe.hpp"
#include "tls/stream.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <gtest/gtest.h>

#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <initializer_list>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace proxy::control {
namespace {

namespace fs = std::filesystem;
using boost::asio::ip::tcp;
using tls::testing::value_of;

constexpr const char* k_allow_all = R"(
apiVersion: specs.smi-spec.io/v1alpha4
kind: TCPRoute
metadata: {name: all}
spec: {matches: {ports: []}}
)";

/// Answers every connection's first request with 200 and closes.
class Application {
 public:
    Application() : acceptor_(context_, tcp::endpoint(tcp::v4(), 0)), thread_([this] { run(); }) {}
    ~Application() {
        // A last connection wakes the accept.
        is_over_ = true;
        boost::system::error_code ignored;
        tcp::socket(context_).connect(acceptor_.local_endpoint(), ignored);
        thread_.join();
    }
    [[nodiscard]] std::uint16_t port() const { return acceptor_.local_endpoint().port(); }

 private:
    void run() {
        while (!is_over_) {
            boost::system::error_code error;
            tcp::socket socket(context_);
            acceptor_.accept(socket, error);
            char head[4096];
            socket.read_some(boost::asio::buffer(head), error);
            const std::string answer =
                "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok";
            boost::asio::write(socket, boost::asio::buffer(answer), error);
        }
    }

    boost::asio::io_context context_;
    tcp::acceptor acceptor_;
    std::atomic<bool> is_over_ = false;
    std::thread thread_;
};

class ControllerTest : public ::testing::Test {
 protected:
    ControllerTest() {
        std::string name = (fs::temp_directory_path() / "smilax-test-XXXXXX").string();
        directory_ = ::mkdtemp(name.data());
        configuration_.workload.service_account = "pay";
        configuration_.identity.source = IdentitySourceKind::none;
        configuration_.policy.mtls = policy::MtlsMode::permissive;
        configuration_.policy.access = policy::AccessMode::off;
        configuration_.resource_directories = {directory_.string()};
        configuration_.workers = 2;
        configuration_.admin_listen = loopback(free_port());
        InboundPort port;
        port.listen = loopback(free_port());
        port.application = loopback(application_.port());
        configuration_.inbound_ports = {port};
    }
    ~ControllerTest() override { fs::remove_all(directory_); }

    static policy::SocketAddress loopback(std::uint16_t port) {
        return *policy::parse_socket_address("127.0.0.1:" + std::to_string(port));
    }
    /// A port that nobody has now: several workers share one, so it cannot be 0.
    static std::uint16_t free_port() {
        boost::asio::io_context context;
        return tcp::acceptor(context, tcp::endpoint(tcp::v4(), 0)).local_endpoint().port();
    }

    /// Sends a request and returns all that comes back until the other side closes.
    static std::string ask(const policy::SocketAddress& address, const std::string& path) {
        boost::asio::io_context context;
        boost::system::error_code error;
        tcp::socket socket(context);
        socket.connect(tcp::endpoint(boost::asio::ip::address_v4::loopback(), address.port), error);
        const std::string request =
            "GET " + path + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
        boost::asio::write(socket, boost::asio::buffer(request), error);
        std::string answer;
        boost::asio::read(socket, boost::asio::dynamic_buffer(answer), error);
        return answer;
    }

    Application application_;
    fs::path directory_;
    Configuration configuration_;
};

TEST_F(ControllerTest, ServesReloadsAndIsScrapedFromManyThreadsThenDrains) {
    Controller controller(configuration_);
    const auto started = controller.start();
    ASSERT_TRUE(started.has_value()) << started.error();
    std::thread control([&controller] { controller.run(); });
    const policy::SocketAddress inbound = configuration_.inbound_ports.front().listen;
    const policy::SocketAddress admin = *configuration_.admin_listen;

    std::atomic<int> served = 0;
    std::vector<std::thread> clients;
    for (int client = 0; client < 3; ++client) {
        clients.emplace_back([&served, inbound] {
            for (int i = 0; i < 20; ++i) {
                served += ask(inbound, "/").find("200 OK") != std::string::npos ? 1 : 0;
            }
        });
    }
    for (int i = 0; i < 20; ++i) {
        std::ofstream(directory_ / "policy.yaml") << k_allow_all << "# " << i << '\n';
        EXPECT_NE(ask(admin, "/metrics").find("process_start_time_seconds"), std::string::npos);
    }
    for (std::thread& client : clients) {
        client.join();
    }
    EXPECT_EQ(served, 60);
    EXPECT_NE(ask(admin, "/ready").find("200"), std::string::npos);
    EXPECT_NE(
        ask(admin, "/metrics").find("response_total{namespace=\"default\""), std::string::npos
    );

    ASSERT_EQ(std::raise(SIGTERM), 0);
    control.join();
    EXPECT_TRUE(ask(inbound, "/").empty()) << "nobody listens any more";
}

/// Connects with TLS as web, says nothing, and returns when the other side has closed.
io::Awaitable<void> hold(
    io::Loop& loop,
    std::shared_ptr<const tls::Context> web,
    policy::SocketAddress address,
    std::size_t& joined
) {
    io::Socket socket(loop);
    const io::Error refused = co_await socket.connect(net::to_endpoint(address), std::nullopt);
    EXPECT_FALSE(refused) << refused.message();
    tls::Stream stream(std::move(socket));
    const policy::Identity pay = tls::testing::identity("default", "pay");
    const auto peer = co_await stream.connect(web, tls::Alpn::tcp, pay);
    EXPECT_TRUE(peer.has_value()) << peer.error();
    ++joined;
    std::array<char, 100> nothing;
    const auto end = co_await stream.read_some(boost::asio::buffer(nothing));
    EXPECT_TRUE(end.error) << "nothing was to come";
}

/// A sidecar whose trust bundle changes, and peers that hold connections to it.
class TrustChanges : public ControllerTest {
 protected:
    using Authority = tls::Authority;

    TrustChanges() {
        const auto pay = value_of(stays_.issue(tls::testing::identity("default", "pay")));
        configuration_.identity.source = IdentitySourceKind::files;
        configuration_.identity.certificate = write("pay.crt", pay.certificate);
        configuration_.identity.key = write("pay.key", pay.key);
        configuration_.identity.trust_bundle = trust({&stays_, &goes_});
        configuration_.limits.drain_ms_max = 100;  // nobody lets go
    }

    std::string write(const char* name, const std::string& text) {
        std::ofstream(directory_ / "draft") << text;
        fs::rename(directory_ / "draft", directory_ / name);
        return (directory_ / name).string();
    }
    std::string trust(std::initializer_list<const Authority*> authorities) {
        std::string roots;
        for (const Authority* authority : authorities) {
            roots += authority->root().certificate;
        }
        return write("bundle.crt", roots);
    }
    /// So many peers, each with a certificate of its own.
    void connect(const Authority& issuer, std::size_t count) {
        const std::size_t before = loop_.running();
        const std::string both = stays_.root().certificate + goes_.root().certificate;
        for (std::size_t i = 0; i < count; ++i) {
            const auto web = value_of(issuer.issue(tls::testing::identity("default", "web")));
            const auto material = value_of(tls::parse_material(
                tls::testing::pem_text(web, both), tls::Naming(tls::testing::k_trust_domain)
            ));
            loop_.spawn(hold(
                loop_,
                value_of(tls::make_context(material)),
                configuration_.inbound_ports.front().listen,
                joined_
            ));
        }
        const std::size_t all = joined_ + count;
        while (joined_ < all && loop_.running() == before + count) {
            loop_.run_once(std::chrono::seconds(1));
        }
        EXPECT_EQ(joined_, all) << "one was refused";
    }
    [[nodiscard]] bool has_metric(const std::string& line) const {
        return ask(*configuration_.admin_listen, "/metrics").find(line) != std::string::npos;
    }

    Authority stays_ = value_of(Authority::make(tls::testing::k_trust_domain));
    Authority goes_ = value_of(Authority::make(tls::testing::k_trust_domain));
    Authority comes_ = value_of(Authority::make(tls::testing::k_trust_domain));
    io::Loop loop_;
    std::size_t joined_ = 0;
};

TEST_F(TrustChanges, CloseTheConnectionsOfACaThatGoesAmongManyThatStay) {
    Controller controller(configuration_);
    const auto started = controller.start();
    ASSERT_TRUE(started.has_value()) << started.error();
    std::thread control([&controller] { controller.run(); });
    connect(stays_, 150);  // more than are judged in one go, before those that will be cut
    connect(goes_, 4);
    trust({&stays_, &goes_, &comes_});
    while (!has_metric("identity_cert_refreshes_total{namespace=\"default\"} 1\n")) {
        loop_.run_once(std::chrono::milliseconds(1));
    }
    trust({&stays_, &comes_});  // while the first change may still be looked at
    while (loop_.running() > 150) {
        loop_.run_once(std::chrono::seconds(1));
    }
    EXPECT_TRUE(has_metric("error=\"peer_untrusted\"} 4\n"));
    ASSERT_EQ(std::raise(SIGTERM), 0);
    control.join();
}

TEST_F(ControllerTest, BusyPortIsOneClearSentenceEvenForSharedPorts) {
    boost::asio::io_context context;
    tcp::acceptor busy(context, tcp::endpoint(tcp::v4(), 0));
    configuration_.inbound_ports.front().listen = loopback(busy.local_endpoint().port());
    Controller controller(configuration_);
    const auto started = controller.start();
    ASSERT_TRUE(started.has_error());
    EXPECT_NE(started.error().find("inbound.ports"), std::string::npos);
    EXPECT_NE(started.error().find("another process uses it"), std::string::npos);
}

TEST_F(ControllerTest, SecondSidecarCannotJoinThePortsOfTheFirst) {
    Controller first(configuration_);
    ASSERT_TRUE(first.start().has_value());
    Controller second(configuration_);
    EXPECT_TRUE(second.start().has_error());
}

}  // namespace
}  // namespace proxy::control
