// Who is let in, by which rule, and what the application and the caller see of that.
#include "tests/proxy/inbound_http.hpp"

#include "proxy/inbound/http.hpp"
#include "telemetry/log.hpp"
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

class InboundHttp : public InboundHttpTest {};

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
    configuration.policy.mtls = policy::MtlsMode::strict;
    open_for_all();
    auto client = connect_as("");
    client->send("GET / HTTP/1.1\r\nHost: p\r\n\r\n");
    until_has(*client, "mtls_required");
    until([&] { return client->is_at_end; }, "the connection to close");
    EXPECT_TRUE(application.connections.empty());
}

TEST_F(InboundHttp, MtlsModeOfAPortIsForThatPortAlone) {
    configuration.policy.mtls = policy::MtlsMode::strict;
    configuration.policy.port_mtls = {{8081, policy::MtlsMode::permissive}};
    open_for_all();
    auto probe = connect_as("", 8081);
    probe->send("GET /healthz HTTP/1.1\r\nHost: p\r\n\r\n");
    until_application_has("GET /healthz");
    auto refused = connect_as("", 8080);
    refused->send("GET /refused HTTP/1.1\r\nHost: p\r\n\r\n");
    until_has(*refused, "mtls_required");
    EXPECT_EQ(application.connections.size(), 1U);
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
    configuration.policy.mtls = policy::MtlsMode::strict;
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

TEST_F(InboundHttp, AbsoluteFormReachesTheApplicationInOriginForm) {
    open_for_all();
    auto client = connect_as("web");
    client->send("GET http://pay/a%2Fb?x=1 HTTP/1.1\r\nHost: pay\r\n\r\n");
    until_application_has("\r\n\r\n");
    EXPECT_TRUE(app().received.starts_with("GET /a%2Fb?x=1 HTTP/1.1\r\n")) << app().received;
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

}  // namespace
}  // namespace proxy::inbound
