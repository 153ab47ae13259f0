// Raw bytes, inbound and outbound.
#include "proxy/inbound/tcp.hpp"

#include "proxy/outbound/tcp.hpp"
#include "tests/support/data_path.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace proxy {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr const char* k_allow_tcp = R"(
apiVersion: specs.smi-spec.io/v1alpha4
kind: TCPRoute
metadata: {name: all}
spec: {matches: {ports: []}}
---
apiVersion: access.smi-spec.io/v1alpha3
kind: TrafficTarget
metadata: {name: web-to-pay}
spec:
  destination: {kind: ServiceAccount, name: pay}
  rules: [{kind: TCPRoute, name: all}]
  sources: [{kind: ServiceAccount, name: web}]
)";

class Tcp : public test::DataPath {
 protected:
    /// Without an account: in plaintext.
    std::unique_ptr<test::Peer> connect_inbound(const std::string& service_account) {
        auto [peer, served] = connect();
        loop.spawn(serve_inbound(std::move(served), service_account));
        return std::move(peer);
    }
    std::unique_ptr<test::Peer> connect_outbound(const policy::SocketAddress& destination) {
        auto [peer, served] = connect();
        loop.spawn(serve_outbound(std::move(served), destination));
        return std::move(peer);
    }

    io::Awaitable<void> serve_inbound(io::Socket socket, std::string service_account) {
        if (!inbound_) {
            inbound_ = std::make_unique<inbound::InboundContext>(worker());
        }
        inbound::Connection connection{
            *inbound_,
            net::Stream(std::move(socket)),
            net::Buffer(configuration.limits.buffer_bytes),
            net::Deadline(worker().clock),
            5432,
            application.address(),
            false,
            std::nullopt,
            false
        };
        if (!service_account.empty()) {
            connection.peer = policy::Identity{"cluster.local", "shop", service_account};
            connection.is_mesh = true;
        }
        connection.deadline.watch(&connection.stream.socket());
        co_await inbound::serve_tcp(connection);
    }

    io::Awaitable<void> serve_outbound(io::Socket socket, policy::SocketAddress destination) {
        outbound::Connection connection{
            worker(),
            net::Stream(std::move(socket)),
            net::Buffer(configuration.limits.buffer_bytes),
            net::Deadline(worker().clock),
            destination
        };
        connection.deadline.watch(&connection.stream.socket());
        co_await outbound::serve_tcp(connection);
    }

    void until_connected() {
        until([&] { return !application.connections.empty(); }, "a connection");
    }
    test::Peer& app() { return *application.connections.back(); }

    test::Application application{loop};
    std::unique_ptr<inbound::InboundContext> inbound_;
};

TEST_F(Tcp, AllowedBytesGoBothWays) {
    adopt(k_allow_tcp);
    auto client = connect_inbound("web");
    client->send("up");
    until_connected();
    until([&] { return app().has("up"); }, "up");
    app().send("down");
    until([&] { return client->has("down"); }, "down");
}

TEST_F(Tcp, DeniedConnectionIsClosedBeforeTheApplicationHearsOfIt) {
    adopt(k_allow_tcp);
    auto client = connect_inbound("eve");
    client->send("up");
    until([&] { return client->is_at_end; }, "the connection to close");
    EXPECT_TRUE(application.connections.empty());
}

TEST_F(Tcp, HalfCloseIsPassedOnAndTheOtherDirectionGoesOn) {
    adopt(k_allow_tcp);
    auto client = connect_inbound("web");
    client->send("question");
    client->finish();
    until_connected();
    until([&] { return app().is_at_end; }, "the application to see FIN");
    EXPECT_TRUE(app().has("question"));
    app().send("answer");
    app().finish();
    until([&] { return client->is_at_end; }, "the client to see FIN");
    EXPECT_EQ(client->received, "answer");
}

TEST_F(Tcp, ServerMaySpeakFirst) {
    adopt(k_allow_tcp);
    auto client = connect_inbound("web");
    until_connected();
    app().send("220 ready");
    until([&] { return client->has("220 ready"); }, "the greeting");
}

TEST_F(Tcp, LiveConnectionIsCutWhenANewSnapshotDeniesIt) {
    adopt(k_allow_tcp);
    auto client = connect_inbound("web");
    client->send("up");
    until_connected();
    until([&] { return app().has("up"); }, "up");
    adopt(k_allow_tcp);
    EXPECT_EQ(inbound_->live.review(**worker().snapshot), 0U) << "still allowed";
    adopt("");
    EXPECT_EQ(inbound_->live.review(**worker().snapshot), 1U);
    until([&] { return client->is_at_end && app().is_at_end; }, "both sides to be cut");
}

TEST_F(Tcp, AuditOfAPortLetsPassAndCounts) {
    configuration.policy.port_access = {{5432, policy::AccessMode::audit}};
    adopt(k_allow_tcp);
    auto client = connect_inbound("eve");
    client->send("up");
    until_connected();
    until([&] { return app().has("up"); }, "up");
    EXPECT_THAT(
        metric("inbound_tcp_authz_audit_total"),
        AllOf(HasSubstr("reason=\"source_not_allowed\""), HasSubstr("target_port=\"5432\""))
    );
    EXPECT_EQ(metric("inbound_tcp_authz_deny_total"), "");
}

