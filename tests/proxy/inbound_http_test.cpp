#include "proxy/inbound/http.hpp"
#include "telemetry/log.hpp"
#include "tests/support/data_path.hpp"
#include "tests/support/stderr_pipe.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace proxy::inbound {
namespace {

using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;

/// From web to pay; `matches` is a YAML flow list.
std::string allow(const std::string& matches) {
    return R"(
apiVersion: specs.smi-spec.io/v1alpha4
kind: HTTPRouteGroup
metadata: {name: routes}
spec: {matches: )" +
           matches + R"(}
---
apiVersion: access.smi-spec.io/v1alpha3
kind: TrafficTarget
metadata: {name: web-to-pay}
spec:
  destination: {kind: ServiceAccount, name: pay}
  rules: [{kind: HTTPRouteGroup, name: routes}]
  sources: [{kind: ServiceAccount, name: web}]
)";
}

constexpr const char* k_books = "[{name: books, pathRegex: /books, methods: [GET]}]";

class InboundHttp : public test::DataPath {
 protected:
    /// Serves one connection of `service_account` (empty: plain, unauthenticated) as if its
    /// handshake were over.
    std::unique_ptr<test::Peer> connect_as(
        const std::string& service_account, std::uint16_t pod_port = 8080
    ) {
        auto [peer, served] = connect();
        loop.spawn(serve(std::move(served), service_account, pod_port));
        return std::move(peer);
    }

    std::chrono::system_clock::time_point peer_not_after =
        std::chrono::system_clock::time_point::max();

    io::Awaitable<void> serve(
        io::Socket socket, std::string service_account, std::uint16_t pod_port
    ) {
        Connection connection{
            inbound(),
            net::Stream(std::move(socket)),
            net::Buffer(configuration.limits.buffer_bytes),
            net::Deadline(worker().clock),
            pod_port,
            application.address(),
            false,
            std::nullopt,
            false
        };
        connection.deadline.watch(&connection.stream.socket());
        if (!service_account.empty()) {
            connection.peer = policy::Identity{"cluster.local", "shop", service_account};
            connection.is_mesh = true;
            connection.peer_not_after = peer_not_after;
        }
        co_await serve_http(connection);
    }

    InboundContext& inbound() {
        if (!inbound_) {
            inbound_ = std::make_unique<InboundContext>(worker());
        }
        return *inbound_;
    }

    void open_for_all() {
        configuration.policy.access = policy::AccessMode::off;
        adopt("");
    }

    void until_application_has(std::string_view text) {
        until(
            [&] { return !application.connections.empty() && app().has(text); },
            std::string("the application to get ") + std::string(text)
        );
    }
    void until_has(test::Peer& peer, std::string_view text) {
        until([&] { return peer.has(text); }, text);
    }
    test::Peer& app() { return *application.connections.back(); }
    /// What the application got on all its connections.
    std::string app_text() {
        std::string all;
        for (const auto& connection : application.connections) {
            all += connection->received;
        }
        return all;
    }
    static int count_in(std::string_view text, std::string_view part) {
        int count = 0;
        for (std::size_t at = text.find(part); at != std::string_view::npos;
             at = text.find(part, at + part.size())) {
            ++count;
        }
        return count;
    }

    test::Application application{loop};

 private:
    std::unique_ptr<InboundContext> inbound_;
};

