// Messages that are let in: how they pass, both ways, and what becomes of connections.
#include "proxy/inbound/http.hpp"
#include "tests/proxy/inbound_http.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace proxy::inbound {
namespace {

class InboundExchange : public InboundHttpTest {};

TEST_F(InboundExchange, MalformedRequestGets400AndNeverReachesTheApplication) {
    open_for_all();
    auto client = connect_as("web");
    client->send(
        "GET / HTTP/1.1\r\nHost: p\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n"
    );
    until([&] { return client->is_at_end; }, "the connection to close");
    EXPECT_TRUE(client->has("HTTP/1.1 400 "));
    EXPECT_TRUE(application.connections.empty());
}

TEST_F(InboundExchange, KeptApplicationConnectionIsUsedAgain) {
    open_for_all();
    auto client = connect_as("web");
    client->send("GET /1 HTTP/1.1\r\nHost: p\r\n\r\n");
    until_application_has("/1");
    app().send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    until_has(*client, "200 OK");
    client->send("GET /2 HTTP/1.1\r\nHost: p\r\n\r\n");
    until_application_has("/2");
    EXPECT_EQ(application.connections.size(), 1U);
}

TEST_F(InboundExchange, IdleApplicationConnectionIsClosedInTime) {
    open_for_all();
    auto client = connect_as("web");
    client->send("GET /1 HTTP/1.1\r\nHost: p\r\n\r\n");
    until_application_has("/1");
    app().send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    until_has(*client, "200 OK");
    until([&] { return worker().pool.idle_count() == 1; }, "the connection to be pooled");
    pass_time(std::chrono::milliseconds(configuration.limits.upstream_idle_ms_max + 100));
    EXPECT_EQ(worker().pool.idle_count(), 0U);
    until([&] { return app().is_at_end; }, "the application to see the end");
}

TEST_F(InboundExchange, ChunkedBodiesStreamBothWaysWithTrailers) {
    open_for_all();
    auto client = connect_as("web");
    client->send("POST / HTTP/1.1\r\nHost: p\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
    until_application_has("abc");
    client->send("2\r\nde\r\n0\r\nX-Sum: 5\r\n\r\n");
    until_application_has("X-Sum: 5\r\n\r\n");
    EXPECT_TRUE(app().has("3\r\nabc\r\n2\r\nde\r\n0\r\nX-Sum: 5\r\n\r\n"));
    app().send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n");
    until_has(*client, "1\r\nx\r\n");
    app().send("0\r\nX-End: 1\r\n\r\n");
    until_has(*client, "0\r\nX-End: 1\r\n\r\n");
}

TEST_F(InboundExchange, ManySmallChunksInOneSegmentAllGoOn) {
    open_for_all();
    for (int chunks = 1; chunks <= 12; ++chunks) {
        auto client = connect_as("web");
        std::string request = "POST /" + std::to_string(chunks) +
                              " HTTP/1.1\r\nHost: p\r\nTransfer-Encoding: chunked\r\n\r\n";
        for (int i = 0; i < chunks; ++i) {
            request += "1\r\nx\r\n";
        }
        client->send(request + "0\r\n\r\n");
        until_application_has("POST /" + std::to_string(chunks) + " ");
        until([&] { return app().received.ends_with("0\r\n\r\n"); }, "the last chunk");
        app().send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
        until_has(*client, "200 OK");
        app().received.clear();
    }
}

TEST_F(InboundExchange, InterimResponseLetsAnExpectingClientSendItsBody) {
    open_for_all();
    auto client = connect_as("web");
    client->send("PUT / HTTP/1.1\r\nHost: p\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
    until_application_has("100-continue");
    app().send("HTTP/1.1 100 Continue\r\n\r\n");
    until_has(*client, "100 Continue");
    client->send("ok");
    until_application_has("\r\n\r\nok");
    app().send("HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n");
    until_has(*client, "201 Created");
}

TEST_F(InboundExchange, DeniedExpectingClientIsAnsweredWithoutItsBody) {
    adopt(allow(k_books));
    auto client = connect_as("web");
    client->send("PUT / HTTP/1.1\r\nHost: p\r\nContent-Length: 9\r\nExpect: 100-continue\r\n\r\n");
    until([&] { return client->is_at_end; }, "the connection to close");
    EXPECT_TRUE(client->has("HTTP/1.1 403 "));
    EXPECT_FALSE(client->has("100 Continue"));
}

TEST_F(InboundExchange, HeadResponseHasNoBodyWhateverItsLength) {
    open_for_all();
    auto client = connect_as("web");
    client->send("HEAD / HTTP/1.1\r\nHost: p\r\n\r\nGET /2 HTTP/1.1\r\nHost: p\r\n\r\n");
    until_application_has("HEAD /");
    app().send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n");
    until_application_has("/2");
    EXPECT_TRUE(client->has("Content-Length: 100\r\n\r\n"));
}

TEST_F(InboundExchange, OldClientGetsAChunkedBodyUntilClose) {
    open_for_all();
    auto client = connect_as("web");
    client->send("GET / HTTP/1.0\r\n\r\n");
    until_application_has("\r\n\r\n");
    app().send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n");
    until([&] { return client->is_at_end; }, "the connection to close");
    EXPECT_TRUE(client->received.ends_with("\r\n\r\nabc"));
}

TEST_F(InboundExchange, ConnectionCloseIsHonoured) {
    open_for_all();
    auto client = connect_as("web");
    client->send("GET / HTTP/1.1\r\nHost: p\r\nConnection: close\r\n\r\n");
    until_application_has("\r\n\r\n");
    EXPECT_FALSE(app().has("close")) << "each hop has its own connections";
    app().send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    until([&] { return client->is_at_end; }, "the connection to close");
    EXPECT_TRUE(client->has("onnection: close"));
}

TEST_F(InboundExchange, ApplicationThatCannotBeReachedIs503) {
    open_for_all();
    application.stop_listening();
    auto client = connect_as("web");
    // Its port is free again, so the connect is refused.
    client->send("GET / HTTP/1.1\r\nHost: p\r\n\r\n");
    until_has(*client, "upstream_connect_failed");
    EXPECT_TRUE(client->has("HTTP/1.1 503 "));
}

TEST_F(InboundExchange, ApplicationThatClosesWithoutAnswerIs502) {
    open_for_all();
    auto client = connect_as("web");
    client->send("GET / HTTP/1.1\r\nHost: p\r\n\r\n");
    until_application_has("\r\n\r\n");
    app().close();
    until_has(*client, "upstream_closed");
    EXPECT_TRUE(client->has("HTTP/1.1 502 "));
}

TEST_F(InboundExchange, MalformedAnswerIs502AndItsConnectionIsNotReused) {
    open_for_all();
    auto client = connect_as("web");
    client->send("GET / HTTP/1.1\r\nHost: p\r\n\r\n");
    until_application_has("\r\n\r\n");
    app().send("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx");
    until_has(*client, "upstream_malformed");
    EXPECT_TRUE(client->has("HTTP/1.1 502 "));
    EXPECT_EQ(worker().pool.idle_count(), 0U);
}

TEST_F(InboundExchange, ResponseThatBreaksOffBreaksTheClientsConnection) {
    open_for_all();
    auto client = connect_as("web");
    client->send("GET / HTTP/1.1\r\nHost: p\r\n\r\n");
    until_application_has("\r\n\r\n");
    app().send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab");
    until_has(*client, "ab");
    app().close();
    until([&] { return client->is_at_end; }, "the connection to close");
    EXPECT_FALSE(client->has("0\r\n\r\n")) << "half an answer must not look whole";
}

TEST_F(InboundExchange, ReusedConnectionThatDiedIsReplacedOnce) {
    open_for_all();
    auto client = connect_as("web");
    client->send("GET /1 HTTP/1.1\r\nHost: p\r\n\r\n");
    until_application_has("/1");
    app().send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    until_has(*client, "200 OK");
    until([&] { return worker().pool.idle_count() == 1; }, "the connection to be pooled");
    client->send("GET /2 HTTP/1.1\r\nHost: p\r\n\r\n");
    until_application_has("/2");
    app().close();
    until([&] { return application.connections.size() == 2; }, "a second connection");
    until_application_has("/2");
    app().send("HTTP/1.1 204 No Content\r\n\r\n");
    until_has(*client, "204 No Content");
}

TEST_F(InboundExchange, RequestThatKillsConnectionsIsSentTwiceAtMost) {
    open_for_all();
    // Three kept connections, each of which would die of the request.
    std::vector<std::unique_ptr<test::Peer>> clients;
    for (std::size_t i = 1; i <= 3; ++i) {
        clients.push_back(connect_as("web"));
        clients.back()->send("GET /1 HTTP/1.1\r\nHost: p\r\n\r\n");
        until([&] { return application.connections.size() == i && app().has("/1"); }, "/1");
    }
    for (auto& connection : application.connections) {
        connection->send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    }
    until([&] { return worker().pool.idle_count() == 3; }, "the connections to be pooled");
    clients.front()->send("GET /poison HTTP/1.1\r\nHost: p\r\n\r\n");
    const auto poisoned = [this] {
        std::size_t count = 0;
        for (auto& connection : application.connections) {
            if (connection->has("/poison")) {
                connection->close();
                ++count;
            }
        }
        return count;
    };
    until(
        [&] {
            static_cast<void>(poisoned());
            return clients.front()->has("upstream_closed");
        },
        "502"
    );
    EXPECT_EQ(poisoned(), 2U);
    EXPECT_EQ(application.connections.size(), 4U) << "the second time on a new connection";
}

TEST_F(InboundExchange, RequestThatIsNotIdempotentIsNotSentTwiceEvenWithoutABody) {
    open_for_all();
    auto client = connect_as("web");
    client->send("GET /1 HTTP/1.1\r\nHost: p\r\n\r\n");
    until_application_has("/1");
    app().send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    until_has(*client, "200 OK");
    until([&] { return worker().pool.idle_count() == 1; }, "the connection to be pooled");
    client->send("POST /pay HTTP/1.1\r\nHost: p\r\n\r\n");
    until_application_has("/pay");
    app().close();
    until_has(*client, "upstream_closed");
    EXPECT_EQ(application.connections.size(), 1U);
}

TEST_F(InboundExchange, RequestWithABodyThatMayHaveArrivedIsNotSentTwice) {
    open_for_all();
    auto client = connect_as("web");
    client->send("GET /1 HTTP/1.1\r\nHost: p\r\n\r\n");
    until_application_has("/1");
    app().send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    until_has(*client, "200 OK");
    until([&] { return worker().pool.idle_count() == 1; }, "the connection to be pooled");
    client->send("POST /pay HTTP/1.1\r\nHost: p\r\nContent-Length: 2\r\n\r\nhi");
    until_application_has("/pay");
    app().close();
    until_has(*client, "upstream_closed");
    EXPECT_EQ(application.connections.size(), 1U);
}

TEST_F(InboundExchange, EarlyAnswerEndsAnUploadThatWasStillGoingOn) {
    open_for_all();
    auto client = connect_as("web");
    client->send("POST / HTTP/1.1\r\nHost: p\r\nContent-Length: 1000000\r\n\r\nabc");
    until_application_has("abc");
    app().send("HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n");
    until([&] { return client->is_at_end; }, "the connection to close");
    EXPECT_TRUE(client->has("413 Too Large"));
}

TEST_F(InboundExchange, UpgradeBecomesATunnelOnlyAfter101) {
    open_for_all();
    auto client = connect_as("web");
    client->send(
        "GET /ws HTTP/1.1\r\nHost: p\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nearly"
    );
    until_application_has("\r\n\r\n");
    EXPECT_FALSE(app().has("early")) << "no byte goes on before 101";
    app().send(
        "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
    );
    until_has(*client, "101 Switching");
    until_application_has("early");
    app().send("down");
    until_has(*client, "down");
}

TEST_F(InboundExchange, SwitchingProtocolsUnaskedIsMalformed) {
    open_for_all();
    auto client = connect_as("web");
    client->send("GET / HTTP/1.1\r\nHost: p\r\n\r\n");
    until_application_has("\r\n\r\n");
    app().send("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n");
    until_has(*client, "upstream_malformed");
}

TEST_F(InboundExchange, DribbledHeadIsAnswered408) {
    open_for_all();
    auto client = connect_as("web");
    client->send("GET / HT");
    settle();  // the bytes are read
    pass_time(std::chrono::milliseconds(configuration.limits.head_ms_max + 200));
    until([&] { return client->is_at_end; }, "the connection to close");
    EXPECT_TRUE(client->has("HTTP/1.1 408 "));
    EXPECT_TRUE(application.connections.empty());
}

TEST_F(InboundExchange, DrainingAnswersWithConnectionClose) {
    open_for_all();
    auto client = connect_as("web");
    client->send("GET / HTTP/1.1\r\nHost: p\r\n\r\n");
    until_application_has("\r\n\r\n");
    worker().begin_drain();
    app().send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    until([&] { return client->is_at_end; }, "the connection to close");
    EXPECT_TRUE(client->has("ok")) << "nothing in flight is lost";
}

}  // namespace
}  // namespace proxy::inbound