TEST_F(Tcp, AuditOfAnotherPortOpensNothing) {
    configuration.policy.port_access = {{5433, policy::AccessMode::audit}};
    adopt(k_allow_tcp);
    auto client = connect_inbound("eve");
    client->send("up");
    until([&] { return client->is_at_end; }, "the connection to close");
    EXPECT_TRUE(application.connections.empty());
    EXPECT_THAT(metric("inbound_tcp_authz_deny_total"), HasSubstr("source_not_allowed"));
}

TEST_F(Tcp, OffOfAPortJudgesNothing) {
    configuration.policy.port_access = {{5432, policy::AccessMode::off}};
    adopt("");
    auto client = connect_inbound("eve");
    client->send("up");
    until_connected();
    until([&] { return app().has("up"); }, "up");
    EXPECT_THAT(metric("inbound_tcp_authz_allow_total"), HasSubstr("reason=\"access_off\""));
}

class ModeThatOpens : public Tcp, public ::testing::WithParamInterface<const char*> {};

TEST_P(ModeThatOpens, GoingToEnforceCutsWhatIsNotAllowedAndNothingElse) {
    const std::string annotated =
        "\n---\napiVersion: v1\nkind: Namespace\n"
        "metadata: {name: shop, annotations: {smilax.dev/access: " +
        std::string(GetParam()) + "}}\n";
    adopt(k_allow_tcp + annotated);
    auto eve = connect_inbound("eve");
    eve->send("up");
    until_connected();
    until([&] { return app().has("up"); }, "up");
    auto web = connect_inbound("web");
    web->send("allowed");
    until([&] { return application.connections.size() == 2 && app().has("allowed"); }, "allowed");
    EXPECT_EQ(inbound_->live.review(**worker().snapshot), 0U) << "still the same mode";

    adopt(k_allow_tcp);
    EXPECT_EQ(inbound_->live.review(**worker().snapshot), 1U);
    until([&] { return eve->is_at_end; }, "the connection to be cut");
    web->send(" still");
    until([&] { return app().has(" still"); }, "what is allowed");
}

INSTANTIATE_TEST_SUITE_P(Annotations, ModeThatOpens, ::testing::Values("audit", "\"off\""));

TEST_F(Tcp, GoingToStrictCutsPlaintextAndNothingElse) {
    configuration.policy.mtls.reset();
    configuration.policy.access = policy::AccessMode::off;
    adopt(
        "apiVersion: v1\nkind: Namespace\n"
        "metadata: {name: shop, annotations: {smilax.dev/mtls: permissive}}\n"
    );
    auto plain = connect_inbound("");
    plain->send("up");
    until_connected();
    until([&] { return app().has("up"); }, "up");
    auto web = connect_inbound("web");
    web->send("proved");
    until([&] { return application.connections.size() == 2 && app().has("proved"); }, "proved");
    EXPECT_EQ(inbound_->live.review(**worker().snapshot), 0U) << "still the same mode";

    adopt("");
    EXPECT_EQ(inbound_->live.review(**worker().snapshot), 1U);
    until([&] { return plain->is_at_end; }, "the connection to be cut");
    web->send(" still");
    until([&] { return app().has(" still"); }, "what came inside mTLS");
}

TEST_F(Tcp, ApplicationThatBreaksOffResetsTheClient) {
    adopt(k_allow_tcp);
    auto client = connect_inbound("web");
    until_connected();
    app().send("half");
    until([&] { return client->has("half"); }, "half");
    app().reset();
    until([&] { return client->is_at_end; }, "the client to be reset");
    EXPECT_EQ(client->end, boost::asio::error::connection_reset);
}

TEST_F(Tcp, SilentConnectionEndsAtTheIdleLimit) {
    adopt(k_allow_tcp);
    auto client = connect_inbound("web");
    client->send("up");
    until_connected();
    until([&] { return app().has("up"); }, "up");
    pass_time(std::chrono::milliseconds(configuration.limits.stream_idle_ms_max + 200));
    until([&] { return client->is_at_end && app().is_at_end; }, "both sides to be closed");
}

TEST_F(Tcp, ManyBytesArriveWholeAndInOrder) {
    adopt(k_allow_tcp);
    auto client = connect_inbound("web");
    until_connected();
    std::string block;
    while (block.size() < 4 * 1024 * 1024) {
        block += std::to_string(block.size());
    }
    app().send(block);
    until([&] { return client->received.size() == block.size(); }, "all bytes");
    EXPECT_EQ(client->received, block);
}

TEST_F(Tcp, OutboundConnectionToAnUnknownAddressPassesThrough) {
    adopt("");
    auto client = connect_outbound(application.address());
    client->send("up");
    until_connected();
    until([&] { return app().has("up"); }, "up");
}

TEST_F(Tcp, OutboundConnectionIsRefusedWhileNoSnapshotIsThere) {
    auto client = connect_outbound(application.address());
    until([&] { return client->is_at_end; }, "the connection to close");
    EXPECT_TRUE(application.connections.empty());
}

}  // namespace
}  // namespace proxy
