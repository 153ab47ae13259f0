#include "policy/explain.hpp"
#include "tests/policy/world.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <gmock/gmock.h>

namespace policy::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

RouteQuestion to_host(const std::string& host, const std::string& protocol = "http") {
    QuestionWords words;
    words.host = host;
    words.protocol = protocol;
    const auto question = read_route_question(words);
    EXPECT_TRUE(question) << host;
    return *question;
}

std::string reason_of(World& world, const RouteQuestion& question) {
    return std::string(to_string(explain_route(world.snapshot(), question).reason));
}

/// "ns/service:port weight share endpoints" of each backend.
std::vector<std::string> lines(const RouteExplanation& explanation) {
    std::vector<std::string> lines;
    for (const ExplainedBackend& backend : explanation.backends) {
        std::string line = backend.service.name_space + '/' + backend.service.name + ':' +
                           std::to_string(backend.port) + ' ' + backend.weight + ' ' +
                           std::to_string(backend.share).substr(0, 4);
        for (const std::string& endpoint : backend.endpoints) {
            line += ' ' + endpoint;
        }
        lines.push_back(line);
    }
    return lines;
}

std::vector<std::string> tried(const RouteExplanation& explanation) {
    std::vector<std::string> lines;
    for (const TriedSplit& split : explanation.tried) {
        const auto outcome = static_cast<std::size_t>(split.outcome);
        lines.push_back(
            split.name.name + ' ' +
            std::array<const char*, 3>{"applies", "misses", "unreached"}.at(outcome) + ": " +
            split.detail
        );
    }
    return lines;
}

const std::string k_services =
    service("api", "10.0.0.1", "10.1.0.1") + service("api-v1", "10.0.0.2", "10.1.0.2, 10.1.0.3") +
    service("api-v2", "10.0.0.3", "10.1.0.4") + service("api-empty", "10.0.0.4", "");
const std::string k_split = split(
    "ninety",
    "api",
    "[{service: api-v1, weight: 90}, {service: api-v2, weight: 10}, {service: api-empty, weight: "
    "5}, {service: gone, weight: 5}]"
);

TEST(ExplainRoute, ShowsBackendsWithEffectiveShares) {
    World world(k_services + k_split);
    const auto explanation = explain_route(world.snapshot(), to_host("api"));
    EXPECT_TRUE(explanation.is_routed());
    EXPECT_EQ(explanation.service, (ObjectName{"shop", "api"}));
    EXPECT_EQ(explanation.split, (ObjectName{"shop", "ninety"}));
    EXPECT_THAT(
        lines(explanation),
        ElementsAre(
            "shop/api-v1:80 90 0.90 10.1.0.2:8080 10.1.0.3:8080",
            "shop/api-v2:80 10 0.10 10.1.0.4:8080"
        )
    );
    ASSERT_EQ(explanation.excluded.size(), 2U);
    EXPECT_EQ(explanation.excluded[0].service.name, "api-empty");
    EXPECT_EQ(explanation.excluded[0].reason, Reason::backend_no_endpoint);
    EXPECT_EQ(explanation.excluded[1].reason, Reason::backend_missing);
}

TEST(ExplainRoute, ShowsTheShareThatFails) {
    World world(k_services + k_split);
    world.options.empty_backends_fail = true;
    const auto explanation = explain_route(world.snapshot(), to_host("api"));
    EXPECT_THAT(lines(explanation), testing::Contains("shop/api-empty:80 5 0.04"));
    EXPECT_THAT(
        to_text(explanation, {}),
        HasSubstr("to shop/api-empty port 80, weight 5: no ready endpoint, so this share is")
    );
}

TEST(ExplainRoute, KnowsAServiceByAllItsNamesAndAddresses) {
    World world(
        k_services + k_split +
        "---\napiVersion: v1\nkind: Service\nmetadata: {name: six}\n"
        "spec: {clusterIP: '2001:db8::1', ports: [{port: 80}]}\n" +
        split("six", "six", "[{service: api, weight: 1}]")
    );
    for (const char* host :
         {"api",
          "api.shop",
          "API.shop.svc",
          "api.shop.svc.cluster.local.",
          "api:80",
          "10.0.0.1",
          "10.0.0.1:80"}) {
        const auto explanation = explain_route(world.snapshot(), to_host(host));
        EXPECT_EQ(explanation.split, (ObjectName{"shop", "ninety"})) << host;
        EXPECT_EQ(explain_route(world.snapshot(), to_host(host, "tcp")).split, explanation.split);
    }
    for (const char* host : {"2001:db8::1", "[2001:db8::1]", "[2001:db8::1]:80"}) {
        EXPECT_EQ(
            explain_route(world.snapshot(), to_host(host)).service, (ObjectName{"shop", "six"})
        );
    }
}

