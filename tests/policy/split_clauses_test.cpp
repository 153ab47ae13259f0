// Clauses of smi.md about splits that several parts decide together. route_test has one test for
// each simple clause.
#include "policy/route.hpp"
#include "tests/policy/world.hpp"

#include <gmock/gmock.h>

namespace policy::test {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

struct Ask {
    std::string authority = "web";
    std::string destination = {};
    std::string method = "GET";
    std::string path = "/";
    std::vector<HeaderField> headers = {};
};

/// "split: backend=weight …"; "reason" where there is no backend.
std::string text(const Route& route) {
    std::string text(route.split_name);
    text += route.reason == Reason::routed ? ":" : ": " + std::string(to_string(route.reason));
    for (const WeightedBackend& weighted : route.backends) {
        text += ' ' + weighted.backend->service + '=' + std::to_string(weighted.weight);
    }
    return text;
}

std::string http(World& world, const Ask& ask = {}) {
    HttpRouteFacts facts;
    facts.authority = ask.authority;
    if (!ask.destination.empty()) {
        facts.destination = parse_socket_address(ask.destination);
    }
    facts.method = ask.method;
    facts.path = ask.path;
    facts.headers = ask.headers;
    return text(route_http(world.snapshot(), facts));
}

std::string tcp(World& world, const std::string& destination) {
    return text(route_tcp(world.snapshot(), {*parse_socket_address(destination)}));
}

std::string services() {
    return service("web", "10.9.0.1", "10.1.0.1") + service("a", "10.9.0.2", "10.1.0.2") +
           service("b", "10.9.0.3", "10.1.0.3") + service("c", "10.9.0.4", "10.1.0.4");
}

/// A Service at ports 80 and 81 as `names` says, with an endpoint for each.
std::string two_ports(const std::string& name, const std::string& cluster_ips) {
    return "---\napiVersion: v1\nkind: Service\nmetadata: {name: " + name +
           "}\nspec: {clusterIPs: " + cluster_ips +
           ", ports: [{name: x, port: 80, targetPort: 8080}, {name: y, port: 81, targetPort: "
           "8081}]}\n"
           "---\napiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\nmetadata: {name: " +
           name + "-1, labels: {kubernetes.io/service-name: " + name +
           "}}\naddressType: IPv4\nports: [{name: x, port: 8080}, {name: y, port: 8081}]\n"
           "endpoints: [{addresses: [10.1.1.1]}]\n";
}

constexpr const char* k_match_g = ", matches: [{kind: HTTPRouteGroup, name: g}]";

TEST(SplitClauses, TakesTheRootByEveryHostAndByItsClusterIps) {  // T2
    World world(
        two_ports("web", "[10.9.0.1, 'fd00::1']") + service("a", "10.9.0.2", "10.1.0.2") +
        split("s", "web", "[{service: a, weight: 1}]")
    );
    for (const char* authority :
         {"web",
          "web:80",
          "web.shop",
          "web.shop.svc",
          "web.shop.svc.cluster.local",
          "web.shop.svc.cluster.local.:80",
          "10.9.0.1",
          "[fd00::1]:80"}) {
        EXPECT_EQ(http(world, {.authority = authority}), "s: a=1000") << authority;
    }
    for (const char* dialled : {"10.9.0.1:80", "[fd00::1]:80"}) {
        EXPECT_EQ(tcp(world, dialled), "s: a=1000") << dialled;
        EXPECT_EQ(http(world, {.authority = "other.example", .destination = dialled}), "s: a=1000")
            << dialled;
    }
}

TEST(SplitClauses, TakesAnyTotalOfWeights) {  // T4
    struct Case {
        const char* weights;
        const char* expected;
    };
    const Case cases[] = {
        {"[{service: a, weight: 1}, {service: b, weight: 2}]", "s: a=1000 b=2000"},
        {"[{service: a, weight: 1}, {service: b, weight: 9}]", "s: a=1000 b=9000"},
        {"[{service: a, weight: 600}, {service: b, weight: 400}, {service: c, weight: 7}]",
         "s: a=600000 b=400000 c=7000"},
        // Finding 10: what the SDK's conversion makes of it is 1:500.
        {"[{service: a, weight: 1}, {service: b, weight: 500m}]", "s: a=1000 b=500"},
    };
    for (const Case& row : cases) {
        World world(services() + split("s", "web", row.weights));
        EXPECT_EQ(http(world), row.expected);
    }
}

TEST(SplitClauses, LeavesABackendOutAtTheMissingPortOnly) {  // T5, T7, U15
    World world(
        two_ports("web", "[10.9.0.1]") + two_ports("both", "[10.9.0.5]") +
        services().substr(service("web", "10.9.0.1", "10.1.0.1").size()  // a, b and c, at port 80
        ) +
        split(
            "s",
            "web",
            "[{service: a, weight: 5}, {service: both, weight: 3}, {service: b, weight: 2}]"
        )
    );
    EXPECT_EQ(http(world, {.authority = "web:80"}), "s: a=5000 both=3000 b=2000");
    EXPECT_EQ(http(world, {.authority = "web:81"}), "s: both=3000");
    EXPECT_EQ(tcp(world, "10.9.0.1:81"), "s: both=3000");
    EXPECT_THAT(world.codes(), ElementsAre("backend_port_missing", "backend_port_missing"));
    for (const Problem& problem : world.problems) {
        EXPECT_EQ(problem.object, "TrafficSplit shop/s");
        EXPECT_NE(problem.message.find("81"), std::string::npos) << problem.message;
    }
}

TEST(SplitClauses, SharesTheRestByWeight) {  // T5, T8, U16
    World world(
        services() + service("empty", "10.9.0.9", "") +
        split(
            "s",
            "web",
            "[{service: empty, weight: 50}, {service: a, weight: 30}, {service: gone, weight: 9}, "
            "{service: b, weight: 10}]"
        )
    );
    EXPECT_EQ(http(world), "s: a=30000 b=10000");
    EXPECT_EQ(tcp(world, "10.9.0.1:80"), "s: a=30000 b=10000");
}

TEST(SplitClauses, TakesTheRootForItsOwnBackendEverywhere) {  // U12: HTTP, bytes, with matches
    const char* const both = "[{service: web, weight: 3}, {service: a, weight: 1}]";
    World plain(services() + split("s", "web.shop.svc.cluster.local", both));
    EXPECT_EQ(http(plain), "s: web=3000 a=1000");
    EXPECT_EQ(tcp(plain, "10.9.0.1:80"), "s: web=3000 a=1000");
    EXPECT_THAT(plain.codes(), IsEmpty());
    World matched(services() + group("g", "[{name: m}]") + split("s", "web", both, k_match_g));
    EXPECT_EQ(http(matched), "s: web=3000 a=1000");
}

TEST(SplitClauses, UsesTheFirstSplitWhoseMatchesHit) {  // U13
    const auto on = [](const std::string& group) {
        return ", matches: [{kind: HTTPRouteGroup, name: " + group + "}]";
    };
    World world(
        services() + group("x", "[{name: x, pathRegex: '/x'}]") +
        group("y", "[{name: y, pathRegex: '/(x|y)'}]") +
        split("s3", "web", "[{service: c, weight: 1}]") +
        split("s2", "web", "[{service: b, weight: 1}]", on("y")) +
        split("s1", "web", "[{service: a, weight: 1}]", on("x"))
    );
    EXPECT_EQ(http(world, {.path = "/x"}), "s1: a=1000");
    EXPECT_EQ(http(world, {.path = "/y"}), "s2: b=1000");
    EXPECT_EQ(http(world, {.path = "/z"}), "s3: c=1000");
}

TEST(SplitClauses, ComparesInstantsAndNotTexts) {  // U13
    struct Case {
        const char* older;
        const char* newer;
    };
    const Case cases[] = {
        {"2024-01-01T00:00:00Z", "2024-01-01T01:00:00+00:30"},
        {"2024-01-01T00:00:00Z", "2023-12-31T23:30:00-01:00"},  // as text the other way round
        {"2024-01-01T01:00:00+02:00", "2024-01-01T00:00:00Z"},
        {"2024-01-01T00:00:00Z", "2024-01-01T00:00:00.5Z"},
        {"2024-01-01T00:00:00Z", "0000"},  // what is no time counts as the newest
        {"2024-01-01T00:00:00Z", ""},
    };
    for (const Case& row : cases) {
        const auto created = [](const std::string& time) {
            return ", creationTimestamp: '" + time + "'";
        };
        World world(
            services() + split("s1", "web", "[{service: a, weight: 1}]", "", created(row.newer)) +
            split("s2", "web", "[{service: b, weight: 1}]", "", created(row.older))
        );
        EXPECT_EQ(http(world), "s2: b=1000") << row.older << " before " << row.newer;
        ASSERT_EQ(world.problems.size(), 1U);
        EXPECT_EQ(world.problems.front().object, "TrafficSplit shop/s1") << "the loser is told";
    }
}

TEST(SplitClauses, DoesNotPassOnWhatTheFirstSplitCannotServe) {  // U13, U14: no silent fallback
    World world(
        services() + group("g", "[{name: m}]") +
        split("s1", "web", "[{service: gone, weight: 1}]", k_match_g) +
        split("s2", "web", "[{service: b, weight: 1}]")
    );
    EXPECT_EQ(http(world), "s1: split_no_backend");
}

TEST(SplitClauses, MatchesByEachConditionAlone) {  // U18
    struct Case {
        const char* match;
        Ask hit;
        Ask miss;
    };
    const Case cases[] = {
        {"{name: m, pathRegex: '/beta$'}", {.path = "/beta"}, {.path = "/beta/x"}},
        {"{name: m, methods: [POST]}", {.method = "POST"}, {.method = "GET"}},
        {"{name: m, headers: {x-beta: '^1$'}}", {.headers = {{"X-Beta", "1"}}}, {}},
        {"{name: m, headers: {host: '^web$'}}", {.authority = "web:80"}, {.authority = "web.shop"}},
    };
    for (const Case& row : cases) {
        World world(
            services() + group("g", std::string("[") + row.match + "]") +
            split("s", "web", "[{service: a, weight: 1}]", k_match_g)
        );
        EXPECT_EQ(http(world, row.hit), "s: a=1000") << row.match;
        EXPECT_EQ(http(world, row.miss), ": web=1") << row.match;
    }
}

TEST(SplitClauses, ReadsPatternsAsTheSwitchesSay) {  // pathRegex and headerRegex hold here too
    World world(
        services() + group("g", "[{name: m, pathRegex: /beta, headers: {canary: 't|True'}}]") +
        split("s", "web", "[{service: a, weight: 1}]", k_match_g)
    );
    const std::vector<HeaderField> canary{{"canary", "true"}};
    EXPECT_EQ(http(world, {.path = "/beta/x", .headers = canary}), "s: a=1000");
    world.options.header_regex = RegexMode::full;
    EXPECT_EQ(http(world.compile(), {.path = "/beta/x", .headers = canary}), ": web=1");
    EXPECT_EQ(http(world, {.path = "/beta/x", .headers = {{"canary", "True"}}}), "s: a=1000");
    world.options.path_regex = RegexMode::full;
    EXPECT_EQ(
        http(world.compile(), {.path = "/beta/x", .headers = {{"canary", "True"}}}), ": web=1"
    );
    EXPECT_EQ(http(world, {.path = "/beta", .headers = {{"canary", "True"}}}), "s: a=1000");
}

TEST(SplitClauses, AddsABackendUpWhateverFormItsNameHas) {  // §1.8
    World world(
        services() + split(
                         "s",
                         "web",
                         "[{service: a, weight: 1}, {service: b, weight: 1}, {service: "
                         "a.shop.svc.cluster.local, weight: 2}]"
                     )
    );
    std::uint64_t to_a = 0;
    HttpRouteFacts facts;
    facts.authority = "web";
    for (const WeightedBackend& weighted : route_http(world.snapshot(), facts).backends) {
        to_a += weighted.backend->service == "a" ? weighted.weight : 0;
    }
    EXPECT_EQ(to_a, 3000U);
}

}  // namespace
}  // namespace policy::test
