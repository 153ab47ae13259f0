#include "proxy/control/admin_server.hpp"

#include "proxy/net/socket.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sys/socket.h>
#include <sys/time.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace proxy::control {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

const policy::SocketAddress k_loopback = *policy::parse_socket_address("127.0.0.1:0");

/// A blocking connection to the server; every wait ends after five seconds.
class Client {
 public:
    explicit Client(const policy::SocketAddress& server) : socket_(context_.get_executor()) {
        boost::system::error_code error;
        socket_.connect(net::to_endpoint(server), error);
        is_connected_ = !error;
        const timeval wait{5, 0};
        setsockopt(socket_.native_handle(), SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
    }

    [[nodiscard]] bool is_connected() const { return is_connected_; }
    void send(std::string_view bytes) {
        boost::system::error_code ignored;
        boost::asio::write(socket_, boost::asio::buffer(bytes), ignored);
    }
    /// Everything until the server closes.
    std::string receive_all() {
        std::string text;
        boost::system::error_code error;
        boost::asio::read(socket_, boost::asio::dynamic_buffer(text), error);
        ended_ = error == boost::asio::error::eof || error == boost::asio::error::connection_reset;
        return text;
    }
    /// Exactly so many bytes, fewer when the server closes.
    std::string receive(std::size_t size) {
        std::string text(size, '\0');
        boost::system::error_code error;
        text.resize(boost::asio::read(socket_, boost::asio::buffer(text), error));
        return text;
    }
    /// True when the last receive_all() ended because the server closed, not because of the wait.
    [[nodiscard]] bool was_closed() const { return ended_; }

 private:
    boost::asio::io_context context_;
    boost::asio::basic_stream_socket<boost::asio::ip::tcp, aio::Executor> socket_;
    bool is_connected_ = false;
    bool ended_ = false;
};

/// The server on a thread of its own, with answers that a test may change before start().
class AdminServerTest : public testing::Test {
 protected:
    AdminServerTest() {
        handlers_.metrics = [this]() { return metrics(*this); };
        handlers_.is_ready = [this]() {
            ++calls_;
            return ready_;
        };
        handlers_.snapshot_json = [this]() {
            ++calls_;
            return snapshot_;
        };
        handlers_.problems = [this]() { return problems_; };
        handlers_.generation = [this]() { return generation_; };
        handlers_.snapshot = [this]() {
            ++calls_;
            return std::shared_ptr<const policy::Snapshot>();
        };
    }
    ~AdminServerTest() override { stop(); }

    static aio::Awaitable<std::string> metrics(AdminServerTest& test) {
        ++test.calls_;
        const auto executor = co_await boost::asio::this_coro::executor;
        boost::asio::steady_timer timer(executor, test.metrics_take_);
        co_await timer.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable_t<aio::Executor>(
        )));
        co_return test.metrics_;
    }

    void start() {
        server_ = std::make_unique<AdminServer>(context_, k_loopback, handlers_, limits_);
        const auto bound = server_->listen();
        ASSERT_TRUE(bound) << bound.error();
        address_ = *bound;
        thread_ = std::thread([this] { context_.run(); });
    }
    void stop() {
        if (thread_.joinable()) {
            boost::asio::post(context_, [this] { server_->close(); });
            thread_.join();
        }
    }
    std::string ask(const std::string& request) {
        Client client(address_);
        client.send(request);
        const std::string answer = client.receive_all();
        EXPECT_TRUE(client.was_closed());
        return answer;
    }
    std::string get(const std::string& path) {
        return ask("GET " + path + " HTTP/1.1\r\nHost: admin\r\nConnection: close\r\n\r\n");
    }

    boost::asio::io_context context_{1};
    AdminHandlers handlers_;
    AdminLimits limits_;
    std::pair<bool, std::string> ready_{true, ""};
    std::string metrics_ = "request_total 1\n";
    std::chrono::milliseconds metrics_take_{0};
    std::string snapshot_ = R"({"rules":[]})";
    std::vector<policy::Problem> problems_;
    std::uint64_t generation_ = 12;
    std::atomic<int> calls_ = 0;
    std::unique_ptr<AdminServer> server_;
    policy::SocketAddress address_;
    std::thread thread_;
};