TEST_F(InboundHttp, AllowedRequestReachesTheApplicationAndItsAnswerComesBack) {
    adopt(allow(k_books));
    auto client = connect_as("web");
    client->send("GET /books HTTP/1.1\r\nHost: pay\r\nX-Case: Kept\r\n\r\n");
    until_application_has("\r\n\r\n");
    EXPECT_EQ(app().received, "GET /books HTTP/1.1\r\nHost: pay\r\nX-Case: Kept\r\n\r\n");
    app().send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Reply: Kept\r\n\r\nhi");
    until_has(*client, "hi");
    EXPECT_EQ(client->received, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Reply: Kept\r\n\r\nhi");
}

TEST_F(InboundHttp, DeniedRequestGetsAReasonAndNeverReachesTheApplication) {
    adopt(allow(k_books));
    auto client = connect_as("web");
    client->send("POST /books HTTP/1.1\r\nHost: pay\r\nContent-Length: 2\r\n\r\nhi");
    until_has(*client, "route_not_allowed");
    EXPECT_TRUE(client->has("HTTP/1.1 403 "));
    EXPECT_TRUE(client->has("shop/web-to-pay")) << "authenticated peers are told the nearest";
    EXPECT_TRUE(application.connections.empty());
}

TEST_F(InboundHttp, EachRequestOfAConnectionIsJudgedOnItsOwn) {
    adopt(allow(k_books));
    auto client = connect_as("web");
    client->send("GET /admin HTTP/1.1\r\nHost: p\r\n\r\nGET /books HTTP/1.1\r\nHost: p\r\n\r\n");
    until_application_has("/books");
    EXPECT_FALSE(app().has("/admin"));
    app().send("HTTP/1.1 204 No Content\r\n\r\n");
    until_has(*client, "204 No Content");
    EXPECT_LT(client->received.find("403"), client->received.find("204"));
}

TEST_F(InboundHttp, UnlistedPeerIsDenied) {
    adopt(allow(k_books));
    auto client = connect_as("eve");
    client->send("GET /books HTTP/1.1\r\nHost: p\r\n\r\n");
    until_has(*client, "source_not_allowed");
    EXPECT_TRUE(application.connections.empty());
}

/// A target whose source are the pods labelled app=web; the only such pod has `address`.
std::string allow_pod_at(const std::string& address) {
    return R"(
apiVersion: v1
kind: Pod
metadata: {name: web-1, labels: {app: web}}
spec: {serviceAccountName: web}
status: {podIP: )" +
           address + R"(}
---
apiVersion: access.smi-spec.io/v1alpha4
kind: IdentityBinding
metadata: {name: web}
spec: {schemes: {podLabelSelector: {matchLabels: {app: web}}}}
---
apiVersion: specs.smi-spec.io/v1alpha4
kind: TCPRoute
metadata: {name: any}
spec: {matches: {ports: []}}
---
apiVersion: access.smi-spec.io/v1alpha4
kind: TrafficTarget
metadata: {name: web-to-pay}
spec:
  destination: {kind: ServiceAccount, name: pay}
  rules: [{kind: TCPRoute, name: any}]
  sources: [{kind: IdentityBinding, name: web}]
)";
}

TEST_F(InboundHttp, SelectedPodIsKnownByItsAddressAndItsIdentity) {
    adopt(allow_pod_at("127.0.0.1"));
    auto client = connect_as("web");
    client->send("GET /books HTTP/1.1\r\nHost: p\r\n\r\n");
    until_application_has("GET /books");
}

TEST_F(InboundHttp, IdentityOfASelectedPodIsNotEnoughFromAnotherAddress) {
    adopt(allow_pod_at("127.0.0.9"));
    auto client = connect_as("web");
    client->send("GET /books HTTP/1.1\r\nHost: p\r\n\r\n");
    until_has(*client, "source_not_allowed");
    EXPECT_TRUE(application.connections.empty());
}

TEST_F(InboundHttp, UnauthenticatedPeerLearnsNoTarget) {
    adopt(allow(k_books));
    auto client = connect_as("");
    client->send("GET /books HTTP/1.1\r\nHost: p\r\n\r\n");
    until_has(*client, "unauthenticated");
    EXPECT_FALSE(client->has("web-to-pay"));
    EXPECT_TRUE(application.connections.empty());
}

