#include "proxy/outbound/http.hpp"
#include "telemetry/numbers.hpp"
#include "tests/support/data_path.hpp"

#include <gtest/gtest.h>

namespace proxy::outbound {
namespace {

class OutboundHttp : public test::DataPath {
 protected:
    std::unique_ptr<test::Peer> connect_application(
        std::optional<policy::SocketAddress> destination = std::nullopt
    ) {
        auto [peer, served] = connect();
        loop.spawn(serve(std::move(served), destination));
        return std::move(peer);
    }

    io::Awaitable<void> serve(io::Socket socket, std::optional<policy::SocketAddress> destination) {
        Connection connection{
            worker(),
            net::Stream(std::move(socket)),
            net::Buffer(configuration.limits.buffer_bytes),
            net::Deadline(worker().clock),
            destination
        };
        connection.deadline.watch(&connection.stream.socket());
        co_await serve_http(connection);
    }

    /// Sends one GET to `host` and lets whichever upstream gets it answer 200 with its name.
    std::string ask(test::Peer& client, const std::string& host, const std::string& headers = "") {
        client.received.clear();
        client.send("GET / HTTP/1.1\r\nHost: " + host + "\r\n" + headers + "\r\n");
        std::string answered_by = "nobody";
        until(
            [&] {
                answer(v1, "v1", answered_by);
                answer(v2, "v2", answered_by);
                return client.has("\r\n\r\n");
            },
            "an answer"
        );
        return client.has("200 OK") ? answered_by : client.received;
    }

    static void answer(test::Application& upstream, const char* name, std::string& answered_by) {
        for (auto& connection : upstream.connections) {
            if (connection->has("\r\n\r\n")) {
                connection->received.clear();
                connection->send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
                answered_by = name;
            }
        }
    }

    std::string two_services() {
        return test::service_at("api-v1", v1.address()) + test::service_at("api-v2", v2.address()) +
               "---\napiVersion: v1\nkind: Service\n"
               "metadata: {name: api}\nspec: {clusterIP: 198.19.0.1, ports: [{port: 80}]}\n";
    }
    static std::string split(int first, int second) {
        return "---\napiVersion: split.smi-spec.io/v1alpha4\nkind: TrafficSplit\n"
               "metadata: {name: api}\nspec:\n  service: api\n  backends:\n"
               "  - {service: api-v1, weight: " +
               std::to_string(first) +
               "}\n  - {service: api-v2, weight: " + std::to_string(second) + "}\n";
    }

    std::string one_service_and_an_empty_one() {
        return test::service_at("api-v1", v1.address()) +
               "---\napiVersion: v1\nkind: Service\nmetadata: {name: api-v2}\nspec: {ports: "
               "[{port: 80}]}\n---\napiVersion: v1\nkind: Service\nmetadata: {name: api}\n"
               "spec: {clusterIP: 198.19.0.1, ports: [{port: 80}]}\n";
    }
    /// "backend count" of what met a backend without endpoints.
    std::vector<std::string> empty_choices() {
        const auto numbers = worker().sheet.copy();
        std::vector<std::string> texts;
        for (std::size_t i = 0; i < numbers->empty_splits.labels.size(); ++i) {
            texts.push_back(
                numbers->empty_splits.labels[i]->backend + ' ' +
                std::to_string(numbers->empty_splits.counts[i])
            );
        }
        return texts;
    }