std::string body_of(const std::string& answer) {
    return answer.substr(std::min(answer.find("\r\n\r\n") + 4, answer.size()));
}

TEST_F(AdminServerTest, IsLiveWhileItRuns) {
    start();
    const std::string answer = get("/live");
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 OK\r\n"));
    EXPECT_EQ(body_of(answer), "live\n");
}

TEST_F(AdminServerTest, SaysThatItIsReady) {
    start();
    const std::string answer = get("/ready");
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 OK\r\n"));
    EXPECT_EQ(body_of(answer), "ready\n");
}

TEST_F(AdminServerTest, SaysWhatIsMissingWhenNotReady) {
    ready_ = {false, "no certificate could be loaded yet"};
    start();
    const std::string answer = get("/ready");
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 503 Service Unavailable\r\n"));
    EXPECT_EQ(body_of(answer), "not ready: no certificate could be loaded yet\n");
}

TEST_F(AdminServerTest, GivesPrometheusItsText) {
    metrics_take_ = std::chrono::milliseconds(5);
    start();
    const std::string answer = get("/metrics");
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 OK\r\n"));
    EXPECT_THAT(
        answer, HasSubstr("\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\n")
    );
    EXPECT_EQ(body_of(answer), "request_total 1\n");
}

TEST_F(AdminServerTest, ShowsTheSnapshotAndItsProblems) {
    policy::Problem problem;
    problem.severity = policy::Severity::warning;
    problem.origin = {"a \"b\".yaml", 3, 5};
    problem.object = "TrafficTarget shop/pay";
    problem.code = "unresolved_reference";
    problem.message = "there is no HTTPRouteGroup shop/<script>";
    problems_.push_back(problem);
    start();
    const std::string answer = get("/snapshot");
    EXPECT_THAT(answer, HasSubstr("\r\nContent-Type: application/json\r\n"));
    EXPECT_THAT(answer, HasSubstr("\r\nX-Content-Type-Options: nosniff\r\n"));
    EXPECT_EQ(
        boost::json::parse(body_of(answer)),
        boost::json::parse(R"({"generation":12,"snapshot":{"rules":[]},"problems":[{
            "severity":"warning","file":"a \"b\".yaml","line":3,"column":5,
            "object":"TrafficTarget shop/pay","code":"unresolved_reference",
            "message":"there is no HTTPRouteGroup shop/<script>"}]})")
    );
}

TEST_F(AdminServerTest, ShowsThatThereIsNoSnapshotYet) {
    snapshot_.clear();
    generation_ = 0;
    start();
    EXPECT_EQ(body_of(get("/snapshot")), "{\"generation\":0,\"snapshot\":null,\"problems\":[]}\n");
}

TEST_F(AdminServerTest, ListsItsPathsAndKnowsNoOther) {
    start();
    const std::string index = get("/");
    EXPECT_THAT(index, StartsWith("HTTP/1.1 200 OK\r\n"));
    for (const std::string path :
         {"/live", "/ready", "/metrics", "/snapshot", "/explain/access", "/explain/route"}) {
        EXPECT_THAT(body_of(index), HasSubstr(path + " "));
    }
    EXPECT_THAT(get("/drain"), StartsWith("HTTP/1.1 404 Not Found\r\n"));
    EXPECT_THAT(get("/live/"), StartsWith("HTTP/1.1 404 Not Found\r\n"));
    EXPECT_THAT(get("//live"), StartsWith("HTTP/1.1 404 Not Found\r\n"));
    EXPECT_THAT(get("/%6cive"), StartsWith("HTTP/1.1 404 Not Found\r\n"));
}

TEST_F(AdminServerTest, IgnoresAQuery) {
    start();
    EXPECT_THAT(get("/metrics?name[]=request_total"), StartsWith("HTTP/1.1 200 OK\r\n"));
}