TEST_F(InboundHttp, PlaintextOnAStrictPortIsRefusedEvenWhenAccessIsOff) {
    configuration.mtls = MtlsMode::strict;
    open_for_all();
    auto client = connect_as("");
    client->send("GET / HTTP/1.1\r\nHost: p\r\n\r\n");
    until_has(*client, "mtls_required");
    until([&] { return client->is_at_end; }, "the connection to close");
    EXPECT_TRUE(application.connections.empty());
}

TEST_F(InboundHttp, DeniesWhileNoSnapshotIsThere) {
    auto client = connect_as("web");
    client->send("GET / HTTP/1.1\r\nHost: p\r\n\r\n");
    until_has(*client, "not_ready");
    EXPECT_TRUE(client->has("HTTP/1.1 503 "));
    EXPECT_TRUE(application.connections.empty());
}

TEST_F(InboundHttp, AuditModeLetsPassWhatItWouldDenyAndCountsAndLogsTheReason) {
    configuration.policy.access = policy::AccessMode::audit;
    adopt(allow(k_books));
    ::test::StderrPipe standard_error;
    {
        const telemetry::LogWriter writer(telemetry::LogLevel::info);
        auto client = connect_as("web");
        client->send("GET /admin?token=x HTTP/1.1\r\nHost: p\r\n\r\n");
        until_application_has("GET /admin?token=x");
    }
    EXPECT_THAT(
        metric("inbound_http_authz_audit_total"),
        AllOf(HasSubstr("reason=\"route_not_allowed\""), EndsWith(" 1"))
    );
    EXPECT_EQ(metric("inbound_http_authz_deny_total"), "");
    EXPECT_THAT(
        standard_error.text(),
        EndsWith("info audit: would deny GET /admin on port 8080 from "
                 "spiffe://cluster.local/ns/shop/sa/web: route_not_allowed (nearest TrafficTarget "
                 "shop/web-to-pay)\n")
    );
}

TEST_F(InboundHttp, AuditModeWritesFewLinesAndCountsAll) {
    configuration.policy.access = policy::AccessMode::audit;
    adopt(allow(k_books));
    ::test::StderrPipe standard_error;
    {
        const telemetry::LogWriter writer(telemetry::LogLevel::info);
        auto client = connect_as("eve");
        for (int i = 0; i < 50; ++i) {
            client->send("GET /admin HTTP/1.1\r\nHost: p\r\n\r\n");
            until([&] { return count_in(app_text(), "GET /admin") == i + 1; }, "the request");
            app().send("HTTP/1.1 204 No Content\r\n\r\n");
            until([&] { return count_in(client->received, "204") == i + 1; }, "the answer");
        }
        // A second later there is room again, and the line tells of those before it.
        pass_time(std::chrono::seconds(2));
        client->send("GET /late HTTP/1.1\r\nHost: p\r\n\r\n");
        until([&] { return application.connections.back()->has("/late"); }, "the last request");
    }
    EXPECT_THAT(metric("inbound_http_authz_audit_total"), EndsWith(" 51"));
    const std::string text = standard_error.text();
    EXPECT_EQ(count_in(text, "would deny"), 11);
    EXPECT_THAT(text, HasSubstr("(40 such lines before this one left out)"));
}

TEST_F(InboundHttp, AuditModeLetsPassAPathWithoutCanonicalFormAsItWasSent) {
    configuration.policy.access = policy::AccessMode::audit;
    adopt(allow(k_books));
    auto client = connect_as("web");
    client->send("GET /books%2Fx//y HTTP/1.1\r\nHost: p\r\n\r\n");
    until_application_has("GET /books%2Fx//y HTTP/1.1\r\n");
    EXPECT_THAT(metric("inbound_http_authz_audit_total"), HasSubstr("reason=\"path_refused\""));
}

