// One test or row for each clause of smi.md that speaks about splits; the clause is named beside.
#include "policy/route.hpp"

#include "tests/policy/world.hpp"

namespace policy::test {
namespace {

/// What a client asks for, as a test writes it.
struct Ask {
    std::string authority = {};
    std::string destination = {};
    std::string method = "GET";
    std::string path = "/";
    std::vector<HeaderField> headers = {};
};

HttpRouteFacts facts_of(const Ask& ask) {
    HttpRouteFacts facts;
    facts.authority = ask.authority;
    if (!ask.destination.empty()) {
        facts.destination = parse_socket_address(ask.destination);
        EXPECT_TRUE(facts.destination.has_value()) << ask.destination;
    }
    facts.method = ask.method;
    facts.path = ask.path;
    facts.headers = ask.headers;
    return facts;
}

/// "routed ns/service split: a=1 b=2", in the order of the snapshot.
std::string text(const Route& route) {
    std::string text(to_string(route.reason));
    if (!route.service_name.empty()) {
        text += ' ' + std::string(route.service_namespace) + '/' + std::string(route.service_name);
    }
    if (!route.split_name.empty()) {
        text += " by " + std::string(route.split_name);
    }
    for (const WeightedBackend& weighted : route.backends) {
        text += ' ' + weighted.backend->service + '=' + std::to_string(weighted.weight);
    }
    return text;
}

std::string http(World& world, const Ask& ask) {
    return text(route_http(world.snapshot(), facts_of(ask)));
}

std::string tcp(World& world, const std::string& destination) {
    return text(route_tcp(world.snapshot(), {*parse_socket_address(destination)}));
}

/// Service web at 10.9.0.1 with two backends a and b, and a spare pod.
std::string services() {
    return service("web", "10.9.0.1", "10.1.0.1") + service("a", "10.9.0.2", "10.1.0.2") +
           service("b", "10.9.0.3", "10.1.0.3");
}

constexpr const char* k_ab = "[{service: a, weight: 90}, {service: b, weight: 10}]";

// --- Naming a Service (T2, §1.8) ---

TEST(Route, FindsAServiceByEveryFormOfItsName) {
    World world(services());
    for (const char* authority :
         {"web",
          "web:80",
          "web:",
          "web.",
          "web.shop",
          "WEB.Shop",
          "web.shop.svc",
          "web.shop.svc:80",
          "web.shop.svc.cluster.local",
          "web.shop.svc.cluster.local.:80",
          "10.9.0.1",
          "10.9.0.1:80"}) {
        EXPECT_EQ(http(world, {.authority = authority}), "routed shop/web web=1") << authority;
    }
}

TEST(Route, FindsNoServiceByOtherNames) {
    World world(services());
    for (const char* authority :
         {"",
          ".",
          "web.other",
          "web.shop.pod",
          "web.shop.svc.cluster",
          "web.shop.svc.other.domain",
          "web..shop",
          ".shop",
          "x.web.shop.svc",
          "web:http",
          "web:0",
          "web:65616",
          "user@web",
          "[::1",
          "example.com",
          "10.1.0.1:8080"}) {
        EXPECT_EQ(http(world, {.authority = authority}), "unknown_service") << authority;
    }
    EXPECT_EQ(http(world, {.authority = std::string(300, 'w')}), "unknown_service");
    EXPECT_EQ(http(world, {.authority = "web:8080"}), "unknown_service shop/web");
}

TEST(Route, ResolvesShortNamesInTheNamespaceOfTheCaller) {
    World world(services());
    world.workload.name_space = "other";
    EXPECT_EQ(http(world, {.authority = "web"}), "unknown_service");
    EXPECT_EQ(http(world, {.authority = "web.shop"}), "routed shop/web web=1");
}

TEST(Route, FindsAServiceByItsIpv6Address) {
    World world(
        "apiVersion: v1\nkind: Service\nmetadata: {name: six}\n"
        "spec: {clusterIPs: ['fd00::1', 10.9.0.6], ports: [{port: 80}]}\n"
        "---\napiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\n"
        "metadata: {name: six-1, labels: {kubernetes.io/service-name: six}}\n"
        "addressType: IPv6\nports: [{port: 8080}]\nendpoints: [{addresses: ['fd00:1::1']}]\n"
    );
    EXPECT_EQ(http(world, {.authority = "[fd00::1]"}), "routed shop/six six=1");
    EXPECT_EQ(http(world, {.authority = "[FD00:0::1]:80"}), "routed shop/six six=1");
    EXPECT_EQ(tcp(world, "[fd00::1]:80"), "routed shop/six six=1");
    EXPECT_EQ(tcp(world, "10.9.0.6:80"), "routed shop/six six=1");
}

TEST(Route, LetsTheDialledClusterIpDecideBeforeTheHost) {
    World world(services());
    EXPECT_EQ(http(world, {.authority = "b", .destination = "10.9.0.2:80"}), "routed shop/a a=1");
    EXPECT_EQ(
        http(world, {.authority = "example.com", .destination = "10.9.0.2:80"}), "routed shop/a a=1"
    );
}

TEST(Route, PassesThroughWhatIsNoServiceOfOurs) {
    World world(services());
    for (const char* authority : {"example.com", "web", "10.9.0.1", "", "web:8080"}) {
        EXPECT_EQ(
            http(world, {.authority = authority, .destination = "192.0.2.1:80"}), "passthrough"
        ) << authority;
    }
    EXPECT_EQ(tcp(world, "192.0.2.1:80"), "passthrough");
    EXPECT_EQ(tcp(world, "10.9.0.1:81"), "passthrough");
    EXPECT_EQ(
        route_tcp(world.snapshot(), {*parse_socket_address("192.0.2.1:80")}).service, nullptr
    );
}

TEST(Route, TellsAServiceWithoutReadyEndpoints) {
    World world(service("web", "10.9.0.1", ""));
    EXPECT_EQ(http(world, {.authority = "web"}), "no_endpoint shop/web");
    EXPECT_EQ(tcp(world, "10.9.0.1:80"), "no_endpoint shop/web");
}

// --- Weights (T3, T4, U12, U14–U16) ---

TEST(Route, SharesARootByWeight) {
    World world(services() + split("s", "web", k_ab));
    EXPECT_EQ(http(world, {.authority = "web"}), "routed shop/web by s a=90000 b=10000");
    const Route route = route_http(world.snapshot(), facts_of({.authority = "web"}));
    EXPECT_EQ(route.split_namespace, "shop");
    ASSERT_NE(route.service, nullptr);
    EXPECT_EQ(route.service->service, "web");
}

TEST(Route, TakesTheRootInAnyFormOfItsName) {
    for (const char* root : {"web", "web.shop", "WEB.shop.svc", "web.shop.svc.cluster.local."}) {
        World world(services() + split("s", root, k_ab));
        EXPECT_EQ(http(world, {.authority = "web"}), "routed shop/web by s a=90000 b=10000")
            << root;
    }
}

TEST(Route, NeverTakesABackendOfWeightZero) {
    World world(
        services() + split("s", "web", "[{service: a, weight: 1}, {service: b, weight: 0}]")
    );
    EXPECT_EQ(http(world, {.authority = "web"}), "routed shop/web by s a=1000");
}

TEST(Route, AddsUpABackendThatIsListedTwice) {
    World world(
        services() + split(
                         "s",
                         "web",
                         "[{service: a, weight: 1}, {service: b, weight: 1}, "
                         "{service: a, weight: 2}]"
                     )
    );
    EXPECT_EQ(http(world, {.authority = "web"}), "routed shop/web by s a=3000 b=1000");
}

TEST(Route, AnswersNothingWhenAllWeightsAreZero) {  // U14
    World world(services() + split("s", "web", "[{service: a, weight: 0}]"));
    EXPECT_EQ(http(world, {.authority = "web"}), "split_no_backend shop/web by s");
    EXPECT_EQ(tcp(world, "10.9.0.1:80"), "split_no_backend shop/web by s");
}

TEST(Route, SharesTheRestWhenABackendIsMissing) {  // T8, U15
    World world(
        services() + split("s", "web", "[{service: gone, weight: 5}, {service: b, weight: 1}]")
    );
    EXPECT_EQ(http(world, {.authority = "web"}), "routed shop/web by s b=1000");
    World all(services() + split("s", "web", "[{service: gone, weight: 5}]"));
    EXPECT_EQ(http(all, {.authority = "web"}), "split_no_backend shop/web by s");
}

TEST(Route, SharesTheRestWhenABackendHasNoReadyEndpoint) {  // U16
    World world(
        services() + service("empty", "10.9.0.4", "") +
        split("s", "web", "[{service: empty, weight: 5}, {service: b, weight: 1}]")
    );
    EXPECT_EQ(http(world, {.authority = "web"}), "routed shop/web by s b=1000");
    World all(
        services() + service("empty", "10.9.0.4", "") +
        split("s", "web", "[{service: empty, weight: 5}]")
    );
    EXPECT_EQ(http(all, {.authority = "web"}), "split_no_backend shop/web by s");
}

TEST(Route, LetsAnEmptyBackendsShareFailWhenToldTo) {  // U16, option fail
    World world(
        services() + service("empty", "10.9.0.4", "") +
        split("s", "web", "[{service: empty, weight: 5}, {service: b, weight: 1}]")
    );
    world.options.empty_backends_fail = true;
    EXPECT_EQ(http(world, {.authority = "web"}), "routed shop/web by s empty=5000 b=1000");
    ASSERT_EQ(world.problems.size(), 1u);
    EXPECT_NE(world.problems.front().message.find("503"), std::string::npos);
    World all(
        services() + service("empty", "10.9.0.4", "") +
        split("s", "web", "[{service: empty, weight: 5}]")
    );
    all.options.empty_backends_fail = true;
    EXPECT_EQ(http(all, {.authority = "web"}), "split_no_backend shop/web by s");
}

TEST(Route, AddsUpABackendThatIsListedUnderTwoFormsOfItsName) {  // §1.8
    World world(
        services() + split(
                         "s",
                         "web",
                         "[{service: a, weight: 1}, {service: b, weight: 1}, "
                         "{service: a.shop.svc.cluster.local, weight: 2}]"
                     )
    );
    EXPECT_EQ(http(world, {.authority = "web"}), "routed shop/web by s a=3000 b=1000");
}

TEST(Route, LeavesOutABackendWithAnInvalidWeight) {
    World world(
        services() + split("s", "web", "[{service: a, weight: -1}, {service: b, weight: 1}]")
    );
    EXPECT_EQ(http(world, {.authority = "web"}), "routed shop/web by s b=1000");
}

TEST(Route, TakesTheRootAsItsOwnBackendWithoutRecursion) {  // U12
    World world(
        services() + split("s", "web", "[{service: web, weight: 3}, {service: a, weight: 1}]")
    );
    EXPECT_EQ(http(world, {.authority = "web"}), "routed shop/web by s web=3000 a=1000");
}

TEST(Route, DoesNotApplyTheSplitOfABackend) {  // T12
    World world(
        services() + split("s", "web", "[{service: a, weight: 1}]") +
        split("t", "a", "[{service: b, weight: 1}]")
    );
    EXPECT_EQ(http(world, {.authority = "web"}), "routed shop/web by s a=1000");
    EXPECT_EQ(http(world, {.authority = "a"}), "routed shop/a by t b=1000");
}

TEST(Route, LooksForBackendsInTheNamespaceOfTheSplit) {  // T3
    const std::string other =
        "---\napiVersion: v1\nkind: Service\nmetadata: {name: a, namespace: other}\n"
        "spec: {ports: [{name: http, port: 80}]}\n";
    World world(
        service("web", "10.9.0.1", "10.1.0.1") + other +
        split("s", "web", "[{service: a, weight: 1}]")
    );
    EXPECT_EQ(http(world, {.authority = "web"}), "split_no_backend shop/web by s");
    World named(
        service("web", "10.9.0.1", "10.1.0.1") + other +
        split("s", "web", "[{service: a.other, weight: 1}]")
    );
    EXPECT_EQ(http(named, {.authority = "web"}), "split_no_backend shop/web by s");
}

TEST(Route, KeepsWeightsSmallEnoughToAddUp) {
    std::string backends = "[{service: b, weight: 1}";
    for (int i = 0; i < 20; ++i) {
        backends += ", {service: a, weight: 900000000000}";
    }
    World world(services() + split("s", "web", backends + "]"));
    const Route route = route_http(world.snapshot(), facts_of({.authority = "web"}));
    ASSERT_EQ(route.backends.size(), 2u);
    EXPECT_GE(route.backends[0].weight, 1u);
    EXPECT_GT(route.backends[1].weight, std::uint64_t{1} << 50);
    EXPECT_LE(route.backends[1].weight, std::uint64_t{1} << 52);
}

// --- Ports (T5, T6) ---

TEST(Route, LeavesOutABackendThatLacksTheRootsPort) {
    World world(
        services() +
        "---\napiVersion: v1\nkind: Service\nmetadata: {name: c}\n"
        "spec: {ports: [{name: http, port: 81}]}\n" +
        split("s", "web", "[{service: c, weight: 1}, {service: b, weight: 1}]")
    );
    EXPECT_EQ(http(world, {.authority = "web"}), "routed shop/web by s b=1000");
    EXPECT_EQ(http(world, {.authority = "web:81"}), "unknown_service shop/web");
}

TEST(Route, TakesPortsByNumberAndProtocolNotByName) {
    World world(
        service("web", "10.9.0.1", "10.1.0.1") +
        "---\napiVersion: v1\nkind: Service\nmetadata: {name: other-name}\n"
        "spec: {ports: [{name: main, port: 80, targetPort: 9000}]}\n"
        "---\napiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\n"
        "metadata: {name: o-1, labels: {kubernetes.io/service-name: other-name}}\n"
        "addressType: IPv4\nports: [{name: main, port: 9000}]\nendpoints: [{addresses: "
        "[10.1.0.9]}]\n"
        "---\napiVersion: v1\nkind: Service\nmetadata: {name: udp}\n"
        "spec: {ports: [{name: http, port: 80, protocol: UDP}]}\n" +
        split("s", "web", "[{service: other-name, weight: 1}, {service: udp, weight: 1}]")
    );
    EXPECT_EQ(http(world, {.authority = "web"}), "routed shop/web by s other-name=1000");
    const Route route = route_http(world.snapshot(), facts_of({.authority = "web"}));
    ASSERT_EQ(route.backends.front().backend->endpoints.size(), 1u);
    EXPECT_EQ(route.backends.front().backend->endpoints[0].address.text(), "10.1.0.9:9000");  // T6
}

// --- Roots that are no Service (§1.8; Flagger's hosts) ---

TEST(Route, AppliesASplitToARootWithoutAService) {
    World world(
        service("a", "10.9.0.2", "10.1.0.2") + service("b", "10.9.0.3", "10.1.0.3") +
        split("s", "web", k_ab)
    );
    EXPECT_EQ(http(world, {.authority = "web"}), "routed shop/web by s a=90000 b=10000");
    EXPECT_EQ(
        http(world, {.authority = "web.shop.svc:80"}), "routed shop/web by s a=90000 b=10000"
    );
    EXPECT_EQ(http(world, {.authority = "web:81"}), "unknown_service shop/web");
    EXPECT_EQ(
        http(world, {.authority = "web", .destination = "192.0.2.1:80"}),
        "routed shop/web by s a=90000 b=10000"
    );
    EXPECT_EQ(route_http(world.snapshot(), facts_of({.authority = "web"})).service, nullptr);
}

TEST(Route, ServesSuchARootAtEachPortOfAnyBackendOfAnySplit) {
    const std::string other =
        "---\napiVersion: v1\nkind: Service\nmetadata: {name: c}\nspec: {ports: [{port: 81}]}\n"
        "---\napiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\n"
        "metadata: {name: c-1, labels: {kubernetes.io/service-name: c}}\n"
        "addressType: IPv4\nports: [{port: 8081}]\nendpoints: [{addresses: [10.1.0.9]}]\n";
    World world(
        service("a", "10.9.0.2", "10.1.0.2") + other + group("g", "[{name: m, pathRegex: '/x$'}]") +
        split("s", "web", "[{service: a, weight: 1}]") +
        split(
            "t", "web", "[{service: c, weight: 1}]", ", matches: [{kind: HTTPRouteGroup, name: g}]"
        )
    );
    EXPECT_EQ(http(world, {.authority = "web"}), "routed shop/web by s a=1000");
    EXPECT_EQ(http(world, {.authority = "web:81", .path = "/x"}), "routed shop/web by t c=1000");
    EXPECT_EQ(http(world, {.authority = "web:81"}), "split_no_backend shop/web by s");
}

TEST(Route, AppliesASplitToAForeignHost) {
    World world(services() + split("s", "app.example.com", k_ab));
    for (const char* authority : {"app.example.com", "App.Example.com.", "app.example.com:80"}) {
        EXPECT_EQ(
            http(world, {.authority = authority}),
            "routed shop/app.example.com by s a=90000 b=10000"
        );
        EXPECT_EQ(
            http(world, {.authority = authority, .destination = "192.0.2.1:80"}),
            "routed shop/app.example.com by s a=90000 b=10000"
        );
    }
    EXPECT_EQ(http(world, {.authority = "x.app.example.com"}), "unknown_service");
}

TEST(Route, IgnoresASplitForTheServiceOfAnotherNamespace) {
    World world(
        "apiVersion: v1\nkind: Service\nmetadata: {name: web, namespace: bank}\n"
        "spec: {clusterIP: 10.9.9.9, ports: [{port: 80}]}\n" +
        services() + split("s", "web.bank", k_ab) + split("t", "other.bank.svc", k_ab)
    );
    EXPECT_EQ(http(world, {.authority = "web.bank"}), "no_endpoint bank/web");
    EXPECT_EQ(tcp(world, "10.9.9.9:80"), "no_endpoint bank/web");
    EXPECT_EQ(http(world, {.authority = "other.bank.svc"}), "unknown_service");
}

// --- Where a redirected connection was going (T2) ---

TEST(Route, AppliesASplitByHostWhateverWasDialled) {
    World world(services() + split("s", "web", k_ab));
    EXPECT_EQ(
        http(world, {.authority = "web", .destination = "10.1.0.1:80"}),
        "routed shop/web by s a=90000 b=10000"
    );
    EXPECT_EQ(
        http(world, {.authority = "web:80", .destination = "10.1.0.1:8080"}),
        "routed shop/web by s a=90000 b=10000"
    );
}

TEST(Route, TakesThePortThatHostLeavesOutFromWhatWasDialled) {
    World world(services() + split("s", "web", k_ab));
    EXPECT_EQ(http(world, {.authority = "web", .destination = "192.0.2.1:8080"}), "passthrough");
}

TEST(Route, KeepsTheDialledPodWhereNoSplitApplies) {
    World world(service("web", "None", "10.1.0.1, 10.1.0.2"));
    EXPECT_EQ(http(world, {.authority = "web", .destination = "10.1.0.2:80"}), "passthrough");
    EXPECT_EQ(http(world, {.authority = "web"}), "routed shop/web web=1");
    const auto address = parse_socket_address("10.1.0.2:8080");
    EXPECT_NE(world.snapshot().find_endpoint(*address), nullptr);
}

// --- Matches (T10, T11, U17, U18, §1.8) ---

constexpr const char* k_match_g = ", matches: [{kind: HTTPRouteGroup, name: g}]";

TEST(Route, SplitsOnlyWhatMatches) {
    World world(
        services() +
        group(
            "g", "[{name: m, pathRegex: '/beta', methods: [GET], headers: {cookie: 'insider'}}]"
        ) +
        split("s", "web", "[{service: a, weight: 1}]", k_match_g)
    );
    const std::vector<HeaderField> insider{{"Cookie", "x; insider=1"}};
    EXPECT_EQ(
        http(world, {.authority = "web", .path = "/beta", .headers = insider}),
        "routed shop/web by s a=1000"
    );
    EXPECT_EQ(http(world, {.authority = "web", .path = "/beta"}), "routed shop/web web=1");
    EXPECT_EQ(
        http(world, {.authority = "web", .path = "/", .headers = insider}), "routed shop/web web=1"
    );
    EXPECT_EQ(
        http(world, {.authority = "web", .method = "PUT", .path = "/beta", .headers = insider}),
        "routed shop/web web=1"
    );
}

TEST(Route, UnitesTheMatchesOfAllGroups) {
    World world(
        services() + group("g", "[{name: x, pathRegex: '/x$'}, {name: y, pathRegex: '/y$'}]") +
        group("h", "[{name: z, pathRegex: '/z$'}]") +
        split(
            "s",
            "web",
            "[{service: a, weight: 1}]",
            ", matches: [{kind: HTTPRouteGroup, name: g}, {kind: HTTPRouteGroup, name: h}]"
        )
    );
    for (const char* path : {"/x", "/y", "/z"}) {
        EXPECT_EQ(http(world, {.authority = "web", .path = path}), "routed shop/web by s a=1000");
    }
    EXPECT_EQ(http(world, {.authority = "web", .path = "/w"}), "routed shop/web web=1");
}

TEST(Route, LetsMatchesThatDoNotResolveHitNothing) {
    for (const char* matches :
         {", matches: [{kind: HTTPRouteGroup, name: gone}]",
          ", matches: [{kind: TCPRoute, name: g}]",
          ", matches: [{kind: HTTPRouteGroup, name: empty}]"}) {
        World world(
            services() + group("g", "[{name: all}]") + group("empty", "[]") +
            split("s", "web", "[{service: a, weight: 1}]", matches)
        );
        EXPECT_EQ(http(world, {.authority = "web"}), "routed shop/web web=1") << matches;
    }
}

TEST(Route, TakesAnEmptyMatchListForNone) {
    World world(services() + split("s", "web", "[{service: a, weight: 1}]", ", matches: []"));
    EXPECT_EQ(http(world, {.authority = "web"}), "routed shop/web by s a=1000");
}

TEST(Route, SplitsConnectionsOnlyWithoutMatches) {  // U17
    World plain(services() + split("s", "web", k_ab));
    EXPECT_EQ(tcp(plain, "10.9.0.1:80"), "routed shop/web by s a=90000 b=10000");
    World matched(services() + group("g", "[{name: all}]") + split("s", "web", k_ab, k_match_g));
    EXPECT_EQ(tcp(matched, "10.9.0.1:80"), "routed shop/web web=1");
    EXPECT_EQ(http(matched, {.authority = "web"}), "routed shop/web by s a=90000 b=10000");
}

TEST(Route, PassesThroughWhatMatchesNoSplitOfARootWithoutAService) {
    World world(
        service("a", "10.9.0.2", "10.1.0.2") + group("g", "[{name: x, pathRegex: '/x$'}]") +
        split("s", "web", "[{service: a, weight: 1}]", k_match_g)
    );
    EXPECT_EQ(http(world, {.authority = "web", .path = "/x"}), "routed shop/web by s a=1000");
    EXPECT_EQ(http(world, {.authority = "web"}), "unknown_service shop/web");
    EXPECT_EQ(http(world, {.authority = "web", .destination = "192.0.2.1:80"}), "passthrough");
}

// --- Several splits on one root (U13) ---

TEST(Route, TriesSplitsWithMatchesFirst) {
    World world(
        services() + group("g", "[{name: x, pathRegex: '/x$'}]") +
        split("a-plain", "web", "[{service: b, weight: 1}]") +
        split("z-matched", "web", "[{service: a, weight: 1}]", k_match_g)
    );
    EXPECT_EQ(
        http(world, {.authority = "web", .path = "/x"}), "routed shop/web by z-matched a=1000"
    );
    EXPECT_EQ(http(world, {.authority = "web"}), "routed shop/web by a-plain b=1000");
}

std::string created(const std::string& time) {
    return ", creationTimestamp: '" + time + "'";
}

TEST(Route, PrefersTheOldestThenTheFirstByName) {
    const char* const to_a = "[{service: a, weight: 1}]";
    const char* const to_b = "[{service: b, weight: 1}]";
    World old(
        services() + split("a", "web", to_a, "", created("2026-02-01T00:00:00Z")) +
        split("b", "web", to_b, "", created("2026-01-31T00:00:00Z"))
    );
    EXPECT_EQ(http(old, {.authority = "web"}), "routed shop/web by b b=1000");
    World same(services() + split("b", "web", to_b) + split("a", "web", to_a));
    EXPECT_EQ(http(same, {.authority = "web"}), "routed shop/web by a a=1000");
    World undated(
        services() + split("a", "web", to_a) +
        split("b", "web", to_b, "", created("2026-01-31T00:00:00Z"))
    );
    EXPECT_EQ(http(undated, {.authority = "web"}), "routed shop/web by b b=1000");
}

// --- choice_id and has_path_rules (route.hpp) ---

TEST(Route, KeepsTheIdOfAChoiceOverCompiles) {
    World world(services() + split("s", "web", k_ab));
    const auto id = [&](const char* authority) {
        return route_http(world.snapshot(), facts_of({.authority = authority})).choice_id;
    };
    const std::uint64_t with_split = id("web");
    EXPECT_NE(with_split, id("a"));
    world.add("b.yaml", service("c", "10.9.0.9", "10.1.0.9")).compile();
    EXPECT_EQ(id("web"), with_split);
    world.add("a.yaml", services()).compile();
    EXPECT_NE(id("web"), with_split);
}

TEST(Route, KnowsWhereThePathMatters) {
    World world(
        services() + group("g", "[{name: x, pathRegex: '/x$'}]") +
        group("h", "[{name: any, pathRegex: '.*', headers: {x: y}}]") +
        split("s", "web", "[{service: a, weight: 1}]", k_match_g) +
        split("t", "a", "[{service: b, weight: 1}]", ", matches: [{kind: HTTPRouteGroup, name: h}]")
    );
    const auto matters = [&](const Ask& ask) {
        return has_path_rules(world.snapshot(), facts_of(ask));
    };
    EXPECT_TRUE(matters({.authority = "web"}));
    EXPECT_TRUE(matters({.authority = "x", .destination = "10.9.0.1:80"}));
    EXPECT_TRUE(matters({.authority = "web", .destination = "192.0.2.1:80"}));
    EXPECT_FALSE(matters({.authority = "web:81"}));
    EXPECT_FALSE(matters({.authority = "a"}));
    EXPECT_FALSE(matters({.authority = "b"}));
    EXPECT_FALSE(matters({.authority = "example.com"}));
}

}  // namespace
}  // namespace policy::test