    test::Application v1{loop};
    test::Application v2{loop};
};

TEST_F(OutboundHttp, HostDecidesWhereAnAddressedRequestGoes) {
    adopt(two_services());
    auto client = connect_application();
    EXPECT_EQ(ask(*client, "api-v1"), "v1");
    EXPECT_EQ(ask(*client, "api-v2.shop.svc.cluster.local."), "v2");
}

TEST_F(OutboundHttp, WeightsAreKeptOverAnyRunOfRequests) {
    adopt(two_services() + split(75, 25));
    auto client = connect_application();
    int to_v1 = 0;
    for (int i = 0; i < 40; ++i) {
        to_v1 += ask(*client, "api") == "v1" ? 1 : 0;
    }
    EXPECT_GE(to_v1, 29);
    EXPECT_LE(to_v1, 31);
}

TEST_F(OutboundHttp, WeightZeroIsNever) {
    adopt(two_services() + split(0, 1));
    auto client = connect_application();
    for (int i = 0; i < 10; ++i) {
        EXPECT_EQ(ask(*client, "api"), "v2");
    }
    EXPECT_TRUE(v1.connections.empty());
}

TEST_F(OutboundHttp, NewWeightsApplyToTheNextRequestOfTheSameConnection) {
    adopt(two_services() + split(1, 0));
    auto client = connect_application();
    EXPECT_EQ(ask(*client, "api"), "v1");
    adopt(two_services() + split(0, 1));
    EXPECT_EQ(ask(*client, "api"), "v2");
}

TEST_F(OutboundHttp, RedirectedRequestToAClusterAddressIsSplitWhateverItsHost) {
    adopt(two_services() + split(0, 1));
    auto client = connect_application(policy::parse_socket_address("198.19.0.1:80"));
    EXPECT_EQ(ask(*client, "whatever.example"), "v2");
}

TEST_F(OutboundHttp, UnknownDestinationPassesThroughToWhereItWasGoing) {
    adopt("");
    auto client = connect_application(v1.address());
    EXPECT_EQ(ask(*client, "elsewhere.example"), "v1");
}

TEST_F(OutboundHttp, UnknownHostWithoutADestinationIsRefused) {
    adopt(two_services());
    auto client = connect_application();
    const std::string answer = ask(*client, "nobody.example");
    EXPECT_NE(answer.find("unknown_service"), std::string::npos) << answer;
}

TEST_F(OutboundHttp, EmptyBackendLeavesItsShareToTheOthersAndIsCounted) {
    adopt(one_service_and_an_empty_one() + split(1, 1));
    auto client = connect_application();
    for (int i = 0; i < 4; ++i) {
        EXPECT_EQ(ask(*client, "api"), "v1");
    }
    EXPECT_EQ(empty_choices(), (std::vector<std::string>{"api-v2 4"}));
}

TEST_F(OutboundHttp, EmptyBackendFailsItsShareWhenToldTo) {
    configuration.policy.empty_backends_fail = true;
    adopt(one_service_and_an_empty_one() + split(1, 1));
    auto client = connect_application();
    int failed = 0;
    for (int i = 0; i < 4; ++i) {
        const std::string answer = ask(*client, "api");
        const bool is_refused = answer.find("backend_no_endpoint") != std::string::npos;
        EXPECT_TRUE(is_refused || answer == "v1") << answer;
        failed += is_refused ? 1 : 0;
    }
    EXPECT_EQ(failed, 2);
    EXPECT_EQ(empty_choices(), (std::vector<std::string>{"api-v2 2"}));
}

TEST_F(OutboundHttp, SplitWithoutAnyUsableBackendIs503) {
    adopt(two_services() + split(0, 0));
    auto client = connect_application();
    const std::string answer = ask(*client, "api");
    EXPECT_NE(answer.find("HTTP/1.1 503 "), std::string::npos) << answer;
    EXPECT_NE(answer.find("split_no_backend"), std::string::npos) << answer;
    EXPECT_TRUE(v1.connections.empty() && v2.connections.empty());
}

TEST_F(OutboundHttp, EndpointThatRefusesIsPassedOverForItsNeighbour) {
    std::string manifests = test::service_at("api", v1.address());
    const std::string live = v1.address().ip.text();
    manifests.replace(manifests.find("[" + live), live.size() + 1, "[127.0.0.9, " + live);
    adopt(manifests);
    auto client = connect_application();
    for (int i = 0; i < 4; ++i) {
        EXPECT_EQ(ask(*client, "api"), "v1");
    }
}

TEST_F(OutboundHttp, MeshedEndpointIsNotReachedInPlaintextOnceWeHaveAnIdentity) {
    configuration.identity.source = IdentitySourceKind::files;
    std::string manifests = test::service_at("api", v1.address());
    manifests.replace(
        manifests.find("metadata: {name: api}"),
        std::string("metadata: {name: api}").size(),
        "metadata: {name: api, annotations: {smilax.dev/service-account: api}}"
    );
    adopt(manifests);
    auto client = connect_application();
    const std::string answer = ask(*client, "api");
    EXPECT_NE(answer.find("not_ready"), std::string::npos) << answer;
    for (const auto& connection : v1.connections) {
        EXPECT_TRUE(connection->received.empty());
    }
}

TEST_F(OutboundHttp, RefusesWhileNoSnapshotIsThere) {
    auto client = connect_application(v1.address());
    const std::string answer = ask(*client, "api");
    EXPECT_NE(answer.find("not_ready"), std::string::npos) << answer;
    EXPECT_TRUE(v1.connections.empty());
}

TEST_F(OutboundHttp, MalformedRequestIs400) {
    adopt(two_services());
    auto client = connect_application();
    client->send("GET / HTTP/1.1\r\nHost: api-v1\r\n Folded: x\r\n\r\n");
    until([&] { return client->is_at_end; }, "the connection to close");
    EXPECT_TRUE(client->has("HTTP/1.1 400 "));
    EXPECT_TRUE(v1.connections.empty());
}

}  // namespace
}  // namespace proxy::outbound