TEST_F(InboundHttp, ModeOfAPortIsForThatPortAlone) {
    configuration.policy.port_access = {
        {8080, policy::AccessMode::audit}, {8081, policy::AccessMode::off}
    };
    adopt(allow(k_books));
    auto audited = connect_as("eve", 8080);
    audited->send("GET /audited HTTP/1.1\r\nHost: p\r\n\r\n");
    until_application_has("GET /audited");
    auto open = connect_as("eve", 8081);
    open->send("GET /open HTTP/1.1\r\nHost: p\r\n\r\n");
    until_application_has("GET /open");
    auto closed = connect_as("eve", 8082);
    closed->send("GET /closed HTTP/1.1\r\nHost: p\r\n\r\n");
    until_has(*closed, "source_not_allowed");
    EXPECT_EQ(application.connections.size(), 2U);
    EXPECT_THAT(metric("inbound_http_authz_audit_total"), HasSubstr("target_port=\"8080\""));
    EXPECT_THAT(
        metric("inbound_http_authz_allow_total"),
        AllOf(HasSubstr("target_port=\"8081\""), HasSubstr("reason=\"access_off\""))
    );
    EXPECT_THAT(metric("inbound_http_authz_deny_total"), HasSubstr("target_port=\"8082\""));
}

TEST_F(InboundHttp, OffJudgesNothingNotEvenThePath) {
    configuration.policy.access = policy::AccessMode::off;
    adopt(allow(k_books));
    auto client = connect_as("eve");
    client->send("GET /a/../b%2Fc HTTP/1.1\r\nHost: p\r\n\r\n");
    until_application_has("GET /a/../b%2Fc HTTP/1.1\r\n");
}

TEST_F(InboundHttp, NoModeLetsPlaintextIntoAStrictPortByAPathWithoutCanonicalForm) {
    configuration.mtls = MtlsMode::strict;
    configuration.policy.access = policy::AccessMode::audit;
    adopt(allow(k_books));
    auto client = connect_as("");
    client->send("GET /books%2Fx HTTP/1.1\r\nHost: p\r\n\r\n");
    until_has(*client, "mtls_required");
    EXPECT_TRUE(application.connections.empty());
}

TEST_F(InboundHttp, NamespaceAnnotationChangesTheModeOfTheNextRequest) {
    const std::string audit =
        "\n---\napiVersion: v1\nkind: Namespace\n"
        "metadata: {name: shop, annotations: {smilax.dev/access: audit}}\n";
    adopt(allow(k_books) + audit);
    auto client = connect_as("eve");
    client->send("GET /1 HTTP/1.1\r\nHost: p\r\n\r\n");
    until_application_has("GET /1");
    app().send("HTTP/1.1 204 No Content\r\n\r\n");
    until_has(*client, "204 No Content");
    adopt(allow(k_books));
    client->send("GET /2 HTTP/1.1\r\nHost: p\r\n\r\n");
    until_has(*client, "source_not_allowed");
    EXPECT_FALSE(app().has("GET /2"));
}

TEST_F(InboundHttp, UnauthenticatedPeerPassesInAuditModeWhereMtlsIsPermissive) {
    configuration.policy.access = policy::AccessMode::audit;
    adopt(allow(k_books));
    auto client = connect_as("");
    client->send("GET /books HTTP/1.1\r\nHost: p\r\n\r\n");
    until_application_has("GET /books");
}

TEST_F(InboundHttp, ApplicationGetsTheCanonicalPathThatWasMatched) {
    adopt(allow(k_books));
    auto client = connect_as("web");
    client->send("GET //x/../%62ooks?a=%2F HTTP/1.1\r\nHost: p\r\n\r\n");
    until_application_has("\r\n\r\n");
    EXPECT_TRUE(app().has("GET /books?a=%2F HTTP/1.1\r\n"));
}

TEST_F(InboundHttp, PathWithAnEscapedSlashIsRefusedUnderAPathRule) {
    adopt(allow(k_books));
    auto client = connect_as("web");
    client->send("GET /books%2Fx HTTP/1.1\r\nHost: p\r\n\r\n");
    until_has(*client, "path_refused");
    EXPECT_TRUE(client->has("HTTP/1.1 400 "));
    EXPECT_TRUE(application.connections.empty());
}