TEST_F(AdminServerTest, ReadsTheQuestionInTheQuery) {
    start();
    EXPECT_THAT(get("/explain/access"), StartsWith("HTTP/1.1 400 Bad Request\r\n"));
    EXPECT_THAT(get("/explain/access?"), StartsWith("HTTP/1.1 400 Bad Request\r\n"));
    EXPECT_EQ(calls_, 0);
    const std::string answer = get("/explain/access?from=shop/web&port=80");
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 503 Service Unavailable\r\n"));
    EXPECT_EQ(body_of(answer), "no resources yet\n");
    EXPECT_THAT(get("/explain/route?host=api"), StartsWith("HTTP/1.1 503 "));
    EXPECT_THAT(get("/explain"), StartsWith("HTTP/1.1 404 "));
}

TEST_F(AdminServerTest, BoundsAQuestionByTheBoundOfTheHead) {
    start();
    const std::string question = "/explain/access?from=shop/web&port=80&path=/";
    EXPECT_THAT(get(question + std::string(9'000, 'x')), StartsWith("HTTP/1.1 431 "));
}

TEST_F(AdminServerTest, AnswersHeadAsGetWithoutTheBody) {
    start();
    const std::string answer =
        ask("HEAD /metrics HTTP/1.1\r\nHost: admin\r\nConnection: close\r\n\r\n");
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 OK\r\n"));
    EXPECT_THAT(answer, HasSubstr("\r\nContent-Length: 16\r\n"));
    EXPECT_THAT(answer, EndsWith("\r\n\r\n"));
}

TEST_F(AdminServerTest, RefusesOtherMethodsWithoutAskingAnyone) {
    start();
    for (const std::string method : {"POST", "PUT", "DELETE", "OPTIONS", "PATCH", "BREW"}) {
        const std::string answer =
            ask(method + " /ready HTTP/1.1\r\nHost: admin\r\nConnection: close\r\n\r\n");
        EXPECT_THAT(answer, StartsWith("HTTP/1.1 405 Method Not Allowed\r\n")) << method;
        EXPECT_THAT(answer, HasSubstr("\r\nAllow: GET, HEAD\r\n")) << method;
    }
    EXPECT_EQ(calls_, 0);
}

TEST_F(AdminServerTest, AnswersSeveralRequestsOnOneConnectionInTheirOrder) {
    start();
    Client client(address_);
    client.send(
        "GET /live HTTP/1.1\r\nHost: admin\r\n\r\n"
        "GET /nothing HTTP/1.1\r\nHost: admin\r\n\r\n"
        "GET /ready HTTP/1.1\r\nHost: admin\r\nConnection: close\r\n\r\n"
    );
    const std::string answers = client.receive_all();
    const std::size_t first = answers.find("HTTP/1.1 200 OK");
    const std::size_t second = answers.find("HTTP/1.1 404 Not Found");
    const std::size_t third = answers.find("HTTP/1.1 200 OK", first + 1);
    EXPECT_EQ(first, 0U);
    EXPECT_LT(first, second);
    EXPECT_LT(second, third);
    EXPECT_THAT(answers, EndsWith("\r\n\r\nready\n"));
    EXPECT_TRUE(client.was_closed());
}

TEST_F(AdminServerTest, ClosesAfterARequestOfHttp10) {
    start();
    EXPECT_EQ(body_of(ask("GET /live HTTP/1.0\r\n\r\n")), "live\n");
}

TEST_F(AdminServerTest, NeverReadsABodyAsARequest) {
    start();
    const std::string smuggled = "GET /metrics HTTP/1.1\r\nHost: admin\r\n\r\n";
    const std::string answer =
        ask("GET /live HTTP/1.1\r\nHost: admin\r\nContent-Length: " +
            std::to_string(smuggled.size()) + "\r\n\r\n" + smuggled);
    EXPECT_THAT(answer, HasSubstr("\r\nConnection: close\r\n"));
    EXPECT_EQ(body_of(answer), "live\n");
    EXPECT_EQ(calls_, 0);
}

TEST_F(AdminServerTest, RefusesAHeadThatIsTooLarge) {
    start();
    const std::string answer =
        ask("GET /metrics HTTP/1.1\r\nHost: admin\r\nX-Long: " + std::string(20'000, 'x') +
            "\r\n\r\n");
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 431 "));
    EXPECT_EQ(calls_, 0);
}

TEST_F(AdminServerTest, RefusesWhatIsNotHttp) {
    start();
    EXPECT_THAT(ask("\x16\x03\x01 hello\r\n\r\n"), StartsWith("HTTP/1.1 400 Bad Request\r\n"));
    EXPECT_THAT(ask("GET /live HTTP/9.9\r\n\r\n"), StartsWith("HTTP/1.1 400 Bad Request\r\n"));
}

TEST_F(AdminServerTest, ClosesAConnectionThatSaysNothingInTime) {
    limits_.head_ms_max = 50;
    start();
    EXPECT_EQ(ask(""), "");
    EXPECT_EQ(ask("GET /live HTTP/1.1\r\nHost:"), "");
}

TEST_F(AdminServerTest, ClosesAConnectionThatDoesNotReadItsAnswer) {
    limits_.connections_max = 1;
    limits_.write_ms_max = 50;
    metrics_.assign(std::size_t{64} << 20, 'x');
    start();
    Client stuck(address_);
    stuck.send("GET /metrics HTTP/1.1\r\nHost: admin\r\n\r\n");
    EXPECT_EQ(stuck.receive(8), "HTTP/1.1");
    // The only place is free again once the server has given up.
    std::string answer;
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(5);
    while (answer.empty() && std::chrono::steady_clock::now() < until) {
        answer = get("/live");
    }
    EXPECT_EQ(body_of(answer), "live\n");
}

TEST_F(AdminServerTest, ClosesConnectionsBeyondItsBound) {
    limits_.connections_max = 2;
    start();
    const std::string request = "GET /live HTTP/1.1\r\nHost: admin\r\n\r\n";
    auto first = std::make_unique<Client>(address_);
    first->send(request);
    EXPECT_EQ(first->receive(8), "HTTP/1.1");
    Client second(address_);
    second.send(request);
    EXPECT_EQ(second.receive(8), "HTTP/1.1");

    Client third(address_);
    third.send(request);
    EXPECT_EQ(third.receive_all(), "");
    EXPECT_TRUE(third.was_closed());

    first.reset();
    std::string answer;
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(5);
    while (answer.empty() && std::chrono::steady_clock::now() < until) {
        answer = get("/live");
    }
    EXPECT_EQ(body_of(answer), "live\n");
}

TEST_F(AdminServerTest, SaysWhoseTheBusyPortIs) {
    start();
    boost::asio::io_context other;
    AdminServer late(other, address_, handlers_);
    const auto bound = late.listen();
    ASSERT_FALSE(bound);
    EXPECT_THAT(bound.error(), StartsWith("admin.listen: "));
    EXPECT_THAT(bound.error(), HasSubstr(address_.text()));
    EXPECT_THAT(bound.error(), HasSubstr("another process"));
}

TEST_F(AdminServerTest, EndsItsConnectionsWhenClosed) {
    start();
    Client idle(address_);
    idle.send("GET /live HTTP/1.1\r\nHost: admin\r\n\r\n");
    EXPECT_EQ(idle.receive(8), "HTTP/1.1");
    stop();  // returns only when no work is left
    static_cast<void>(idle.receive_all());
    EXPECT_TRUE(idle.was_closed());
    EXPECT_FALSE(Client(address_).is_connected());
}

TEST_F(AdminServerTest, MayGoAwayWhileAnAnswerIsBeingMade) {
    metrics_take_ = std::chrono::milliseconds(100);
    start();
    Client client(address_);
    client.send("GET /metrics HTTP/1.1\r\nHost: admin\r\n\r\n");
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(5);
    while (calls_ == 0 && std::chrono::steady_clock::now() < until) {
        std::this_thread::yield();
    }
    ASSERT_EQ(calls_, 1);
    boost::asio::post(context_, [this] { server_.reset(); });
    thread_.join();
    EXPECT_THAT(client.receive_all(), Not(HasSubstr("request_total")));
    EXPECT_TRUE(client.was_closed());
}

}  // namespace
}  // namespace proxy::control