TEST(ExplainRoute, TakesAPlainServiceAsOneBackend) {
    World world(k_services);
    const auto explanation = explain_route(world.snapshot(), to_host("api-v1"));
    EXPECT_EQ(explanation.reason, Reason::routed);
    EXPECT_EQ(explanation.split, std::nullopt);
    EXPECT_THAT(
        lines(explanation), ElementsAre("shop/api-v1:80 1 1.00 10.1.0.2:8080 10.1.0.3:8080")
    );
}

TEST(ExplainRoute, PassesUnknownHostsOn) {
    World world(k_services);
    for (const char* host : {"nobody", "www.example.com", "api:81", "192.0.2.1", "10.0.0.1:81"}) {
        for (const char* protocol : {"http", "tcp"}) {
            const auto explanation = explain_route(world.snapshot(), to_host(host, protocol));
            EXPECT_EQ(explanation.reason, Reason::passthrough) << host;
            EXPECT_EQ(explanation.service, std::nullopt);
            EXPECT_THAT(explanation.backends, IsEmpty());
        }
    }
    EXPECT_THAT(
        explain_route(world.snapshot(), to_host("api:81")).detail,
        HasSubstr("shop/api is known, but not with that port")
    );
}

TEST(ExplainRoute, SaysWhoseAddressWasDialled) {
    World world(k_services);
    const auto explanation = explain_route(world.snapshot(), to_host("10.1.0.1:8080"));
    EXPECT_EQ(explanation.reason, Reason::passthrough);
    EXPECT_THAT(explanation.detail, HasSubstr("10.1.0.1:8080 is an endpoint itself"));
}

TEST(ExplainRoute, SaysThatNothingIsReady) {
    World world(k_services + split("none", "api", "[{service: api-empty, weight: 1}]"));
    EXPECT_EQ(reason_of(world, to_host("api")), "split_no_backend");
    EXPECT_EQ(reason_of(world, to_host("api-empty")), "no_endpoint");
    EXPECT_EQ(explain_route(world.snapshot(), to_host("api")).split, (ObjectName{"shop", "none"}));
}

TEST(ExplainRoute, WritesWeightsAsQuantities) {
    World world(
        k_services +
        "---\napiVersion: split.smi-spec.io/v1alpha1\nkind: TrafficSplit\n"
        "metadata: {name: q}\nspec: {service: api, backends: [{service: api-v1, "
        "weight: 500m}, {service: api-v2, weight: '1.5'}]}\n"
    );
    EXPECT_THAT(
        lines(explain_route(world.snapshot(), to_host("api"))),
        ElementsAre(
            "shop/api-v1:80 500m 0.25 10.1.0.2:8080 10.1.0.3:8080",
            "shop/api-v2:80 1500m 0.75 10.1.0.4:8080"
        )
    );
}

const std::string k_ab = group("testers", "[{name: tester, headers: {x-tester: ^yes$}}]") +
                         group("posts", "[{name: post, methods: [POST]}]") +
                         split(
                             "b-posts",
                             "api",
                             "[{service: api-v2, weight: 1}]",
                             ", matches: [{kind: HTTPRouteGroup, name: posts}]"
                         ) +
                         split(
                             "c-testers",
                             "api",
                             "[{service: api-v2, weight: 1}]",
                             ", matches: [{kind: HTTPRouteGroup, name: testers}]"
                         );

TEST(ExplainRoute, TellsWhichSplitsWereTriedAndWhyOneWon) {
    World world(k_services + k_ab + split("a-rest", "api", "[{service: api-v1, weight: 1}]"));
    RouteQuestion question = to_host("api");
    question.request.headers = {{"X-Tester", "yes"}};
    EXPECT_THAT(
        tried(explain_route(world.snapshot(), question)),
        ElementsAre(
            "b-posts misses: match post: method GET is not POST",
            "c-testers applies: match tester fits",
            "a-rest unreached: another split comes before it and took this"
        )
    );
    EXPECT_THAT(
        tried(explain_route(world.snapshot(), to_host("api", "tcp"))),
        ElementsAre(
            "b-posts misses: it has matches, which only HTTP requests can satisfy",
            "c-testers misses: it has matches, which only HTTP requests can satisfy",
            "a-rest applies: it has no matches, so it takes everything"
        )
    );
}

TEST(ExplainRoute, GoesToTheRootWhenNoSplitMatches) {
    World world(k_services + k_ab);
    const auto explanation = explain_route(world.snapshot(), to_host("api"));
    EXPECT_EQ(explanation.reason, Reason::routed);
    EXPECT_EQ(explanation.split, std::nullopt);
    EXPECT_EQ(explanation.tried.size(), 2U);
    EXPECT_THAT(lines(explanation), ElementsAre("shop/api:80 1 1.00 10.1.0.1:8080"));
}

