// Clauses of smi.md about access that no single part decides: what targets, routes, versions and
// Services mean together. decide_test has one test for each simple clause.
#include "policy/decide.hpp"
#include "policy/identity.hpp"
#include "policy/route.hpp"
#include "tests/policy/world.hpp"

#include <gmock/gmock.h>

namespace policy::test {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

const Identity k_web = account("web");

std::string http(World& world, const Request& request = {}) {
    return word(ask_http(world, k_web, request));
}

std::string tcp(World& world, std::uint16_t port = 8080) {
    return word(ask_tcp(world, k_web, port));
}

/// A target of any version after the first: `spec` is YAML flow text without its braces.
std::string target_of(
    const std::string& version, const std::string& name, const std::string& spec
) {
    return "---\napiVersion: access.smi-spec.io/" + version +
           "\nkind: TrafficTarget\nmetadata: {name: " + name + "}\nspec: {" + spec + "}\n";
}

constexpr const char* k_to_pay = "destination: {kind: ServiceAccount, name: pay, namespace: shop}";
constexpr const char* k_from_web = "sources: [{kind: ServiceAccount, name: web, namespace: shop}]";
constexpr const char* k_rule_r = "rules: [{kind: TCPRoute, name: r}]";

std::string spec(const std::string& a, const std::string& b, const std::string& c) {
    return a + ", " + b + ", " + c;
}

// --- A2, A5, A6, A8, A10 ---

TEST(AccessClauses, NeverJoinsTheSourceOfOneTargetWithTheRouteOfAnother) {  // A2, §1.7
    const auto from = [](const std::string& name, const std::string& source) {
        return target_of(
            "v1alpha3",
            name,
            spec(
                k_to_pay,
                "sources: [{kind: ServiceAccount, name: " + source + ", namespace: shop}]",
                "rules: [{kind: HTTPRouteGroup, name: " + name + "}]"
            )
        );
    };
    World world(
        group("read", "[{name: r, methods: [GET]}]") +
        group("write", "[{name: w, methods: [POST]}]") + from("read", "web") + from("write", "cart")
    );
    EXPECT_EQ(http(world, {.method = "GET"}), "allowed");
    EXPECT_EQ(http(world, {.method = "POST"}), "route_not_allowed");
    EXPECT_EQ(word(ask_http(world, account("cart"), {.method = "POST"})), "allowed");
    EXPECT_EQ(word(ask_http(world, account("cart"), {.method = "GET"})), "route_not_allowed");
}

/// v1alpha1, everything at the root; `port` is text for the destination: "", ", port: 8080".
std::string first_version(const std::string& port) {
    return "---\napiVersion: access.smi-spec.io/v1alpha1\nkind: TrafficTarget\n"
           "metadata: {name: t}\n"
           "destination: {kind: ServiceAccount, name: pay, namespace: shop" +
           port + "}\n" + k_from_web + "\nspecs: [{kind: HTTPRouteGroup, name: g}]\n" +
           "---\napiVersion: specs.smi-spec.io/v1alpha1\nkind: HTTPRouteGroup\n"
           "metadata: {name: g}\nmatches: [{name: all, pathRegex: '.*', methods: ['*']}]\n";
}

TEST(AccessClauses, TakesADestinationWithoutAPortForAllPorts) {  // A5
    World open(first_version(""));
    EXPECT_EQ(http(open, {.port = 8080}), "allowed");
    EXPECT_EQ(http(open, {.port = 9090}), "allowed");
    for (const char* port : {", port: 8080", ", port: \"8080\""}) {
        World closed(first_version(port));
        EXPECT_EQ(http(closed, {.port = 8080}), "allowed") << port;
        EXPECT_EQ(http(closed, {.port = 9090}), "port_not_allowed") << port;
    }
}

TEST(AccessClauses, KeepsThePortOfADestinationInVersionsThatHaveNone) {  // "silently widens"
    for (const char* version : {"v1alpha2", "v1alpha3", "v1alpha4"}) {
        World world(
            tcp_route("r", "") +
            target_of(
                version,
                "t",
                spec(
                    "destination: {kind: ServiceAccount, name: pay, namespace: shop, port: 8080}",
                    k_from_web,
                    k_rule_r
                )
            )
        );
        EXPECT_EQ(tcp(world, 8080), "allowed") << version;
        EXPECT_EQ(tcp(world, 9090), "port_not_allowed") << version;
    }
}

TEST(AccessClauses, IgnoresAndTellsATargetThatLacksAPart) {  // A8, U21, U22
    struct Case {
        std::string spec;
        const char* code;
    };
    const std::string destination = k_to_pay;
    const std::string sources = k_from_web;
    const Case cases[] = {
        {sources + ", " + k_rule_r, "empty_destination"},
        {destination + ", " + k_rule_r, "empty_sources"},
        {destination + ", " + k_rule_r + ", sources: []", "empty_sources"},
        {destination + ", " + sources, "empty_rules"},
        {destination + ", " + sources + ", rules: []", "empty_rules"},
    };
    for (const char* version : {"v1alpha2", "v1alpha3", "v1alpha4"}) {
        for (const Case& row : cases) {
            World world(tcp_route("r", "") + target_of(version, "t", row.spec));
            EXPECT_EQ(tcp(world), "no_target") << row.spec;
            EXPECT_THAT(world.codes(), ElementsAre(row.code)) << row.spec;
            EXPECT_EQ(world.problems.front().severity, Severity::error) << row.spec;
        }
    }
}

/// The table of the spec's L7 example: what each source may do at the port of the TCPRoute.
TEST(AccessClauses, GivesTheResultsOfTheSpecsTable) {  // A10, U5
    const auto from = [](const std::string& name,
                         const std::string& match,
                         const std::string& sources) {
        return target_of(
            "v1alpha3",
            name,
            spec(
                k_to_pay,
                "sources: " + sources,
                "rules: [{kind: TCPRoute, name: r}, {kind: HTTPRouteGroup, name: g, matches: [" +
                    match + "]}]"
            )
        );
    };
    World world(
        tcp_route("r", "8080") +
        group(
            "g",
            "[{name: metrics, pathRegex: /metrics, methods: [GET]}, "
            "{name: everything, pathRegex: '.*', methods: ['*']}]"
        ) +
        from("metrics", "metrics", "[{kind: ServiceAccount, name: prometheus, namespace: shop}]") +
        from("api", "everything", "[{kind: ServiceAccount, name: web, namespace: shop}]")
    );
    const auto ask = [&](const std::string& peer, const Request& request) {
        return word(ask_http(world, account(peer), request));
    };
    EXPECT_EQ(ask("prometheus", {.path = "/metrics"}), "allowed");
    EXPECT_EQ(ask("prometheus", {.method = "POST", .path = "/metrics"}), "route_not_allowed");
    EXPECT_EQ(ask("prometheus", {.path = "/orders"}), "route_not_allowed");
    EXPECT_EQ(ask("web", {.method = "DELETE", .path = "/orders"}), "allowed");
    EXPECT_EQ(ask("web", {.path = "/orders", .port = 9090}), "port_not_allowed");
    EXPECT_EQ(ask("other", {.path = "/metrics"}), "source_not_allowed");
}

// --- What SMI kinds do not say (A13, U33) ---

TEST(AccessClauses, SaysNothingAboutEgress) {  // A13
    const std::string to_somebody_else = target("t", "[{kind: TCPRoute, name: r}]");
    for (const std::string& manifests : {std::string(), tcp_route("r", "") + to_somebody_else}) {
        World world(manifests);
        HttpRouteFacts facts;
        facts.authority = "api.example.com";
        facts.destination = parse_socket_address("192.0.2.1:80");
        EXPECT_EQ(route_http(world.snapshot(), facts).reason, Reason::passthrough);
        EXPECT_EQ(route_tcp(world.snapshot(), {*facts.destination}).reason, Reason::passthrough);
    }
}

TEST(AccessClauses, HasNoRetriesTimeoutsOrLimitsInItsKinds) {  // A13
    World world(
        group("g", "[{name: a, pathRegex: '/a$', timeout: 1s, retries: 3, rateLimit: 10}]") +
        target("t", "[{kind: HTTPRouteGroup, name: g}]")
    );
    std::vector<std::string> told;
    for (const Problem& problem : world.inventory.problems()) {
        told.push_back(problem.code);
        EXPECT_EQ(problem.severity, Severity::error);
    }
    EXPECT_THAT(told, ElementsAre("unknown_field", "unknown_field", "unknown_field"));
    // What was to limit is not known to us, so that nothing is allowed rather than too much.
    EXPECT_EQ(http(world, {.path = "/a"}), "route_not_allowed");
}

TEST(AccessClauses, TakesAStarForANameThatNobodyHas) {  // U33
    for (const char* star :
         {"{kind: ServiceAccount, name: '*', namespace: shop}",
          "{kind: ServiceAccount, name: web, namespace: '*'}",
          "{kind: ServiceAccount, name: '*', namespace: '*'}"}) {
        World world(
            tcp_route("r", "") +
            target_of(
                "v1alpha3", "t", spec(k_to_pay, std::string("sources: [") + star + "]", k_rule_r)
            )
        );
        EXPECT_EQ(tcp(world), "source_not_allowed") << star;
        EXPECT_EQ(word(ask_tcp(world, std::nullopt)), "unauthenticated") << star;
    }
    // And no certificate can carry that name.
    EXPECT_TRUE(parse_identity("spiffe://cluster.local/ns/shop/sa/*").has_error());
    EXPECT_TRUE(parse_identity("spiffe://cluster.local/ns/*/sa/web").has_error());
}

TEST(AccessClauses, TakesAStarForANameOfADestinationToo) {  // U33
    World world(
        tcp_route("r", "") +
        target_of(
            "v1alpha3",
            "t",
            spec(
                "destination: {kind: ServiceAccount, name: '*', namespace: shop}",
                k_from_web,
                k_rule_r
            )
        )
    );
    EXPECT_EQ(tcp(world), "no_target");
}

// --- Routes ---

TEST(AccessClauses, NeedsOnlyTheNameOfAMatch) {  // S3
    World named(group("g", "[{name: any}]") + target("t", "[{kind: HTTPRouteGroup, name: g}]"));
    EXPECT_THAT(named.inventory.problems(), IsEmpty());
    EXPECT_EQ(http(named, {.method = "PUT", .path = "/x"}), "allowed");
    World nameless(
        group("g", "[{pathRegex: '.*', methods: ['*']}]") +
        target("t", "[{kind: HTTPRouteGroup, name: g}]")
    );
    EXPECT_EQ(http(nameless), "route_not_allowed");
    ASSERT_EQ(nameless.inventory.problems().size(), 1U);
    EXPECT_EQ(nameless.inventory.problems().front().severity, Severity::error);
}

TEST(AccessClauses, HonoursHeadersInTheFirstVersion) {  // §1.8
    World world(
        "apiVersion: specs.smi-spec.io/v1alpha1\nkind: HTTPRouteGroup\nmetadata: {name: g}\n"
        "matches: [{name: a, methods: ['*'], headers: [{x-user: '^tester$'}]}]\n" +
        target("t", "[{kind: HTTPRouteGroup, name: g}]")
    );
    EXPECT_EQ(http(world), "route_not_allowed");
    EXPECT_EQ(http(world, {.headers = {{"X-User", "tester"}}}), "allowed");
}

TEST(AccessClauses, MatchesTheAuthorityAsSentToo) {  // U4
    World world(
        group("g", "[{name: a, headers: {host: '^PAY\\.Example:8080$'}}]") +
        target("t", "[{kind: HTTPRouteGroup, name: g}]")
    );
    EXPECT_EQ(http(world, {.authority = "PAY.Example:8080"}), "allowed");
    EXPECT_EQ(http(world, {.authority = "pay.example:8080"}), "route_not_allowed");
}

TEST(AccessClauses, WarnsOfASourceWithoutNamespace) {  // U10
    World world(
        tcp_route("r", "") +
        target_of(
            "v1alpha3",
            "t",
            spec(k_to_pay, "sources: [{kind: ServiceAccount, name: web}]", k_rule_r)
        )
    );
    ASSERT_THAT(world.codes(), ElementsAre("source_without_namespace"));
    EXPECT_EQ(world.problems.front().severity, Severity::warning);
}

TEST(AccessClauses, TellsAReferenceThatLeadsNowhereAsAnError) {  // U11, U19, U20, U23
    World world(
        group("g", "[{name: a}]") + target("a-route", "[{kind: TCPRoute, name: gone}]") +
        target("b-match", "[{kind: HTTPRouteGroup, name: g, matches: [gone]}]") +
        target("c-kind", "[{kind: GRPCRoute, name: g}]")
    );
    EXPECT_THAT(
        world.codes(), ElementsAre("unknown_rule_kind", "unresolved_match", "unresolved_reference")
    );
    for (const Problem& problem : world.problems) {
        EXPECT_EQ(problem.severity, Severity::error) << problem.code;
    }
}

// --- Ports, hosts and Services on the server's side (U24, U32, U34) ---

/// Service pay, port 80 → 8080, and the pod behind it.
std::string pay_service() {
    return service("pay", "10.9.0.1", "10.1.0.1") +
           "---\napiVersion: v1\nkind: Pod\nmetadata: {name: pay-1}\n"
           "spec: {serviceAccountName: pay}\nstatus: {podIP: 10.1.0.1}\n";
}

TEST(AccessClauses, CountsThePodsPortAndNotTheServices) {  // U24
    World by_service_port(
        pay_service() + tcp_route("r", "80") + target("t", "[{kind: TCPRoute, name: r}]")
    );
    EXPECT_EQ(tcp(by_service_port, 8080), "port_not_allowed");
    World by_pod_port(
        pay_service() + tcp_route("r", "8080") + target("t", "[{kind: TCPRoute, name: r}]")
    );
    EXPECT_EQ(tcp(by_pod_port, 8080), "allowed");
    EXPECT_EQ(http(by_pod_port, {.authority = "pay:80", .port = 8080}), "allowed");
}

TEST(AccessClauses, LetsNoHostPickTheTarget) {  // U32
    World world(
        pay_service() + group("g", "[{name: a, pathRegex: '/a$'}]") +
        target("t", "[{kind: HTTPRouteGroup, name: g}]") +
        split("s", "apex", "[{service: pay, weight: 1}]")
    );
    for (const char* authority : {"apex.shop:80", "pay", "other.example", "", "10.9.0.1"}) {
        EXPECT_EQ(http(world, {.path = "/a", .authority = authority}), "allowed") << authority;
        EXPECT_EQ(http(world, {.path = "/b", .authority = authority}), "route_not_allowed")
            << authority;
    }
}

TEST(AccessClauses, LetsASplitOpenNothing) {  // T1, U32
    World world(pay_service() + split("s", "pay", "[{service: pay, weight: 1}]"));
    EXPECT_EQ(http(world, {.authority = "pay"}), "no_target");
    EXPECT_EQ(tcp(world), "no_target");
}

TEST(AccessClauses, KnowsACallerWithoutServiceOrPod) {  // U34, A11
    World world(pay_service() + tcp_route("r", "") + target("t", "[{kind: TCPRoute, name: r}]"));
    EXPECT_EQ(tcp(world), "allowed");
}

// --- Versions ---

std::string any_group(const std::string& version) {
    const bool is_at_root = version == "v1alpha1" || version == "v1alpha2";
    return "---\napiVersion: specs.smi-spec.io/" + version +
           "\nkind: HTTPRouteGroup\nmetadata: {name: g}\n" + (is_at_root ? "" : "spec: ") +
           (is_at_root ? "matches: [{name: a, pathRegex: '/a$'}]\n"
                       : "{matches: [{name: a, pathRegex: '/a$'}]}\n") +
           "---\napiVersion: specs.smi-spec.io/" + version +
           "\nkind: TCPRoute\nmetadata: {name: r}\n" +
           (version == "v1alpha4" ? "spec: {matches: {ports: [8080]}}\n" : "");
}

std::string any_target(const std::string& version) {
    const std::string rules = "[{kind: HTTPRouteGroup, name: g}, {kind: TCPRoute, name: r}]";
    if (version != "v1alpha1") {
        return target_of(version, "t", spec(k_to_pay, k_from_web, "rules: " + rules));
    }
    return "---\napiVersion: access.smi-spec.io/v1alpha1\nkind: TrafficTarget\n"
           "metadata: {name: t}\n" +
           std::string(k_to_pay) + "\n" + k_from_web + "\nspecs: " + rules + "\n";
}

TEST(AccessClauses, JoinsEveryVersionOfAccessWithEveryVersionOfSpecs) {
    const std::string versions[] = {"v1alpha1", "v1alpha2", "v1alpha3", "v1alpha4"};
    for (const std::string& access : versions) {
        for (const std::string& specs : versions) {
            World world(any_group(specs) + any_target(access));
            EXPECT_THAT(world.inventory.problems(), IsEmpty()) << access << ' ' << specs;
            EXPECT_THAT(world.codes(), IsEmpty()) << access << ' ' << specs;
            EXPECT_EQ(http(world, {.path = "/a"}), "allowed") << access << ' ' << specs;
            EXPECT_EQ(http(world, {.path = "/b"}), "route_not_allowed") << access << ' ' << specs;
            EXPECT_EQ(
                http(world, {.path = "/a", .port = 9090}),
                specs == "v1alpha4" ? "port_not_allowed" : "allowed"
            ) << access
              << ' ' << specs;
        }
    }
}

// --- §1.8: what cannot be read ---

TEST(AccessClauses, DeniesByWhatCannotBeReadAndByNothingElse) {
    const std::string good = tcp_route("ok", "9090") + target("ok", "[{kind: TCPRoute, name: ok}]");
    const std::string bad[] = {
        // Each would allow port 8080 if its unreadable part were taken for "no constraint".
        target_of(
            "v1alpha2",
            "bad",
            spec(
                "destination: {kind: ServiceAccount, name: pay, port: http}",
                k_from_web,
                "rules: [{kind: TCPRoute, name: all}]"
            )
        ),
        target_of(
            "v1alpha3",
            "bad",
            spec(
                k_to_pay,
                k_from_web,
                "rules: [{kind: TCPRoute, name: all}, {kind: HTTPRouteGroup, name: all, "
                "matches: one}]"
            )
        ),
        "---\napiVersion: specs.smi-spec.io/v1alpha4\nkind: TCPRoute\nmetadata: {name: bad}\n"
        "spec: {matches: {ports: 8081}}\n" +
            target("bad", "[{kind: TCPRoute, name: bad}]"),
        group("bad", "[{name: a, pathRegex: 5}, {name: b, methods: GET}, {name: c, headers: x}]") +
            target("bad", "[{kind: HTTPRouteGroup, name: bad}]"),
    };
    const std::string all = tcp_route("all", "") + group("all", "[{name: one}]");
    for (const std::string& manifests : bad) {
        World world(good);
        world.add("b.yaml", all + manifests);
        EXPECT_THAT(world.inventory.problems(), testing::Not(IsEmpty())) << manifests;
        EXPECT_FALSE(ask_http(world, k_web).allowed) << manifests;
        EXPECT_FALSE(ask_tcp(world, k_web).allowed) << manifests;
        EXPECT_EQ(tcp(world, 9090), "allowed") << manifests;
    }
}

}  // namespace
}  // namespace policy::test
