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

std::string target_from(
    const std::string& name, const std::string& sources, const std::string& routes = "g"
) {
    return "---\napiVersion: access.smi-spec.io/v1alpha3\nkind: TrafficTarget\nmetadata: {name: " +
           name +
           "}\nspec: {destination: {kind: ServiceAccount, name: pay, namespace: shop}, sources: [" +
           sources + "], rules: [{kind: HTTPRouteGroup, name: " + routes + "}]}\n";
}

std::string source(int number) {
    return "{kind: ServiceAccount, namespace: shop, name: s" + std::to_string(number) + "},";
}

/// Takes all of the room but 10,000 entries.
std::string filler() {
    std::string manifests = group("g", many_matches(10'000));
    for (int i = 100; i < 199; ++i) {
        manifests += target_from("a" + std::to_string(i), source(1000));
    }
    return manifests;
}

TEST(Room, DeniesTheTargetsThatNoLongerFit) {
    World world(filler() + target_from("b-fits", source(1)) + target_from("c-does-not", source(2)));
    EXPECT_EQ(word(ask_http(world, account("s1"), {.path = "/p9999"})), "allowed");
    EXPECT_EQ(word(ask_http(world, account("s2"), {.path = "/p9999"})), "source_not_allowed");
    EXPECT_EQ(world.codes(), (std::vector<std::string>{"policy_too_large"}));
    EXPECT_EQ(world.problems.front().severity, Severity::error);
    EXPECT_EQ(world.problems.front().object, "TrafficTarget shop/c-does-not");
}

TEST(Room, DecidesTheSameWhereThereIsNoneForAnIndex) {
    // Source s is in the targets t0 … ts: lists that all differ, so that no index is shared.
    constexpr int k_targets = 50;
    std::string manifests = filler() + group("small", many_matches(20));
    for (int i = 0; i < k_targets; ++i) {
        std::string sources;
        for (int s = i; s < k_targets; ++s) {
            sources += source(s);
        }
        manifests += target_from("t" + std::to_string(i), sources, "small");
    }
    World world(manifests);
    EXPECT_THAT(world.codes(), IsEmpty());
    for (int s = 0; s < k_targets; ++s) {
        const Identity peer = account("s" + std::to_string(s));
        EXPECT_EQ(word(ask_http(world, peer, {.path = "/p19"})), "allowed") << s;
        EXPECT_EQ(word(ask_http(world, peer, {.path = "/p20"})), "route_not_allowed") << s;
    }
    EXPECT_EQ(word(ask_http(world, account("s1000"), {.path = "/p9999"})), "allowed");
}

TEST(Room, LeavesPortsOfAServiceWithoutEndpoints) {
    std::string ports;
    std::string endpoints;
    for (int i = 1; i <= 110; ++i) {
        ports += "{name: p" + std::to_string(i) + ", port: " + std::to_string(i) + "},";
        endpoints += "{addresses: [10.1.0." + std::to_string(i) + "]},";
    }
    World world(
        filler() +
        "---\napiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {clusterIP: 10.9.0.1, "
        "ports: [" +
        ports +
        "]}\n---\napiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\nmetadata: {name: web-1, "
        "labels: {kubernetes.io/service-name: web}}\naddressType: IPv4\nports: []\nendpoints: [" +
        endpoints + "]\n"
    );
    const auto reason = [&](const char* address) {
        return route_tcp(world.snapshot(), {*parse_socket_address(address)}).reason;
    };
    EXPECT_EQ(reason("10.9.0.1:1"), Reason::routed);
    EXPECT_EQ(reason("10.9.0.1:110"), Reason::no_endpoint);
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