TEST(ExplainRoute, RefusesAPathOnlyWherePathsCount) {
    World world(
        k_services + group("paths", "[{name: p, pathRegex: /a}]") +
        split(
            "p",
            "api",
            "[{service: api-v2, weight: 1}]",
            ", matches: [{kind: HTTPRouteGroup, name: paths}]"
        )
    );
    RouteQuestion question = to_host("api");
    question.request.target = "/a%5Cb";
    EXPECT_EQ(reason_of(world, question), "path_refused");
    question = to_host("api-v1");
    question.request.target = "/a%5Cb";
    EXPECT_EQ(reason_of(world, question), "routed");
}

TEST(ExplainRoute, LetsARootWithoutServiceBeNamed) {
    World world(k_services + split("s", "virtual", "[{service: api-v1, weight: 1}]"));
    const auto explanation = explain_route(world.snapshot(), to_host("virtual"));
    EXPECT_EQ(explanation.reason, Reason::routed);
    EXPECT_EQ(explanation.service, (ObjectName{"shop", "virtual"}));
    // No ClusterIP leads there; the answer says what that means for bytes.
    EXPECT_THAT(
        explain_route(world.snapshot(), to_host("virtual", "tcp")).detail, HasSubstr("ClusterIP")
    );
}

TEST(ExplainRoute, RoutesDatagramsByTheirOwnPorts) {
    World world(
        k_services +
        "---\napiVersion: v1\nkind: Service\nmetadata: {name: dns}\nspec: {clusterIP: 10.0.0.9, "
        "ports: [{port: 53, protocol: UDP}]}\n"
        "---\napiVersion: v1\nkind: Endpoints\nmetadata: {name: dns}\nsubsets: [{addresses: [{ip: "
        "10.1.0.9}], ports: [{port: 53, protocol: UDP}]}]\n"
    );
    for (const char* host : {"dns:53", "10.0.0.9:53"}) {
        const auto explanation = explain_route(world.snapshot(), to_host(host, "udp"));
        EXPECT_THAT(lines(explanation), ElementsAre("shop/dns:53 1 1.00 10.1.0.9:53"));
        EXPECT_EQ(reason_of(world, to_host(host, "tcp")), "passthrough");
    }
    EXPECT_EQ(reason_of(world, to_host("api", "udp")), "passthrough");
}

TEST(ExplainRoute, TakesHostBesideTheAddressThatWasDialled) {
    World world(
        k_services + group("hosts", "[{name: h, headers: {host: ^www$}}]") +
        split(
            "h",
            "api",
            "[{service: api-v2, weight: 1}]",
            ", matches: [{kind: HTTPRouteGroup, name: hosts}]"
        )
    );
    RouteQuestion question = to_host("10.0.0.1");
    EXPECT_EQ(explain_route(world.snapshot(), question).split, std::nullopt);
    question.request.authority = "www";
    EXPECT_EQ(explain_route(world.snapshot(), question).split, (ObjectName{"shop", "h"}));
}

TEST(ExplainRoute, WritesJsonInTheShapeOfTheDesign) {
    World world(k_services + k_split);
    EXPECT_EQ(
        boost::json::parse(to_json(explain_route(world.snapshot(), to_host("api")), {})),
        boost::json::parse(R"({
            "service": "shop/api", "split": {"namespace": "shop", "name": "ninety"},
            "backends": [
                {"service": "shop/api-v1", "port": 80, "weight": "90", "share": 0.9,
                 "endpoints": ["10.1.0.2:8080", "10.1.0.3:8080"]},
                {"service": "shop/api-v2", "port": 80, "weight": "10", "share": 0.1,
                 "endpoints": ["10.1.0.4:8080"]}],
            "excluded": [
                {"service": "shop/api-empty", "reason": "backend_no_endpoint"},
                {"service": "shop/gone", "reason": "backend_missing"}],
            "reason": "routed", "problems": [],
            "asked": "GET / from shop/pay to api",
            "detail": "TrafficSplit shop/ninety applies",
            "tried": [{"namespace": "shop", "name": "ninety", "outcome": "applies",
                "detail": "it has no matches, so it takes everything"}],
            "droppedHeaders": []})")
    );
}

TEST(ExplainRoute, WritesLinesForPeople) {
    World world(k_services + k_split);
    EXPECT_EQ(
        to_text(explain_route(world.snapshot(), to_host("api")), {}),
        "routed: GET / from shop/pay to api\n"
        "why: TrafficSplit shop/ninety applies\n"
        "service: shop/api\n"
        "  90% to shop/api-v1 port 80, weight 90: 10.1.0.2:8080, 10.1.0.3:8080\n"
        "  10% to shop/api-v2 port 80, weight 10: 10.1.0.4:8080\n"
        "  nothing to shop/api-empty: backend_no_endpoint\n"
        "  nothing to shop/gone: backend_missing\n"
        "TrafficSplit shop/ninety applies: it has no matches, so it takes everything\n"
    );
}

}  // namespace
}  // namespace policy::test
