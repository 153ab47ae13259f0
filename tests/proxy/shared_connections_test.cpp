#include "proxy/upstream/shared_connections.hpp"

#include "io/acceptor.hpp"
#include "proxy/http/client_session.hpp"
#include "proxy/net/socket.hpp"
#include "proxy/upstream/pool.hpp"
#include "tests/tls/certificate_recipe.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <functional>
#include <iterator>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace proxy::upstream {
namespace {

using namespace std::chrono_literals;
using tls::testing::context_of;
using tls::testing::value_of;

const policy::Identity k_web = tls::testing::identity("shop", "web");
const policy::Identity k_renewed_web = tls::testing::identity("shop", "web-renewed");
const policy::Identity k_api = tls::testing::identity("shop", "api");

/// Another sidecar: takes shared connections and does nothing with their streams.
class Server {
 public:
    struct Served {
        policy::Identity peer;
        std::shared_ptr<net::mux::Connection> connection;
        std::vector<std::unique_ptr<net::mux::Stream>> streams;
    };

    Server(io::Loop& loop, net::DeadlineClock& clock, std::shared_ptr<const tls::Context> context)
        : clock_(clock), context_(std::move(context)), acceptor_(loop) {
        io::Error error = acceptor_.listen(
            io::Endpoint(boost::asio::ip::address_v4::loopback(), 0),
            io::Acceptor::Sharing::exclusive
        );
        EXPECT_FALSE(error) << error.message();
        address = net::from_endpoint(acceptor_.local_endpoint(error));
        loop.spawn(accept());
    }
    void stop_listening() { acceptor_.close(); }

    policy::SocketAddress address;
    std::list<Served> served;

 private:
    io::Awaitable<void> accept() {
        while (true) {
            auto accepted = co_await acceptor_.accept();
            if (accepted.error) {
                co_return;
            }
            acceptor_.loop().spawn(serve(std::move(*accepted.socket)));
        }
    }
    io::Awaitable<void> serve(io::Socket socket) {
        tls::Stream stream(std::move(socket));
        const std::string nothing_early;
        const auto peer = co_await stream.accept(context_, nothing_early);
        if (peer.has_error()) {
            co_return;
        }
        Served& mine = served.emplace_back();
        mine.peer = peer->identity;
        net::mux::Owner owner;
        owner.idle_ms_max = [] { return 3'600'000U; };
        owner.serve = [&mine](std::unique_ptr<net::mux::Stream> opened) {
            mine.streams.push_back(std::move(opened));
        };
        mine.connection = std::make_shared<net::mux::Connection>(
            std::move(stream), net::mux::Role::server, clock_, limits_, std::move(owner)
        );
        const auto connection = mine.connection;
        co_await net::mux::Connection::run(connection);
    }

    net::DeadlineClock& clock_;
    std::shared_ptr<const tls::Context> context_;
    Limits limits_;
    io::Acceptor acceptor_;
};

using Taken = std::optional<Result<net::Stream>>;

class SharedConnectionsTest : public ::testing::Test {
 protected:
    void TearDown() override {
        shared.shut();
        server.served.clear();
    }

    io::Awaitable<void> connect(ConnectEnvironment environment, Taken& taken) {
        auto stream = co_await shared.connect(environment, target, sheet, series);
        taken.emplace(std::move(stream));
    }
    void begin_to_take(Taken& taken) {
        const ConnectEnvironment environment{loop, clock, limits, handshake_failures, ours};
        loop.spawn(connect(environment, taken));
    }
    /// A stream, which writes so that the other side knows it.
    net::Stream take() {
        Taken taken;
        begin_to_take(taken);
        until([&taken] { return taken.has_value(); }, "a stream");
        EXPECT_TRUE(taken->has_value()) << taken->error().cause;
        loop.spawn(write(**taken));
        settle();
        return std::move(**taken);
    }
    static io::Awaitable<void> write(net::Stream& stream) {
        const boost::asio::const_buffer piece("x", 1);
        const std::array<boost::asio::const_buffer, 1> pieces{piece};
        const auto written = co_await stream.write(pieces);
        EXPECT_FALSE(written.error) << written.error.message();
    }
    void until(const std::function<bool()>& is_done, std::string_view what) {
        const auto deadline = std::chrono::steady_clock::now() + 10s;
        while (!is_done()) {
            ASSERT_LT(std::chrono::steady_clock::now(), deadline) << "waited for " << what;
            loop.run_once(100ms);
        }
    }
    void settle() {
        while (loop.run_once(0ms)) {
        }
    }
    void pass_time(std::chrono::milliseconds time) {
        clock.tick(clock.now() + time);
        settle();
    }
    [[nodiscard]] bool has_ended(std::size_t number) {
        return std::next(server.served.begin(), static_cast<long>(number))
            ->connection->session()
            .is_ended();
    }