TEST_F(InboundHttp, BackslashesAndEscapedOnesAreRefusedUnderAPathRule) {
    adopt(allow(k_books));
    for (const std::string path : {"/books%5Cx", "/books%5cx", "/books\\x", "/books%2fx"}) {
        auto client = connect_as("web");
        client->send("GET " + path + " HTTP/1.1\r\nHost: p\r\n\r\n");
        until_has(*client, "path_refused");
        EXPECT_TRUE(client->has("HTTP/1.1 400 ")) << path;
    }
    EXPECT_TRUE(application.connections.empty());
}

TEST_F(InboundHttp, EscapedSlashStaysAndIsMatchedAsItIsWhenTold) {
    configuration.policy.keep_escaped_slash = true;
    adopt(allow(k_books));
    auto client = connect_as("web");
    client->send("GET /x%2F..%2Fbooks HTTP/1.1\r\nHost: p\r\n\r\n");
    until_has(*client, "route_not_allowed");
    EXPECT_TRUE(client->has("HTTP/1.1 403 "));
    client->send("GET /books%2Fx HTTP/1.1\r\nHost: p\r\n\r\n");
    until_application_has("\r\n\r\n");
    EXPECT_TRUE(app().has("GET /books%2Fx HTTP/1.1\r\n"));
}

TEST_F(InboundHttp, EscapedSlashIsNobodysConcernWhereNoPathRuleIs) {
    adopt(allow("[{name: all}]"));
    auto client = connect_as("web");
    client->send("GET /a%2F../b\\c HTTP/1.1\r\nHost: p\r\n\r\n");
    until_application_has("\r\n\r\n");
    EXPECT_TRUE(app().has("GET /a%2F../b\\c HTTP/1.1\r\n"));
}

TEST_F(InboundHttp, QueryIsNeverPartOfWhatIsMatched) {
    adopt(allow("[{name: books, pathRegex: '/books$'}]"));
    auto client = connect_as("web");
    client->send("GET /admin?/books HTTP/1.1\r\nHost: p\r\n\r\n");
    until_has(*client, "route_not_allowed");
    client->send("GET /books?x=/../admin%2F HTTP/1.1\r\nHost: p\r\n\r\n");
    until_application_has("\r\n\r\n");
    EXPECT_TRUE(app().has("GET /books?x=/../admin%2F HTTP/1.1\r\n"));
}

TEST_F(InboundHttp, MalformedRequestGets400AndNeverReachesTheApplication) {
    open_for_all();
    auto client = connect_as("web");
    client->send(
        "GET / HTTP/1.1\r\nHost: p\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n"
    );
    until([&] { return client->is_at_end; }, "the connection to close");
    EXPECT_TRUE(client->has("HTTP/1.1 400 "));
    EXPECT_TRUE(application.connections.empty());
}

