// One test or row for each clause of smi.md that speaks about access; the clause is named beside.
#include "policy/decide.hpp"

#include "tests/policy/world.hpp"

namespace policy::test {
namespace {

const Identity k_web = account("web");

/// A rule list with one HTTPRouteGroup of these matches.
World world_with_matches(const std::string& matches) {
    return World(group("g", matches) + target("t", "[{kind: HTTPRouteGroup, name: g}]"));
}

std::string http(World& world, const Request& request = {}) {
    return word(ask_http(world, k_web, request));
}

std::string tcp(World& world, std::uint16_t port = 8080) {
    return word(ask_tcp(world, k_web, port));
}

// --- Who (A1–A3, A11, U22, U26, U27) ---

TEST(Decide, DeniesWhenThereIsNoTarget) {
    World world("");
    EXPECT_EQ(http(world), "no_target");
    EXPECT_EQ(tcp(world), "no_target");
    EXPECT_EQ(word(ask_http(world, std::nullopt)), "no_target");
    EXPECT_EQ(ask_http(world, k_web).rule.name, "");
}

TEST(Decide, DeniesWhenNoTargetNamesTheCaller) {
    World world(tcp_route("any", "") + target("t", "[{kind: TCPRoute, name: any}]"));
    const Verdict verdict = ask_http(world, account("other"));
    EXPECT_EQ(word(verdict), "source_not_allowed");
    EXPECT_EQ(verdict.rule.name, "t");
    EXPECT_EQ(word(ask_tcp(world, account("other"))), "source_not_allowed");
}

TEST(Decide, TellsCallersOfTheSameNameApartByNamespaceAndTrustDomain) {
    World world(tcp_route("any", "") + target("t", "[{kind: TCPRoute, name: any}]"));
    EXPECT_EQ(word(ask_tcp(world, account("web", "shop"))), "allowed");
    EXPECT_EQ(word(ask_tcp(world, account("web", "evil"))), "source_not_allowed");
    const Identity foreign{"other.example", "shop", "web"};
    EXPECT_EQ(word(ask_tcp(world, foreign)), "source_not_allowed");
    const Identity other_form{"cluster.local", "", "", "/shop/web"};
    EXPECT_EQ(word(ask_tcp(world, other_form)), "source_not_allowed");
}

TEST(Decide, DeniesTheUnauthenticatedAndNamesNoTargetToThem) {
    World world(tcp_route("any", "") + target("t", "[{kind: TCPRoute, name: any}]"));
    EXPECT_EQ(word(ask_http(world, std::nullopt)), "unauthenticated");
    EXPECT_EQ(word(ask_tcp(world, std::nullopt)), "unauthenticated");
    EXPECT_EQ(ask_http(world, std::nullopt).rule.name, "");
}

TEST(Decide, IgnoresTargetsOfOtherDestinations) {
    World world(tcp_route("any", "") + target("t", "[{kind: TCPRoute, name: any}]"));
    world.workload.service_account = "other";
    EXPECT_EQ(http(world), "no_target");
    world.workload = {"cluster.local", "elsewhere", "pay", ""};
    EXPECT_EQ(http(world.compile()), "no_target");
}

// --- Routes (A4, S2, S4, S5) ---

TEST(Decide, NamesTheTargetAndTheMatchThatAllowed) {
    World world = world_with_matches("[{name: a, pathRegex: '/a$'}, {name: b, pathRegex: '/b$'}]");
    const Verdict verdict = ask_http(world, k_web, {.path = "/b"});
    EXPECT_EQ(word(verdict), "allowed");
    EXPECT_EQ(verdict.rule.kind, "TrafficTarget");
    EXPECT_EQ(verdict.rule.name_space, "shop");
    EXPECT_EQ(verdict.rule.name, "t");
    EXPECT_EQ(verdict.rule.match, "b");
}

TEST(Decide, AllowsAListedSourceOnlyOnListedRoutes) {
    World world = world_with_matches("[{name: m, pathRegex: '/metrics$', methods: [GET]}]");
    EXPECT_EQ(http(world, {.path = "/metrics"}), "allowed");
    EXPECT_EQ(http(world, {.method = "POST", .path = "/metrics"}), "route_not_allowed");
    EXPECT_EQ(http(world, {.path = "/echo"}), "route_not_allowed");
}

TEST(Decide, TakesAMissingOrEmptyMatchListForAllMatches) {
    const std::string routes =
        group("g", "[{name: a, pathRegex: '/a$'}, {name: b, pathRegex: '/b$'}]");
    for (const char* rule :
         {"{kind: HTTPRouteGroup, name: g}",
          "{kind: HTTPRouteGroup, name: g, matches: []}",
          "{kind: HTTPRouteGroup, name: g, matches: [a, b]}"}) {
        World world(routes + target("t", std::string("[") + rule + "]"));
        EXPECT_EQ(http(world, {.path = "/a"}), "allowed") << rule;
        EXPECT_EQ(http(world, {.path = "/b"}), "allowed") << rule;
        EXPECT_EQ(http(world, {.path = "/c"}), "route_not_allowed") << rule;
    }
}

TEST(Decide, TakesOnlyTheNamedMatches) {
    World world(
        group("g", "[{name: a, pathRegex: '/a$'}, {name: b, pathRegex: '/b$'}]") +
        target("t", "[{kind: HTTPRouteGroup, name: g, matches: [b]}]")
    );
    EXPECT_EQ(http(world, {.path = "/a"}), "route_not_allowed");
    EXPECT_EQ(http(world, {.path = "/b"}), "allowed");
}

TEST(Decide, TakesAMissingPartOfAMatchForTrue) {
    World world = world_with_matches("[{name: any}]");
    EXPECT_EQ(http(world, {.method = "PURGE", .path = "/x"}), "allowed");
    EXPECT_EQ(http(world, {.method = "OPTIONS", .path = ""}), "allowed");
}

TEST(Decide, ComparesMethodsExactly) {
    World world = world_with_matches("[{name: m, methods: [GET, PURGE]}]");
    EXPECT_EQ(http(world, {.method = "GET"}), "allowed");
    EXPECT_EQ(http(world, {.method = "PURGE"}), "allowed");
    EXPECT_EQ(http(world, {.method = "get"}), "route_not_allowed");
    EXPECT_EQ(http(world, {.method = "HEAD"}), "route_not_allowed");
    EXPECT_EQ(http(world, {.method = "LOCK"}), "route_not_allowed");
}

TEST(Decide, TakesAStarAnywhereForAllMethods) {
    World world = world_with_matches("[{name: m, methods: [GET, '*']}]");
    EXPECT_EQ(http(world, {.method = "DELETE"}), "allowed");
}

TEST(Decide, UpperCasesMethodsOfTheManifest) {  // U29
    World world = world_with_matches("[{name: m, methods: [Get]}]");
    EXPECT_EQ(http(world, {.method = "GET"}), "allowed");
    EXPECT_EQ(http(world, {.method = "Get"}), "route_not_allowed");
}

TEST(Decide, CountsBothMatchesOfOneName) {  // U30
    World world(
        group("g", "[{name: a, pathRegex: '/a$'}, {name: a, pathRegex: '/b$'}]") +
        target("t", "[{kind: HTTPRouteGroup, name: g, matches: [a]}]")
    );
    EXPECT_EQ(http(world, {.path = "/a"}), "allowed");
    EXPECT_EQ(http(world, {.path = "/b"}), "allowed");
}

TEST(Decide, LetsAnUnconditionalMatchAllowBesideAConditionalOne) {
    World world = world_with_matches("[{name: a, pathRegex: '/a$'}, {name: all, methods: ['*']}]");
    EXPECT_EQ(http(world, {.path = "/elsewhere"}), "allowed");
}

TEST(Decide, AnchorsPathsAtTheirStartUnlessToldOtherwise) {  // S1, U1
    World world = world_with_matches("[{name: a, pathRegex: /counter}]");
    EXPECT_EQ(http(world, {.path = "/counter/1"}), "allowed");
    EXPECT_EQ(http(world, {.path = "/incrementcounter"}), "route_not_allowed");
    EXPECT_EQ(http(world, {.path = "/x/counter"}), "route_not_allowed");
    world.options.path_regex = RegexMode::full;
    world.compile();
    EXPECT_EQ(http(world, {.path = "/counter"}), "allowed");
    EXPECT_EQ(http(world, {.path = "/counter/1"}), "route_not_allowed");
}

TEST(Decide, LetsOnlyAnyPathAllowRequestsWithoutPath) {  // §1.7: CONNECT and OPTIONS *
    World all = world_with_matches("[{name: a, pathRegex: '.*'}]");
    EXPECT_EQ(http(all, {.method = "OPTIONS", .path = ""}), "allowed");
    World some = world_with_matches("[{name: a, pathRegex: '(/a)?'}, {name: b, pathRegex: '/.*'}]");
    EXPECT_EQ(http(some, {.method = "OPTIONS", .path = ""}), "route_not_allowed");
    EXPECT_EQ(http(some, {.path = "/a"}), "allowed");
}

// --- Headers (S4, S6, U3, U4, §1.8) ---

TEST(Decide, WantsEveryHeaderOfAMatch) {
    World world = world_with_matches("[{name: a, headers: {x-a: '^1$', X-B: '^2$'}}]");
    EXPECT_EQ(http(world, {.headers = {{"X-A", "1"}, {"x-b", "2"}}}), "allowed");
    EXPECT_EQ(http(world, {.headers = {{"x-a", "1"}}}), "route_not_allowed");
    EXPECT_EQ(http(world, {.headers = {{"x-a", "1"}, {"x-b", "3"}}}), "route_not_allowed");
}

TEST(Decide, WantsEveryValueOfAHeaderToMatch) {
    World world = world_with_matches("[{name: a, headers: {role: '^user$'}}]");
    EXPECT_EQ(http(world, {.headers = {{"role", "user"}, {"role", "user"}}}), "allowed");
    EXPECT_EQ(http(world, {.headers = {{"role", "user"}, {"role", "admin"}}}), "route_not_allowed");
}

TEST(Decide, DoesNotTakeAnAbsentHeaderForAMatch) {
    World world = world_with_matches("[{name: a, headers: {x-a: '.*'}}]");
    EXPECT_EQ(http(world), "route_not_allowed");
    EXPECT_EQ(http(world, {.headers = {{"x-a", ""}}}), "allowed");
}

TEST(Decide, SearchesHeadersUnlessToldOtherwise) {
    World world = world_with_matches("[{name: a, headers: {canary: 't|True'}}]");
    EXPECT_EQ(http(world, {.headers = {{"canary", "true"}}}), "allowed");
    world.options.header_regex = RegexMode::full;
    world.compile();
    EXPECT_EQ(http(world, {.headers = {{"canary", "true"}}}), "route_not_allowed");
    EXPECT_EQ(http(world, {.headers = {{"canary", "True"}}}), "allowed");
}

TEST(Decide, MatchesHostAgainstTheAuthorityWithAndWithoutPort) {
    World world = world_with_matches("[{name: a, headers: {Host: '^pay\\.example$'}}]");
    for (const char* authority :
         {"pay.example", "pay.example:8080", "PAY.example", "pay.example."}) {
        EXPECT_EQ(http(world, {.authority = authority}), "allowed") << authority;
    }
    for (const char* authority : {"", "xpay.example", "pay.example@evil", "pay.example.evil:80"}) {
        EXPECT_EQ(http(world, {.authority = authority}), "route_not_allowed") << authority;
    }
    World with_port = world_with_matches("[{name: a, headers: {host: ':8080$'}}]");
    EXPECT_EQ(http(with_port, {.authority = "pay:8080"}), "allowed");
    EXPECT_EQ(http(with_port, {.authority = "pay:80"}), "route_not_allowed");
}

TEST(Decide, ReadsHostFromTheAuthorityAndNotFromTheHeaders) {
    World world = world_with_matches("[{name: a, headers: {host: '^pay$'}}]");
    EXPECT_EQ(
        http(world, {.authority = "evil", .headers = {{"host", "pay"}}}), "route_not_allowed"
    );
}

// --- Ports and protocols (A5, A6, A9, A10, U5–U8, U24, U25, §1.7) ---

TEST(Decide, AllowsHttpAndBytesWhereOnlyATcpRouteIsListed) {
    World world(tcp_route("r", "8080") + target("t", "[{kind: TCPRoute, name: r}]"));
    EXPECT_EQ(http(world), "allowed");
    EXPECT_EQ(tcp(world), "allowed");
    EXPECT_EQ(http(world, {.port = 9090}), "port_not_allowed");
    EXPECT_EQ(tcp(world, 9090), "port_not_allowed");
    EXPECT_EQ(ask_http(world, k_web).rule.match, "");
}

TEST(Decide, TakesATcpRouteWithoutPortsForAllPorts) {
    World world(tcp_route("r", "") + target("t", "[{kind: TCPRoute, name: r}]"));
    EXPECT_EQ(tcp(world, 1), "allowed");
    EXPECT_EQ(tcp(world, 65535), "allowed");
}

TEST(Decide, JoinsTcpRouteAndRouteGroupOfOneTarget) {  // A10: the spec's own table
    World world(
        tcp_route("r", "8080") + group("g", "[{name: m, pathRegex: '/metrics$', methods: [GET]}]") +
        target("t", "[{kind: TCPRoute, name: r}, {kind: HTTPRouteGroup, name: g}]")
    );
    EXPECT_EQ(http(world, {.path = "/metrics"}), "allowed");
    EXPECT_EQ(http(world, {.path = "/other"}), "route_not_allowed");
    EXPECT_EQ(http(world, {.path = "/metrics", .port = 9090}), "port_not_allowed");
}

TEST(Decide, NeverJoinsThePortOfOneTargetWithTheRouteOfAnother) {
    World world(
        tcp_route("r8080", "8080") + tcp_route("r9090", "9090") +
        group("a", "[{name: a, pathRegex: '/a$'}]") + group("b", "[{name: b, pathRegex: '/b$'}]") +
        target("t1", "[{kind: TCPRoute, name: r8080}, {kind: HTTPRouteGroup, name: a}]") +
        target("t2", "[{kind: TCPRoute, name: r9090}, {kind: HTTPRouteGroup, name: b}]")
    );
    EXPECT_EQ(http(world, {.path = "/a", .port = 8080}), "allowed");
    EXPECT_EQ(http(world, {.path = "/b", .port = 9090}), "allowed");
    EXPECT_EQ(http(world, {.path = "/b", .port = 8080}), "route_not_allowed");
    EXPECT_EQ(http(world, {.path = "/a", .port = 9090}), "route_not_allowed");
}

TEST(Decide, UnitesOverlappingTargets) {  // finding 5, U28
    World world(
        group("narrow", "[{name: n, pathRegex: '/api/x$', methods: [GET]}]") +
        group("wide", "[{name: w, pathRegex: '/api/.*'}]") +
        target("a", "[{kind: HTTPRouteGroup, name: narrow}]") +
        target("b", "[{kind: HTTPRouteGroup, name: wide}]")
    );
    EXPECT_EQ(http(world, {.method = "POST", .path = "/api/x"}), "allowed");
    EXPECT_EQ(ask_http(world, k_web, {.path = "/api/x"}).rule.name, "a");
    EXPECT_EQ(ask_http(world, k_web, {.path = "/api/y"}).rule.name, "b");
}

TEST(Decide, DeniesBytesWhereARouteGroupIsListed) {  // U7
    World group_only = world_with_matches("[{name: all}]");
    EXPECT_EQ(tcp(group_only), "protocol_not_allowed");
    World both(
        tcp_route("r", "8080") + group("g", "[{name: all}]") +
        target("t", "[{kind: TCPRoute, name: r}, {kind: HTTPRouteGroup, name: g}]")
    );
    EXPECT_EQ(tcp(both), "protocol_not_allowed");
    EXPECT_EQ(tcp(both, 9090), "port_not_allowed");
}

TEST(Decide, LetsOnlyATcpRouteAllowAnOpaquePort) {  // U7, U8
    World both(
        tcp_route("r", "8080") + group("g", "[{name: a, pathRegex: '/a$'}]") +
        target("t", "[{kind: TCPRoute, name: r}, {kind: HTTPRouteGroup, name: g}]")
    );
    both.options.opaque_ports = {8080, 9090};
    EXPECT_EQ(tcp(both), "allowed");
    EXPECT_EQ(tcp(both, 9090), "port_not_allowed");
    World group_only = world_with_matches("[{name: all}]");
    group_only.options.opaque_ports = {8080};
    EXPECT_EQ(tcp(group_only), "protocol_not_allowed");
}

TEST(Decide, KeepsTcpAndUdpApart) {  // A9
    World world(udp_route("u", "8080") + target("t", "[{kind: UDPRoute, name: u}]"));
    EXPECT_EQ(tcp(world), "protocol_not_allowed");
    EXPECT_EQ(http(world), "protocol_not_allowed");
    World both(
        udp_route("u", "9090") + tcp_route("r", "8080") +
        target("t", "[{kind: UDPRoute, name: u}, {kind: TCPRoute, name: r}]")
    );
    EXPECT_EQ(tcp(both, 8080), "allowed");
    EXPECT_EQ(tcp(both, 9090), "port_not_allowed");
}

/// v1alpha2, where the destination has a port.
std::string target_with_port(const std::string& rules) {
    return "---\napiVersion: access.smi-spec.io/v1alpha2\nkind: TrafficTarget\nmetadata: {name: "
           "t}\n"
           "spec: {destination: {kind: ServiceAccount, name: pay, namespace: shop, port: 8080}, "
           "sources: [{kind: ServiceAccount, name: web, namespace: shop}], rules: " +
           rules + "}\n";
}

TEST(Decide, RestrictsEveryRuleToThePortOfTheDestination) {  // A5
    World world(
        group("g", "[{name: all}]") + target_with_port("[{kind: HTTPRouteGroup, name: g}]")
    );
    EXPECT_EQ(http(world, {.port = 8080}), "allowed");
    EXPECT_EQ(http(world, {.port = 9090}), "port_not_allowed");
    World tcp_world(tcp_route("r", "9090, 8080") + target_with_port("[{kind: TCPRoute, name: r}]"));
    EXPECT_EQ(tcp(tcp_world, 8080), "allowed");
    EXPECT_EQ(tcp(tcp_world, 9090), "port_not_allowed");
}

TEST(Decide, TakesATcpRouteOfEarlyVersionsForAllPorts) {  // U25
    World world(
        "apiVersion: specs.smi-spec.io/v1alpha2\nkind: TCPRoute\nmetadata: {name: r}\n" +
        target("t", "[{kind: TCPRoute, name: r}]")
    );
    EXPECT_EQ(tcp(world, 12345), "allowed");
}

// --- What does not resolve (U19–U23, U35, §1.8) ---

TEST(Decide, LetsAnUnresolvedReferenceMatchNothing) {  // U20, finding 6
    World world(target("t", "[{kind: TCPRoute, name: gone}]"));
    EXPECT_EQ(tcp(world), "port_not_allowed");
    EXPECT_EQ(http(world), "port_not_allowed");
    World no_group(target("t", "[{kind: HTTPRouteGroup, name: gone}]"));
    EXPECT_EQ(http(no_group), "route_not_allowed");
    EXPECT_EQ(tcp(no_group), "protocol_not_allowed");
}

TEST(Decide, DeniesTheWholeTargetWhenTheMissingHalfOfAnAndIsGone) {
    World no_port(
        group("g", "[{name: all}]") +
        target("t", "[{kind: TCPRoute, name: gone}, {kind: HTTPRouteGroup, name: g}]")
    );
    EXPECT_EQ(http(no_port), "port_not_allowed");
    World no_route(
        tcp_route("r", "") +
        target("t", "[{kind: TCPRoute, name: r}, {kind: HTTPRouteGroup, name: gone}]")
    );
    EXPECT_EQ(http(no_route), "route_not_allowed");
    EXPECT_EQ(tcp(no_route), "protocol_not_allowed");
}

TEST(Decide, KeepsTheOtherMatchesWhenOneNameIsMissing) {  // U19
    World world(
        group("g", "[{name: a, pathRegex: '/a$'}]") +
        target("t", "[{kind: HTTPRouteGroup, name: g, matches: [a, gone]}]")
    );
    EXPECT_EQ(http(world, {.path = "/a"}), "allowed");
    EXPECT_EQ(http(world, {.path = "/gone"}), "route_not_allowed");
}

TEST(Decide, LetsAPatternThatDoesNotCompileMatchNothing) {  // U35
    World world = world_with_matches(
        "[{name: a, pathRegex: '/a('}, {name: b, headers: {x: '['}}, {name: c, pathRegex: '/c$'}]"
    );
    EXPECT_EQ(http(world, {.path = "/a("}), "route_not_allowed");
    EXPECT_EQ(http(world, {.headers = {{"x", "["}}}), "route_not_allowed");
    EXPECT_EQ(http(world, {.path = "/c"}), "allowed");
}

TEST(Decide, IgnoresATargetWithARuleOfUnknownKind) {  // U23
    World world(
        tcp_route("r", "") + target("t", "[{kind: TCPRoute, name: r}, {kind: GRPCRoute, name: x}]")
    );
    EXPECT_EQ(tcp(world), "no_target");
}

std::string target_from(const std::string& destination, const std::string& sources) {
    return "---\napiVersion: access.smi-spec.io/v1alpha3\nkind: TrafficTarget\nmetadata: {name: "
           "t}\n"
           "spec: {destination: " +
           destination + ", sources: " + sources + ", rules: [{kind: TCPRoute, name: r}]}\n" +
           tcp_route("r", "");
}

constexpr const char* k_pay = "{kind: ServiceAccount, name: pay, namespace: shop}";

TEST(Decide, LetsAnUnknownSourceKindSpoilOnlyThatSource) {
    World world(target_from(
        k_pay, "[{kind: Group, name: web}, {kind: ServiceAccount, name: web, namespace: shop}]"
    ));
    EXPECT_EQ(tcp(world), "allowed");
    World only(target_from(k_pay, "[{kind: Group, name: web, namespace: shop}]"));
    EXPECT_EQ(tcp(only), "source_not_allowed");
}

TEST(Decide, TakesAnEmptySourceNamespaceForTheTargets) {  // U10
    World world(target_from(k_pay, "[{kind: ServiceAccount, name: web}]"));
    EXPECT_EQ(tcp(world), "allowed");
    EXPECT_EQ(word(ask_tcp(world, account("web", "other"))), "source_not_allowed");
}

TEST(Decide, TakesAnEmptyDestinationNamespaceForTheTargets) {  // U9
    World world(target_from(
        "{kind: ServiceAccount, name: pay}", "[{kind: ServiceAccount, name: web, namespace: shop}]"
    ));
    EXPECT_EQ(tcp(world), "allowed");
}

TEST(Decide, IgnoresATargetForAnotherNamespaceUnlessAllowed) {  // U9
    const std::string manifests = target_from(
        "{kind: ServiceAccount, name: pay, namespace: bank}",
        "[{kind: ServiceAccount, name: web, namespace: shop}]"
    );
    World world(manifests);
    world.workload.name_space = "bank";
    EXPECT_EQ(tcp(world), "no_target");
    world.options.allow_cross_namespace_targets = true;
    EXPECT_EQ(tcp(world.compile()), "allowed");
}

TEST(Decide, DeniesEmptySourcesEmptyRulesAndUnknownDestinations) {  // A8, U21, U22
    World no_sources(target_from(k_pay, "[]"));
    EXPECT_EQ(tcp(no_sources), "no_target");
    World no_rules(target("t", "[]"));
    EXPECT_EQ(tcp(no_rules), "no_target");
    World binding(target_from(
        "{kind: IdentityBinding, name: pay, namespace: shop}",
        "[{kind: ServiceAccount, name: web, namespace: shop}]"
    ));
    EXPECT_EQ(tcp(binding), "no_target");
}

TEST(Decide, LooksForRoutesInTheTargetsNamespaceOnly) {  // U11
    World world(
        "apiVersion: specs.smi-spec.io/v1alpha4\nkind: TCPRoute\n"
        "metadata: {name: r, namespace: other}\nspec: {matches: {ports: []}}\n" +
        target("t", "[{kind: TCPRoute, name: r}]")
    );
    EXPECT_EQ(tcp(world), "port_not_allowed");
}

// --- The nearest target of a denial ---

TEST(Decide, TellsTheTargetThatGotFurthest) {
    World world(
        tcp_route("r", "1") + udp_route("u", "") + group("g", "[{name: a, pathRegex: '/a$'}]") +
        target("a-port", "[{kind: TCPRoute, name: r}]") +
        target("b-protocol", "[{kind: UDPRoute, name: u}]") +
        target("c-route", "[{kind: HTTPRouteGroup, name: g}]") +
        target("d-route", "[{kind: HTTPRouteGroup, name: g}]")
    );
    const Verdict verdict = ask_http(world, k_web, {.path = "/b"});
    EXPECT_EQ(word(verdict), "route_not_allowed");
    EXPECT_EQ(verdict.rule.name, "c-route");
    EXPECT_EQ(verdict.rule.match, "");
}

// --- Which ports have path rules (decide.hpp) ---

TEST(Decide, KnowsThePortsWherePathsMatter) {
    World none(tcp_route("r", "") + target("t", "[{kind: TCPRoute, name: r}]"));
    EXPECT_FALSE(has_path_rules(none.snapshot(), 8080));
    World any = world_with_matches("[{name: a, pathRegex: '.*'}]");
    EXPECT_FALSE(has_path_rules(any.snapshot(), 8080));
    World all = world_with_matches("[{name: a, pathRegex: /a}]");
    EXPECT_TRUE(has_path_rules(all.snapshot(), 8080));
    World one(
        tcp_route("r", "8080") + group("g", "[{name: a, pathRegex: /a}]") +
        target("t", "[{kind: TCPRoute, name: r}, {kind: HTTPRouteGroup, name: g}]")
    );
    EXPECT_TRUE(has_path_rules(one.snapshot(), 8080));
    EXPECT_FALSE(has_path_rules(one.snapshot(), 9090));
}

TEST(Decide, NamesTheFirstTargetThatHasNothingAgainstPortAndProtocol) {
    World world(
        tcp_route("p80", "80") + tcp_route("p8080", "8080") +
        target("a", "[{kind: TCPRoute, name: p80}]") +
        target("b", "[{kind: UDPRoute, name: ghost}]") +
        target("c", "[{kind: TCPRoute, name: p8080}]") +
        target("d", "[{kind: TCPRoute, name: p8080}]")
    );
    const Verdict http = ask_http(world, account("stranger"));
    EXPECT_EQ(word(http), "source_not_allowed");
    EXPECT_EQ(http.rule.name, "c");
    EXPECT_EQ(ask_tcp(world, account("stranger"), 8080).rule.name, "c");
    EXPECT_EQ(ask_tcp(world, account("stranger"), 9090).rule.name, "a");
}

}  // namespace
}  // namespace policy::test
