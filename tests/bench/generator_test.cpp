// The generator against a server of our own, on a thread beside it: what it counts must be what the
// server did.
#include "bench/load/generator.hpp"

#include "tests/bench/loopback_server.hpp"

#include <gtest/gtest.h>

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace bench::load {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view k_ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

struct Behaviour {
    std::string answer = std::string(k_ok);
    std::chrono::milliseconds stall = 0ms;  // once, before the first answer
    bool answers = true;
    bool closes = false;  // after each request
};

class Server {
 public:
    explicit Server(Behaviour behaviour)
        : behaviour_(std::move(behaviour)),
          loopback_([this](int listener, int stopped) { serve(listener, stopped); }) {}

    [[nodiscard]] Address address() const { return loopback_.address(); }
    [[nodiscard]] std::uint64_t accepted() const { return accepted_; }
    [[nodiscard]] std::uint64_t requests() const { return requests_; }

 private:
    void serve(int listener, int stopped) {
        std::vector<pollfd> watched = {{stopped, POLLIN, 0}, {listener, POLLIN, 0}};
        while (poll(watched.data(), watched.size(), -1) > 0 && watched[0].revents == 0) {
            for (std::size_t i = watched.size(); --i > 1;) {
                if (watched[i].revents != 0 && !serve_request(watched[i].fd)) {
                    ::close(watched[i].fd);
                    watched.erase(watched.begin() + static_cast<std::ptrdiff_t>(i));
                }
            }
            if (watched[1].revents != 0) {
                watched.push_back({accept(listener, nullptr, nullptr), POLLIN, 0});
                ++accepted_;
            }
        }
        for (std::size_t i = 2; i < watched.size(); ++i) {
            ::close(watched[i].fd);
        }
    }

    /// The requests of these tests come in one piece. False: to be closed.
    bool serve_request(int descriptor) {
        char request[4096];
        if (recv(descriptor, request, sizeof request, 0) <= 0) {
            return false;
        }
        ++requests_;
        if (behaviour_.stall > 0ms) {
            std::this_thread::sleep_for(std::exchange(behaviour_.stall, 0ms));
        }
        const auto answer = behaviour_.answers ? behaviour_.answer : "";
        const ssize_t sent = send(descriptor, answer.data(), answer.size(), MSG_NOSIGNAL);
        return sent >= 0 && !behaviour_.closes;
    }

    Behaviour behaviour_;
    std::atomic<std::uint64_t> accepted_ = 0;
    std::atomic<std::uint64_t> requests_ = 0;
    LoopbackServer loopback_;  // last: its thread uses the others
};

Options options_for(const Server& server) {
    Options options;
    options.to = server.address();
    options.request.host = "api";
    options.request.path = "/";
    options.connections = 4;
    options.seconds = 0.2;
    return options;
}

/// An open loop: on a busy machine it is as many requests as on an idle one.
constexpr unsigned k_requests = 20;
Options counted_options_for(const Server& server) {
    Options options = options_for(server);
    options.rate = k_requests / options.seconds;
    return options;
}

Result run(const Options& options) {
    Generator generator(options);
    generator.prepare();
    generator.load();
    return generator.result();
}

std::uint64_t all_errors(const Errors& errors) {
    return errors.connect + errors.tls + errors.status + errors.read + errors.unanswered;
}

TEST(Generator, OfAClosedLoopSendsTheNextRequestWhenAnAnswerIsComplete) {
    const Server server(Behaviour{});
    const Result result = run(options_for(server));
    EXPECT_GT(result.requests, 4U);
    EXPECT_EQ(result.latencies.count(), result.requests);
    EXPECT_EQ(all_errors(result.errors), 0U);
    EXPECT_EQ(server.accepted(), 4U);
    // What was in flight at the end is not counted; nor is one that is sent after an answer that
    // came just too late.
    EXPECT_GE(server.requests(), result.requests);
    EXPECT_LE(server.requests(), result.requests + 2 * 4);
    EXPECT_GE(result.bytes_read, result.requests * k_ok.size());
    EXPECT_LE(result.bytes_read, server.requests() * k_ok.size());
}

TEST(Generator, OfAnOpenLoopCountsTheWaitThatAStallCauses) {
    const Server server(Behaviour{.stall = 300ms});
    Options options = options_for(server);
    options.seconds = 0.5;
    options.rate = 1000;
    const Result result = run(options);
    EXPECT_EQ(result.requests, 500U);
    EXPECT_EQ(all_errors(result.errors), 0U);
    // Three in five were to begin while the server stood still, and waited 150 ms on average; but
    // only four could be on their way and see it.
    EXPECT_GE(result.latencies.percentile(90), 200ms);
    EXPECT_GE(result.latencies.percentile(60), 50ms);
}

TEST(Generator, OfAClosedLoopHardlySeesTheSameStall) {
    const Server server(Behaviour{.stall = 300ms});
    Options options = options_for(server);
    options.seconds = 0.6;
    const Result result = run(options);
    EXPECT_GE(result.latencies.percentile(100), 290ms);
    EXPECT_LT(result.latencies.percentile(90), 150ms);
}

TEST(Generator, DoesNotCountTheLoadOfItsWarmUp) {
    const Server server(Behaviour{.stall = 150ms});
    Options options = options_for(server);
    options.warm_up_seconds = 0.2;
    options.rate = 100;
    Generator generator(options);
    generator.prepare();
    generator.warm_up();
    const std::uint64_t warmed = server.requests();
    generator.load();
    EXPECT_GE(warmed, 16U);
    EXPECT_EQ(generator.result().requests, 20U);
    EXPECT_EQ(generator.result().sent, 20U);
    EXPECT_EQ(generator.result().rate_asked, 100.0);
    EXPECT_EQ(server.accepted(), 4U);
    // The stall was over before.
    EXPECT_LT(generator.result().latencies.percentile(100), 140ms);
}

TEST(Generator, KeepsTheErrorsOfItsWarmUp) {
    const Server server(Behaviour{.answer = "HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n"});
    Options options = options_for(server);
    options.warm_up_seconds = 0.1;
    options.rate = 100;
    Generator generator(options);
    generator.prepare();
    generator.warm_up();
    EXPECT_EQ(generator.result().requests, 0U);
    EXPECT_GE(generator.result().errors.status, 8U);
}

TEST(Generator, CountsEveryIntendedRequestThatIsNeverAnswered) {
    const Server server(Behaviour{.answers = false});
    const Result result = run(counted_options_for(server));
    EXPECT_EQ(result.requests, 0U);
    EXPECT_EQ(result.sent, 4U);
    EXPECT_EQ(result.errors.unanswered, k_requests);
}

TEST(Generator, CountsRequestsOfAClosedLoopThatAreNeverAnswered) {
    const Server server(Behaviour{.answers = false});
    const Result result = run(options_for(server));
    EXPECT_EQ(result.requests, 0U);
    EXPECT_EQ(result.errors.unanswered, 4U);
}

TEST(Generator, CountsAnswersThatBreakOff) {
    const Server server(Behaviour{.answer = "HTTP/1.1 200 OK\r\nContent-Le", .closes = true});
    const Result result = run(counted_options_for(server));
    EXPECT_EQ(result.requests, 0U);
    EXPECT_EQ(result.errors.read, k_requests);
}

TEST(Generator, CountsAnswersOfAnotherStatusAsRequestsAndAsErrors) {
    const Server server(Behaviour{.answer = "HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n"});
    const Result result = run(counted_options_for(server));
    EXPECT_EQ(result.requests, k_requests);
    EXPECT_EQ(result.errors.status, result.requests);
}

TEST(Generator, CountsConnectionsThatAreRefused) {
    Options options;
    {
        const Server gone(Behaviour{});
        options = counted_options_for(gone);
    }
    const Result result = run(options);
    // Beforehand, and then for every request.
    EXPECT_EQ(result.errors.connect, 4 + k_requests);
    EXPECT_EQ(result.requests, 0U);
}

TEST(Generator, ConnectsAgainWhereTheServerSaysThatItCloses) {
    const std::string last = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
    const Server server(Behaviour{.answer = last, .closes = true});
    const Result result = run(counted_options_for(server));
    EXPECT_EQ(result.requests, k_requests);
    EXPECT_EQ(all_errors(result.errors), 0U);
    EXPECT_EQ(server.accepted(), k_requests);
}

TEST(Generator, OpensAConnectionForEveryRequestWhenAsked) {
    const Server server(Behaviour{.closes = true});
    Options options = counted_options_for(server);
    options.mode = Mode::close;
    const Result result = run(options);
    EXPECT_EQ(result.requests, k_requests);
    EXPECT_EQ(all_errors(result.errors), 0U);
    EXPECT_EQ(server.accepted(), k_requests);
}

TEST(Generator, HoldsIdleConnectionsUntilItsInputCloses) {
    const Server server(Behaviour{});
    Options options = options_for(server);
    options.mode = Mode::idle;
    options.connections = 300;
    options.seconds = 30;
    Generator generator(options);
    EXPECT_EQ(generator.prepare(), 300U);
    int input[2];
    ASSERT_EQ(pipe(input), 0);
    ::close(input[1]);
    generator.hold(input[0]);
    ::close(input[0]);
    EXPECT_EQ(generator.result().requests, 300U);
    EXPECT_EQ(all_errors(generator.result().errors), 0U);
    EXPECT_LT(generator.result().length, 20s);
    EXPECT_EQ(server.requests(), 300U);
}

TEST(Generator, CountsIdleConnectionsThatTheServerCloses) {
    const Server server(Behaviour{.closes = true});
    Options options = options_for(server);
    options.mode = Mode::idle;
    options.seconds = 0.3;
    Generator generator(options);
    generator.prepare();
    int input[2];
    ASSERT_EQ(pipe(input), 0);
    generator.hold(input[0]);
    ::close(input[0]);
    ::close(input[1]);
    EXPECT_EQ(generator.result().errors.read, 4U);
}

TEST(Generator, ReadsNoFasterThanAsked) {
    const std::string body(64 * 1024, 'x');
    const Server server(
        Behaviour{.answer = "HTTP/1.1 200 OK\r\nContent-Length: 65536\r\n\r\n" + body}
    );
    Options options = options_for(server);
    options.connections = 2;
    options.read_bytes_per_second = 10'000;
    const Instant begin = Clock::now();
    const Result result = run(options);
    const double seconds = std::chrono::duration<double>(Clock::now() - begin).count();
    EXPECT_GT(result.bytes_read, 0U);
    // The first read of each connection comes without a wait.
    EXPECT_LE(static_cast<double>(result.bytes_read), 2 * 10'000 * (seconds + 0.05));
    EXPECT_EQ(all_errors(result.errors), 0U);
}

}  // namespace
}  // namespace bench::load
