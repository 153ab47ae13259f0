// References that multiply: what one snapshot holds is bounded, and what does not fit denies or is
// slower, but never allows more.
#include "tests/policy/world.hpp"

#include <gmock/gmock.h>

namespace policy::test {
namespace {

using testing::IsEmpty;

std::string many_matches(int count) {
    std::string matches = "[";
    for (int i = 0; i < count; ++i) {
        matches += "{name: m" + std::to_string(i) + ", pathRegex: '/p" + std::to_string(i) + "$'},";
    }
    return matches + "]";
}

std::string target_from(const std::string& name, const std::string& sources) {
    return "---\napiVersion: access.smi-spec.io/v1alpha3\nkind: TrafficTarget\nmetadata: {name: " +
           name +
           "}\nspec: {destination: {kind: ServiceAccount, name: pay, namespace: shop}, sources: [" +
           sources + "], rules: [{kind: HTTPRouteGroup, name: g}]}\n";
}

std::string source(int number) {
    return "{kind: ServiceAccount, namespace: shop, name: s" + std::to_string(number) + "},";
}

std::string ports_to(int last) {
    std::string ports;
    for (int port = 1; port <= last; ++port) {
        ports += std::to_string(port) + ',';
    }
    return ports;
}

TEST(Room, DeniesTheTargetsThatNoLongerFit) {
    std::string manifests = tcp_route("r", ports_to(49'000));
    for (char name = 'a'; name < 'v'; ++name) {
        manifests += target(std::string(1, name), "[{kind: TCPRoute, name: r}]");
    }
    World world(manifests);
    EXPECT_EQ(ask_tcp(world, account("web"), 49'000).rule.name, "a");
    EXPECT_EQ(world.codes(), (std::vector<std::string>{"policy_too_large"}));
    EXPECT_EQ(world.problems.front().severity, Severity::error);
    EXPECT_EQ(world.problems.front().object, "TrafficTarget shop/u");
}

TEST(Room, IsNotUsedUpByWhatTargetsShare) {
    std::string manifests = group("g", many_matches(2000));
    for (int i = 0; i < 1000; ++i) {
        manifests += target_from("t" + std::to_string(i), source(i));
    }
    World world(manifests);
    EXPECT_THAT(world.codes(), IsEmpty());
    EXPECT_EQ(word(ask_http(world, account("s999"), {.path = "/p1999"})), "allowed");
}

TEST(Room, DecidesTheSameWhereThereIsNoneForAnIndex) {
    std::string manifests = group("g", many_matches(10'001));
    for (int i = 0; i < 100; ++i) {
        manifests += target_from("t" + std::to_string(i), source(1) + (i == 7 ? source(2) : ""));
    }
    World world(manifests);
    EXPECT_THAT(world.codes(), IsEmpty());
    for (const char* peer : {"s1", "s2"}) {
        EXPECT_EQ(word(ask_http(world, account(peer), {.path = "/p10000"})), "allowed") << peer;
        EXPECT_EQ(word(ask_http(world, account(peer), {.path = "/p"})), "route_not_allowed")
            << peer;
    }
}

TEST(Room, LeavesPortsOfAServiceWithoutEndpoints) {
    std::string ports;
    std::string endpoints;
    for (int i = 1; i <= 1100; ++i) {
        ports += "{name: p" + std::to_string(i) + ", port: " + std::to_string(i) + "},";
        endpoints += "{addresses: [10.1." + std::to_string(i / 200) + '.' +
                     std::to_string(i % 200 + 1) + "]},";
    }
    World world(
        "apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {clusterIP: 10.9.0.1, ports: "
        "[" +
        ports +
        "]}\n---\napiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\nmetadata: {name: web-1, "
        "labels: {kubernetes.io/service-name: web}}\naddressType: IPv4\n"
        "ports: [{name: p1, port: 1}, {name: p1100, port: 1100}]\nendpoints: [" +
        endpoints + "]\n"
    );
    const auto reason = [&](const char* address) {
        return route_tcp(world.snapshot(), {*parse_socket_address(address)}).reason;
    };
    EXPECT_EQ(reason("10.9.0.1:1"), Reason::routed);
    EXPECT_EQ(reason("10.9.0.1:1100"), Reason::no_endpoint);
    EXPECT_EQ(world.codes(), (std::vector<std::string>{"policy_too_large"}));
}

TEST(Room, IgnoresASplitAmongTooManyBackends) {
    std::string ports;
    std::string backends;
    for (int i = 1; i <= 1100; ++i) {
        ports += "{name: p" + std::to_string(i) + ", port: " + std::to_string(i) + "},";
        backends += "{service: b" + std::to_string(i) + ", weight: 1},";
    }
    World world(
        "apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {clusterIP: 10.9.0.1, ports: "
        "[" +
        ports + "]}\n" + split("s", "web", "[" + backends + "]")
    );
    const Route route = route_tcp(world.snapshot(), {*parse_socket_address("10.9.0.1:1")});
    EXPECT_EQ(route.reason, Reason::no_endpoint);
    EXPECT_TRUE(route.split_name.empty());
    EXPECT_EQ(world.codes(), (std::vector<std::string>{"policy_too_large"}));
}

}  // namespace
}  // namespace policy::test