    Limits limits;
    net::DeadlineClock clock;
    telemetry::Sheet sheet{100};
    HandshakeFailures handshake_failures{sheet};
    telemetry::TcpSeries& series = sheet.tcp({});
    SharedConnections shared;
    io::Loop loop;  // its frames die before what they use
    tls::Authority authority = value_of(tls::Authority::make(tls::testing::k_trust_domain));
    std::shared_ptr<const tls::Context> ours = context_of(authority, k_web);
    Server server{loop, clock, context_of(authority, k_api)};
    Target target{server.address, k_api, false};
};

TEST_F(SharedConnectionsTest, ThoseWhoComeTogetherShareOneConnection) {
    std::array<Taken, net::mux::k_streams_max> taken;
    for (Taken& each : taken) {
        begin_to_take(each);
    }
    until([&taken] { return std::ranges::all_of(taken, &Taken::has_value); }, "all streams");
    EXPECT_TRUE(std::ranges::all_of(taken, [](const Taken& each) { return each->has_value(); }));
    until([this] { return !server.served.empty(); }, "the connection");
    const net::Stream one_more = take();
    EXPECT_EQ(server.served.size(), 2U);
}

TEST_F(SharedConnectionsTest, AFailureIsThatOfAllWhoWaited) {
    server.stop_listening();
    std::array<Taken, 50> taken;
    for (Taken& each : taken) {
        begin_to_take(each);
    }
    until([&taken] { return std::ranges::all_of(taken, &Taken::has_value); }, "all failures");
    for (const Taken& each : taken) {
        ASSERT_TRUE(each->has_error());
        EXPECT_EQ(each->error().reason, policy::Reason::upstream_connect_failed);
    }
}

TEST_F(SharedConnectionsTest, ConnectionWithAStreamIsNotIdleHoweverLongItIsSilent) {
    const net::Stream waits_for_its_answer = take();
    pass_time(10min);
    EXPECT_FALSE(has_ended(0));
}

TEST_F(SharedConnectionsTest, ConnectionThatWasIdleStaysForANewStream) {
    std::optional<net::Stream> first = take();
    first.reset();
    pass_time(59s);
    const net::Stream second = take();
    pass_time(5min);
    EXPECT_EQ(server.served.size(), 1U);
    EXPECT_FALSE(has_ended(0));
}

TEST_F(SharedConnectionsTest, IdleConnectionEnds) {
    std::optional<net::Stream> only = take();
    only.reset();
    pass_time(2min);
    until([this] { return has_ended(0); }, "the end of the connection");
}

TEST_F(SharedConnectionsTest, WhoWaitedAcrossARotationDoesNotKeepTheOldIdentity) {
    Taken first;
    Taken second;
    begin_to_take(first);
    begin_to_take(second);
    loop.run_once(0ms);  // one connects, the other waits for it
    ours = context_of(authority, k_renewed_web);
    shared.begin_generation();
    until([&] { return first.has_value() && second.has_value(); }, "both streams");
    const net::Stream third = take();
    EXPECT_EQ(server.served.back().peer, k_renewed_web);
    EXPECT_EQ(server.served.back().streams.size(), 1U);
}

TEST_F(SharedConnectionsTest, RotationEndsAConnectionWithItsLastStream) {
    std::optional<net::Stream> before = take();
    ours = context_of(authority, k_renewed_web);
    shared.begin_generation();
    const net::Stream after = take();
    EXPECT_EQ(server.served.back().peer, k_renewed_web);
    EXPECT_TRUE(before->is_going_away());
    EXPECT_FALSE(after.is_going_away());
    pass_time(1s);
    EXPECT_FALSE(has_ended(0));
    before.reset();
    pass_time(1s);
    until([this] { return has_ended(0); }, "the end of the old connection");
    EXPECT_FALSE(has_ended(1));
}

TEST_F(SharedConnectionsTest, NoStreamsOnceThePeersCertificateHasEnded) {
    const net::Stream before = take();
    shared.prune(before.retire_at() - 1s);
    const net::Stream in_time = take();
    EXPECT_EQ(server.served.size(), 1U);
    shared.prune(before.retire_at());
    const net::Stream after = take();
    EXPECT_EQ(server.served.size(), 2U);
    EXPECT_TRUE(in_time.is_going_away());
}

TEST_F(SharedConnectionsTest, PeerThatGoesAwayGetsNoNewStreams) {
    const net::Stream before = take();
    server.served.front().connection->retire();
    settle();
    until([&before] { return before.is_going_away(); }, "the news");
    const net::Stream after = take();
    EXPECT_EQ(server.served.size(), 2U);
    EXPECT_FALSE(has_ended(0));
}

TEST_F(SharedConnectionsTest, RequestsOnAConnectionThatWasThereCountAsOnAUsedOne) {
    http::ClientSession on_new(take(), clock, limits);
    on_new.begin("GET");
    EXPECT_FALSE(on_new.was_used());
    http::ClientSession on_kept(take(), clock, limits);
    on_kept.begin("GET");
    EXPECT_TRUE(on_kept.was_used());
}

TEST_F(SharedConnectionsTest, PoolKeepsNothingBeyondThePeersCertificate) {
    Pool pool(limits, clock);
    const PlacePin place = pool.place(target);
    const auto put = [&](std::chrono::seconds left) {
        auto connection = std::make_unique<Connection>(
            net::Stream(io::Socket(loop)), clock, limits, sheet, series
        );
        connection->retire_at = clock.now() + left;
        pool.put(*place, std::move(connection));
        return pool.idle_count();
    };
    EXPECT_EQ(put(0s), 0U);
    EXPECT_EQ(put(1s), 1U);
    pool.shut();
}

}  // namespace
}  // namespace proxy::upstream