TEST_F(InboundHttp, KeptApplicationConnectionIsUsedAgain) {
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

TEST_F(InboundHttp, IdleApplicationConnectionIsClosedInTime) {
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

TEST_F(InboundHttp, ChunkedBodiesStreamBothWaysWithTrailers) {
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

TEST_F(InboundHttp, ManySmallChunksInOneSegmentAllGoOn) {
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

TEST_F(InboundHttp, InterimResponseLetsAnExpectingClientSendItsBody) {
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

TEST_F(InboundHttp, DeniedExpectingClientIsAnsweredWithoutItsBody) {
    adopt(allow(k_books));
    auto client = connect_as("web");
    client->send("PUT / HTTP/1.1\r\nHost: p\r\nContent-Length: 9\r\nExpect: 100-continue\r\n\r\n");
    until([&] { return client->is_at_end; }, "the connection to close");
    EXPECT_TRUE(client->has("HTTP/1.1 403 "));
    EXPECT_FALSE(client->has("100 Continue"));
}

TEST_F(InboundHttp, HeadResponseHasNoBodyWhateverItsLength) {
    open_for_all();
    auto client = connect_as("web");
    client->send("HEAD / HTTP/1.1\r\nHost: p\r\n\r\nGET /2 HTTP/1.1\r\nHost: p\r\n\r\n");
    until_application_has("HEAD /");
    app().send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n");
    until_application_has("/2");
    EXPECT_TRUE(client->has("Content-Length: 100\r\n\r\n"));
}

TEST_F(InboundHttp, OldClientGetsAChunkedBodyUntilClose) {
    open_for_all();
    auto client = connect_as("web");
    client->send("GET / HTTP/1.0\r\n\r\n");
    until_application_has("\r\n\r\n");
    app().send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n");
    until([&] { return client->is_at_end; }, "the connection to close");
    EXPECT_TRUE(client->received.ends_with("\r\n\r\nabc"));
}

TEST_F(InboundHttp, ConnectionCloseIsHonoured) {
    open_for_all();
    auto client = connect_as("web");
    client->send("GET / HTTP/1.1\r\nHost: p\r\nConnection: close\r\n\r\n");
    until_application_has("\r\n\r\n");
    EXPECT_FALSE(app().has("close")) << "each hop has its own connections";
    app().send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    until([&] { return client->is_at_end; }, "the connection to close");
    EXPECT_TRUE(client->has("onnection: close"));
}

TEST_F(InboundHttp, ApplicationThatCannotBeReachedIs503) {
    open_for_all();
    application.stop_listening();
    auto client = connect_as("web");
    // Its port is free again, so the connect is refused.
    client->send("GET / HTTP/1.1\r\nHost: p\r\n\r\n");
    until_has(*client, "upstream_connect_failed");
    EXPECT_TRUE(client->has("HTTP/1.1 503 "));
}

TEST_F(InboundHttp, ApplicationThatClosesWithoutAnswerIs502) {
    open_for_all();
    auto client = connect_as("web");
    client->send("GET / HTTP/1.1\r\nHost: p\r\n\r\n");
    until_application_has("\r\n\r\n");
    app().close();
    until_has(*client, "upstream_closed");
    EXPECT_TRUE(client->has("HTTP/1.1 502 "));
}

TEST_F(InboundHttp, MalformedAnswerIs502AndItsConnectionIsNotReused) {
    open_for_all();
    auto client = connect_as("web");
    client->send("GET / HTTP/1.1\r\nHost: p\r\n\r\n");
    until_application_has("\r\n\r\n");
    app().send("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx");
    until_has(*client, "upstream_malformed");
    EXPECT_TRUE(client->has("HTTP/1.1 502 "));
    EXPECT_EQ(worker().pool.idle_count(), 0U);
}

TEST_F(InboundHttp, ResponseThatBreaksOffBreaksTheClientsConnection) {
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

TEST_F(InboundHttp, ReusedConnectionThatDiedIsReplacedOnce) {
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

TEST_F(InboundHttp, RequestThatKillsConnectionsIsSentTwiceAtMost) {
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

TEST_F(InboundHttp, RequestThatIsNotIdempotentIsNotSentTwiceEvenWithoutABody) {
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

TEST_F(InboundHttp, RequestsOfOneConnectionCountUnderTheRuleThatDecidedEach) {
    // More rules than a connection remembers, twice over, and then others in a new snapshot.
    const auto rules = [](const std::string& prefix) {
        std::string list;
        for (int i = 0; i < 6; ++i) {
            const std::string name = prefix + std::to_string(i);
            list += (i == 0 ? "" : ", ") + ("{name: " + name + ", pathRegex: /" + name + "}");
        }
        return "[" + list + "]";
    };
    auto client = connect_as("web");
    const auto ask_all = [&](const std::string& prefix) {
        for (int i = 0; i < 6; ++i) {
            client->received.clear();
            client->send("GET /" + prefix + std::to_string(i) + " HTTP/1.1\r\nHost: p\r\n\r\n");
            until_application_has("\r\n\r\n");
            app().received.clear();
            app().send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
            until_has(*client, "200 OK");
        }
    };
    adopt(allow(rules("old")));
    ask_all("old");
    ask_all("old");
    adopt(allow(rules("new")));
    ask_all("new");
    const std::string requests = metric("request_total");
    for (int i = 0; i < 6; ++i) {
        const std::string place = std::to_string(i) + "\"";
        EXPECT_THAT(requests, ::testing::ContainsRegex("route_name=\"old" + place + ".*} 2"));
        EXPECT_THAT(requests, ::testing::ContainsRegex("route_name=\"new" + place + ".*} 1"));
    }
    EXPECT_THAT(metric("inbound_http_authz_allow_total"), EndsWith(" 18"));
}

TEST_F(InboundHttp, PeerWhoseCertificateHasEndedIsServedNoMore) {
    open_for_all();
    peer_not_after = std::chrono::system_clock::now() - std::chrono::seconds(1);
    auto client = connect_as("web");
    client->send("GET / HTTP/1.1\r\nHost: p\r\n\r\n");
    until([&] { return client->is_at_end; }, "the connection to close");
    EXPECT_TRUE(application.connections.empty());
}

TEST_F(InboundHttp, AbsoluteFormReachesTheApplicationInOriginForm) {
    open_for_all();
    auto client = connect_as("web");
    client->send("GET http://pay/a%2Fb?x=1 HTTP/1.1\r\nHost: pay\r\n\r\n");
    until_application_has("\r\n\r\n");
    EXPECT_TRUE(app().received.starts_with("GET /a%2Fb?x=1 HTTP/1.1\r\n")) << app().received;
}

TEST_F(InboundHttp, RequestWithABodyThatMayHaveArrivedIsNotSentTwice) {
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

TEST_F(InboundHttp, EarlyAnswerEndsAnUploadThatWasStillGoingOn) {
    open_for_all();
    auto client = connect_as("web");
    client->send("POST / HTTP/1.1\r\nHost: p\r\nContent-Length: 1000000\r\n\r\nabc");
    until_application_has("abc");
    app().send("HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n");
    until([&] { return client->is_at_end; }, "the connection to close");
    EXPECT_TRUE(client->has("413 Too Large"));
}

TEST_F(InboundHttp, UpgradeBecomesATunnelOnlyAfter101) {
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

TEST_F(InboundHttp, SwitchingProtocolsUnaskedIsMalformed) {
    open_for_all();
    auto client = connect_as("web");
    client->send("GET / HTTP/1.1\r\nHost: p\r\n\r\n");
    until_application_has("\r\n\r\n");
    app().send("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n");
    until_has(*client, "upstream_malformed");
}

TEST_F(InboundHttp, TunnelIsCutWhenANewSnapshotDeniesIt) {
    adopt(allow(k_books));
    auto client = connect_as("web");
    client->send(
        "GET /books HTTP/1.1\r\nHost: p\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
    );
    until_application_has("\r\n\r\n");
    app().send(
        "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
    );
    until_has(*client, "101 Switching");
    client->send("up");
    until_application_has("up");
    adopt("");
    EXPECT_EQ(inbound().live.review(**worker().snapshot), 1U);
    until([&] { return client->is_at_end && app().is_at_end; }, "both sides to be cut");
}

TEST_F(InboundHttp, DribbledHeadIsAnswered408) {
    open_for_all();
    auto client = connect_as("web");
    client->send("GET / HT");
    settle();  // the bytes are read
    pass_time(std::chrono::milliseconds(configuration.limits.head_ms_max + 200));
    until([&] { return client->is_at_end; }, "the connection to close");
    EXPECT_TRUE(client->has("HTTP/1.1 408 "));
    EXPECT_TRUE(application.connections.empty());
}

TEST_F(InboundHttp, DrainingAnswersWithConnectionClose) {
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
