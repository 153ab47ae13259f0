#include "policy/explain.hpp"
#include "tests/policy/world.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <gmock/gmock.h>

namespace policy::test {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

AccessQuestion from_web(const std::string& method = "GET", const std::string& path = "/") {
    AccessQuestion question;
    question.peer = account("web");
    question.port = 8080;
    question.request.method = method;
    question.request.target = path;
    question.request.authority = "pay.shop";
    return question;
}

AccessQuestion bytes_from_web(std::uint16_t port = 8080) {
    AccessQuestion question = from_web();
    question.protocol = Protocol::tcp;
    question.port = port;
    return question;
}

/// "name: word: detail" of each target that was considered.
std::vector<std::string> lines(const AccessExplanation& explanation) {
    std::vector<std::string> lines;
    for (const ConsideredTarget& target : explanation.considered) {
        lines.push_back(
            target.name.name + ": " + std::string(to_string(target.failed)) + ": " + target.detail
        );
    }
    return lines;
}

const std::string k_routes = group(
    "routes",
    "[{name: get-metrics, pathRegex: /metrics, methods: [GET]}, "
    "{name: user, headers: {x-user: ^b$}}]"
);
std::string by_match(const std::string& match) {
    return k_routes +
           target("pay", "[{kind: HTTPRouteGroup, name: routes, matches: [" + match + "]}]");
}

std::string detail_of(const std::string& manifests, const AccessQuestion& question) {
    World world(manifests);
    const AccessExplanation explanation = explain_access(world.snapshot(), question);
    EXPECT_FALSE(explanation.allowed);
    EXPECT_FALSE(explanation.rule.has_value());
    return explanation.considered.empty() ? "nothing considered"
                                          : explanation.considered.front().detail;
}

TEST(ExplainAccess, NamesTheTargetAndTheMatchThatAllow) {
    World world(by_match("get-metrics"));
    const auto explanation = explain_access(world.snapshot(), from_web("GET", "/metrics?x=1"));
    EXPECT_TRUE(explanation.allowed);
    EXPECT_EQ(explanation.reason, Reason::allowed);
    EXPECT_EQ(explanation.rule->target, (ObjectName{"shop", "pay"}));
    EXPECT_EQ(explanation.rule->match, "get-metrics");
    EXPECT_THAT(explanation.considered, IsEmpty());
    EXPECT_EQ(explanation.detail, "TrafficTarget shop/pay allows it, match get-metrics");
    EXPECT_EQ(explanation.asked, "GET /metrics?x=1 from shop/web to port 8080 of shop/pay");
}

TEST(ExplainAccess, SaysThatNothingIsThere) {
    World world("");
    const auto explanation = explain_access(world.snapshot(), from_web());
    EXPECT_EQ(explanation.reason, Reason::no_target);
    EXPECT_THAT(explanation.considered, IsEmpty());
    EXPECT_THAT(explanation.detail, HasSubstr("no valid TrafficTarget has shop/pay"));
}

TEST(ExplainAccess, SaysThatATargetMayMeanThePodThatWasNotNamed) {
    World world(
        tcp_route("all", "") +
        R"(---
apiVersion: access.smi-spec.io/v1alpha4
kind: IdentityBinding
metadata: {name: backs}
spec: {schemes: {podLabelSelector: {matchLabels: {app: pay}}}}
---
apiVersion: v1
kind: Pod
metadata: {name: pay-1, labels: {app: pay}}
spec: {serviceAccountName: pay}
status: {podIP: 10.2.0.1}
---
apiVersion: access.smi-spec.io/v1alpha4
kind: TrafficTarget
metadata: {name: pay}
spec:
  destination: {kind: IdentityBinding, name: backs, namespace: shop}
  sources: [{kind: ServiceAccount, name: web, namespace: shop}]
  rules: [{kind: TCPRoute, name: all}]
)"
    );
    world.workload.pod.clear();
    const auto unnamed = explain_access(world.snapshot(), from_web());
    EXPECT_EQ(unnamed.reason, Reason::no_target);
    EXPECT_THAT(unnamed.detail, HasSubstr("a target may mean its pod by its labels: give --pod"));
    world.workload.pod = "pay-2";
    world.compile();
    const auto other = explain_access(world.snapshot(), from_web());
    EXPECT_EQ(other.reason, Reason::no_target);
    EXPECT_THAT(other.detail, Not(HasSubstr("--pod")));
    world.workload.pod = "pay-1";
    world.compile();
    EXPECT_TRUE(explain_access(world.snapshot(), from_web()).allowed);
}

TEST(ExplainAccess, NamesTheConditionOfAMatchThatFailed) {
    EXPECT_EQ(
        detail_of(by_match("get-metrics"), from_web("GET", "/echo")),
        "match get-metrics: path /echo does not match /metrics"
    );
    EXPECT_EQ(
        detail_of(by_match("get-metrics"), from_web("POST", "/metrics")),
        "match get-metrics: method POST is not GET"
    );
    EXPECT_EQ(detail_of(by_match("user"), from_web()), "match user: header x-user is absent");
    AccessQuestion question = from_web();
    question.request.headers = {{"X-User", "b"}, {"x-user", "a"}};
    EXPECT_EQ(
        detail_of(by_match("user"), question),
        "match user: header x-user: value 'a' does not match ^b$"
    );
}

TEST(ExplainAccess, PutsTheMatchThatGotFurthestFirst) {
    EXPECT_EQ(
        detail_of(by_match("get-metrics, user"), from_web("GET", "/echo")),
        "match user: header x-user is absent; "
        "match get-metrics: path /echo does not match /metrics"
    );
}

TEST(ExplainAccess, BoundsTheMatchesItNames) {
    std::string matches;
    for (int i = 0; i < 20; ++i) {
        matches += (i == 0 ? "" : ", ") + ("{name: m" + std::to_string(i)) + ", methods: [PUT]}";
    }
    const std::string detail = detail_of(
        group("many", "[" + matches + "]") + target("pay", "[{kind: HTTPRouteGroup, name: many}]"),
        from_web()
    );
    EXPECT_THAT(detail, StartsWith("match m0: method GET is not PUT; match m1: "));
    EXPECT_THAT(detail, testing::EndsWith("match m4: method GET is not PUT; 15 more do not match"));
}

TEST(ExplainAccess, SaysThatAHostIsMissingOrAnother) {
    const std::string manifests = group("routes", "[{name: h, headers: {host: ^api$}}]") +
                                  target("pay", "[{kind: HTTPRouteGroup, name: routes}]");
    EXPECT_EQ(detail_of(manifests, from_web()), "match h: host pay.shop does not match ^api$");
    AccessQuestion question = from_web();
    question.request.authority = "";
    EXPECT_EQ(detail_of(manifests, question), "match h: header host is absent");
}

TEST(ExplainAccess, SaysThatARequestWithoutAPathMatchesNone) {
    EXPECT_EQ(
        detail_of(
            group("routes", "[{name: p, pathRegex: '(/a)?'}]") +
                target("pay", "[{kind: HTTPRouteGroup, name: routes}]"),
            from_web("OPTIONS", "*")
        ),
        "match p: a request without a path cannot match (/a)?"
    );
}

TEST(ExplainAccess, NamesThePortsThatAreAllowed) {
    EXPECT_EQ(
        detail_of(
            tcp_route("ports", "80, 9090") + target("pay", "[{kind: TCPRoute, name: ports}]"),
            from_web()
        ),
        "port 8080 is not among 80, 9090 (TCPRoute)"
    );
    EXPECT_THAT(
        detail_of(target("pay", "[{kind: TCPRoute, name: absent}]"), from_web()),
        HasSubstr("the TCPRoute that it names does not exist")
    );
    EXPECT_EQ(
        detail_of(
            "apiVersion: access.smi-spec.io/v1alpha2\nkind: TrafficTarget\nmetadata: {name: pay}\n"
            "spec: {destination: {kind: ServiceAccount, name: pay, namespace: shop, port: 81}, "
            "sources: [{kind: ServiceAccount, name: web, namespace: shop}], "
            "rules: [{kind: TCPRoute, name: all}]}\n" +
                tcp_route("all", ""),
            from_web()
        ),
        "port 8080 is not the target's port 81"
    );
}

TEST(ExplainAccess, SaysWhyBytesAreNotEnough) {
    const std::string all = tcp_route("all", "") + group("routes", "[{name: any}]");
    EXPECT_THAT(
        detail_of(all + target("pay", "[{kind: HTTPRouteGroup, name: routes}]"), bytes_from_web()),
        AllOf(HasSubstr("raw bytes cannot satisfy its HTTPRouteGroup"), HasSubstr("no TCPRoute"))
    );
    EXPECT_THAT(
        detail_of(
            all + target(
                      "pay", "[{kind: HTTPRouteGroup, name: routes}, {kind: TCPRoute, name: all}]"
                  ),
            bytes_from_web()
        ),
        HasSubstr("declare port 8080 opaque")
    );
    EXPECT_THAT(
        detail_of(
            udp_route("dns", "") + target("pay", "[{kind: UDPRoute, name: dns}]"), bytes_from_web()
        ),
        HasSubstr("UDPRoute")
    );
}

TEST(ExplainAccess, TakesARequestForBytesOnAnOpaquePort) {
    World world(
        tcp_route("all", "") + group("routes", "[{name: read, pathRegex: /a, methods: [GET]}]") +
        target("both", "[{kind: HTTPRouteGroup, name: routes}, {kind: TCPRoute, name: all}]")
    );
    world.options.opaque_ports = {8080};
    AccessQuestion question = from_web("POST", "/b%2Fc");
    question.request.malformed = "no HTTP method";
    question.request.dropped = {"connection"};
    const auto explanation = explain_access(world.snapshot(), question);
    EXPECT_TRUE(explanation.allowed);
    EXPECT_EQ(explanation.rule->match, "");
    EXPECT_THAT(explanation.dropped_headers, IsEmpty());
    EXPECT_EQ(
        explanation.detail,
        "port 8080 is opaque, so all that comes in there is bytes, requests too; "
        "TrafficTarget shop/both allows it"
    );
    question = from_web();
    question.protocol = Protocol::udp;
    EXPECT_THAT(explain_access(world.snapshot(), question).detail, Not(HasSubstr("opaque")));
}

TEST(ExplainAccess, NoHttpMatchAllowsARequestOnAnOpaquePort) {
    World world(by_match("get-metrics"));
    ASSERT_TRUE(explain_access(world.snapshot(), from_web("GET", "/metrics")).allowed);
    world.options.opaque_ports = {8080};
    world.compile();
    const auto explanation = explain_access(world.snapshot(), from_web("GET", "/metrics"));
    EXPECT_FALSE(explanation.allowed);
    EXPECT_EQ(explanation.reason, Reason::protocol_not_allowed);
    EXPECT_THAT(
        lines(explanation),
        ElementsAre(
            "pay: protocol_not_allowed: raw bytes cannot satisfy its HTTPRouteGroup, and it "
            "names no TCPRoute"
        )
    );
    EXPECT_THAT(explanation.detail, StartsWith("port 8080 is opaque, so "));
}

TEST(ExplainAccess, SaysThatNoMatchIsUsable) {
    EXPECT_THAT(
        detail_of(target("pay", "[{kind: HTTPRouteGroup, name: absent}]"), from_web()),
        HasSubstr("none of the HTTP matches that it names exists")
    );
}

TEST(ExplainAccess, ListsTheSourcesOfATargetThatDoesNotListThePeer) {
    World world(
        tcp_route("eighty", "80") + tcp_route("all", "") +
        group("routes", "[{name: post, methods: [POST]}]") +
        target("a-port", "[{kind: TCPRoute, name: eighty}]") +
        target("b-route", "[{kind: HTTPRouteGroup, name: routes}]") +
        target("c-fits", "[{kind: TCPRoute, name: all}]")
    );
    AccessQuestion question = from_web();
    question.peer = account("ghost");
    const auto explanation = explain_access(world.snapshot(), question);
    EXPECT_EQ(explanation.reason, Reason::source_not_allowed);
    // As the proxy names it: nearer is what has the port and the protocol, whatever its routes.
    EXPECT_THAT(
        lines(explanation),
        ElementsAre(
            "b-route: source_not_allowed: sources are shop/web",
            "c-fits: source_not_allowed: sources are shop/web; nothing else in it is against this",
            "a-port: source_not_allowed: sources are shop/web"
        )
    );
    EXPECT_EQ(explanation.detail, "no TrafficTarget lists shop/ghost among its sources");
}

TEST(ExplainAccess, SaysThatThePeerProvedNothing) {
    World world(tcp_route("all", "") + target("pay", "[{kind: TCPRoute, name: all}]"));
    world.options.mtls = MtlsMode::permissive;
    AccessQuestion question = from_web();
    question.peer.reset();
    const auto explanation = explain_access(world.snapshot(), question);
    EXPECT_EQ(explanation.reason, Reason::unauthenticated);
    EXPECT_THAT(
        lines(explanation),
        ElementsAre("pay: unauthenticated: sources are shop/web; nothing else in it is against this"
        )
    );
}

TEST(ExplainAccess, ShowsTargetsThatAreInvalid) {
    World world(target("pay", "[]") + target("odd", "[{kind: OddRoute, name: x}]"));
    const auto explanation = explain_access(world.snapshot(), from_web());
    EXPECT_EQ(explanation.reason, Reason::no_target);
    EXPECT_THAT(
        lines(explanation),
        ElementsAre(
            StartsWith("odd: target_invalid: a rule of kind \"OddRoute\" is not known"),
            StartsWith("pay: target_invalid: the target has no rules")
        )
    );
}

TEST(ExplainAccess, JudgesDatagramsByUdpRoutesAlone) {
    AccessQuestion question = bytes_from_web();
    question.protocol = Protocol::udp;
    EXPECT_THAT(
        detail_of(tcp_route("all", "") + target("pay", "[{kind: TCPRoute, name: all}]"), question),
        HasSubstr("it names no UDPRoute")
    );
    EXPECT_EQ(
        detail_of(
            udp_route("dns", "53") + target("pay", "[{kind: UDPRoute, name: dns}]"), question
        ),
        "port 8080 is not among 53 (UDPRoute)"
    );
    World world(udp_route("dns", "") + target("pay", "[{kind: UDPRoute, name: dns}]"));
    EXPECT_TRUE(explain_access(world.snapshot(), question).allowed);
}

TEST(ExplainAccess, AsksWhereAPeerComesFrom) {
    World world(
        tcp_route("all", "") +
        R"(---
apiVersion: access.smi-spec.io/v1alpha4
kind: IdentityBinding
metadata: {name: fronts}
spec: {schemes: {podLabelSelector: {matchLabels: {app: web}}}}
---
apiVersion: v1
kind: Pod
metadata: {name: web-1, labels: {app: web}}
spec: {serviceAccountName: web}
status: {podIP: 10.2.0.1}
---
apiVersion: access.smi-spec.io/v1alpha4
kind: TrafficTarget
metadata: {name: pay}
spec:
  destination: {kind: ServiceAccount, name: pay, namespace: shop}
  sources: [{kind: IdentityBinding, name: fronts, namespace: shop}]
  rules: [{kind: TCPRoute, name: all}]
)"
    );
    AccessQuestion question = from_web();
    EXPECT_THAT(
        lines(explain_access(world.snapshot(), question)),
        ElementsAre("pay: source_not_allowed: sources are the pods of IdentityBinding shop/fronts, "
                    "which are told by their addresses too, and none was asked about; nothing else "
                    "in it is against this")
    );
    question.peer_address = parse_ip("10.2.0.9");
    EXPECT_THAT(
        lines(explain_access(world.snapshot(), question)),
        ElementsAre("pay: source_not_allowed: sources are the pods of IdentityBinding shop/fronts; "
                    "nothing else in it is against this")
    );
    question.peer_address = parse_ip("10.2.0.1");
    const auto explanation = explain_access(world.snapshot(), question);
    EXPECT_TRUE(explanation.allowed);
    EXPECT_EQ(explanation.asked, "GET / from shop/web at 10.2.0.1 to port 8080 of shop/pay");
}

TEST(ExplainAccess, OrdersTargetsByHowFarTheyGot) {
    World world(
        tcp_route("eighty", "80") + udp_route("dns", "") +
        group("routes", "[{name: post, methods: [POST]}]") +
        "---\napiVersion: access.smi-spec.io/v1alpha3\nkind: TrafficTarget\n"
        "metadata: {name: a-source}\nspec: {destination: {kind: ServiceAccount, name: pay, "
        "namespace: shop}, sources: [{kind: ServiceAccount, name: cart, namespace: shop}], rules: "
        "[{kind: TCPRoute, name: eighty}]}\n" +
        target("b-port", "[{kind: TCPRoute, name: eighty}]") +
        target("c-protocol", "[{kind: UDPRoute, name: dns}]") +
        target("d-route", "[{kind: HTTPRouteGroup, name: routes}]") +
        target("e-route", "[{kind: HTTPRouteGroup, name: routes}]")
    );
    const auto explanation = explain_access(world.snapshot(), from_web());
    EXPECT_THAT(
        lines(explanation),
        ElementsAre(
            StartsWith("d-route: route_not_allowed: match post: method GET is not POST"),
            StartsWith("e-route: route_not_allowed: "),
            StartsWith("c-protocol: protocol_not_allowed: "),
            StartsWith("b-port: port_not_allowed: "),
            "a-source: source_not_allowed: sources are shop/cart"
        )
    );
    EXPECT_EQ(
        explanation.detail,
        "TrafficTarget shop/d-route lists the peer, but not for this method, path or header"
    );
}

TEST(ExplainAccess, RefusesAPathOnlyWherePathsCount) {
    const auto refused = [](const std::string& manifests) {
        World world(manifests);
        return explain_access(world.snapshot(), from_web("GET", "/a%2Fb"));
    };
    const auto under_path_rule = refused(by_match("get-metrics"));
    EXPECT_EQ(under_path_rule.reason, Reason::path_refused);
    EXPECT_THAT(under_path_rule.detail, HasSubstr("/a%2Fb has no safe canonical form"));
    EXPECT_THAT(lines(under_path_rule), ElementsAre(StartsWith("pay: path_refused: ")));
    const auto without =
        refused(tcp_route("all", "") + target("pay", "[{kind: TCPRoute, name: all}]"));
    EXPECT_TRUE(without.allowed);
}

TEST(ExplainAccess, JudgesTheCanonicalPath) {
    EXPECT_EQ(
        detail_of(by_match("get-metrics"), from_web("GET", "/metrics//../%61dmin?/metrics")),
        "match get-metrics: path /admin does not match /metrics"
    );
}

TEST(ExplainAccess, SaysThatARequestIsNone) {
    World world(by_match("get-metrics"));
    AccessQuestion question = from_web();
    question.request.malformed = "no HTTP method";
    const auto explanation = explain_access(world.snapshot(), question);
    EXPECT_FALSE(explanation.allowed);
    EXPECT_EQ(explanation.reason, Reason::malformed_request);
    EXPECT_THAT(explanation.detail, HasSubstr("no HTTP method"));
    question.protocol = Protocol::tcp;  // then nobody reads it
    EXPECT_EQ(explain_access(world.snapshot(), question).reason, Reason::protocol_not_allowed);
}

TEST(ExplainAccess, ShowsNoControlBytesAndNothingEndless) {
    World world(by_match("user"));
    AccessQuestion question = from_web();
    question.request.headers = {{"x-user", "\x1b[31m" + std::string(10'000, 'x')}};
    const std::string detail = explain_access(world.snapshot(), question).considered.at(0).detail;
    EXPECT_THAT(detail, HasSubstr("value '\\x1b[31mxxx"));
    EXPECT_LT(detail.size(), 400U);
}

TEST(ExplainAccess, WritesJsonInTheShapeOfTheDesign) {
    World world(by_match("get-metrics") + target("other", "[{kind: UDPRoute, name: absent}]"));
    std::vector<Problem> problems{
        {Severity::warning, {"a.yaml", 3, 5}, "TrafficTarget shop/pay", "some_code", "Mind it."}
    };
    EXPECT_EQ(
        boost::json::parse(to_json(explain_access(world.snapshot(), from_web()), problems)),
        boost::json::parse(R"({
            "verdict": "deny", "reason": "route_not_allowed", "rule": null,
            "considered": [
                {"kind": "TrafficTarget", "namespace": "shop", "name": "pay",
                 "failed": "route_not_allowed",
                 "detail": "match get-metrics: path / does not match /metrics"},
                {"kind": "TrafficTarget", "namespace": "shop", "name": "other",
                 "failed": "protocol_not_allowed",
                 "detail": "its rules are UDPRoutes, which allow no TCP"}],
            "problems": [{"file": "a.yaml", "line": 3, "column": 5, "severity": "warning",
                "object": "TrafficTarget shop/pay", "code": "some_code", "message": "Mind it."}],
            "mode": "enforce", "mtls": "strict", "opaque": false,
            "asked": "GET / from shop/web to port 8080 of shop/pay",
            "detail": "TrafficTarget shop/pay lists the peer, but not for this method, path or header",
            "droppedHeaders": []})")
    );
    const auto allowed = to_json(explain_access(world.snapshot(), from_web("GET", "/metrics")), {});
    EXPECT_THAT(
        allowed,
        StartsWith(
            R"({"verdict":"allow","reason":"allowed","rule":{"kind":"TrafficTarget",)"
            R"("namespace":"shop","name":"pay","match":"get-metrics"},"considered":[],"problems":[])"
        )
    );
}

TEST(ExplainAccess, KeepsTheVerdictInSightOfPeople) {
    std::string targets;
    for (int i = 0; i < 30; ++i) {
        targets += target("t" + std::to_string(i), "[{kind: UDPRoute, name: absent}]");
    }
    World world(targets);
    const Problem problem{Severity::error, {"a.yaml", 3, 5}, "", "code", "It is wrong."};
    const std::string text =
        to_text(explain_access(world.snapshot(), from_web()), std::vector<Problem>(25, problem));
    EXPECT_THAT(text, HasSubstr("\nand 10 more; -o json lists them all\n"));
    EXPECT_THAT(text, HasSubstr("\n  and 5 more; smilax check lists them all\n"));
    EXPECT_LE(std::count(text.begin(), text.end(), '\n'), 50);
}

TEST(ExplainAccess, WritesLinesForPeople) {
    World world(by_match("get-metrics") + target("other", "[{kind: UDPRoute, name: absent}]"));
    world.options.access = AccessMode::audit;
    AccessQuestion question = from_web();
    question.request.dropped = {"connection"};
    EXPECT_EQ(
        to_text(
            explain_access(world.snapshot(), question),
            std::vector<Problem>{{Severity::error, {"a.yaml", 3, 5}, "", "code", "It is wrong."}}
        ),
        "denied (route_not_allowed): GET / from shop/web to port 8080 of shop/pay\n"
        "why: TrafficTarget shop/pay lists the peer, but not for this method, path or header\n"
        "access is only audited on this port: the proxy counts it and lets it through\n"
        "not judged, for the proxy removes it: connection\n"
        "nearest: TrafficTarget shop/pay, route_not_allowed: match get-metrics: path / does not "
        "match /metrics\n"
        "also: TrafficTarget shop/other, protocol_not_allowed: its rules are UDPRoutes, which "
        "allow no TCP\n"
        "1 problem in the resources:\n"
        "  a.yaml:3:5: error: It is wrong.\n"
    );
}

TEST(ExplainAccess, RefusesAPeerThatProvedNothingInEveryModeWhereMtlsIsStrict) {
    const auto text = [](AccessMode mode, const std::optional<Identity>& peer) {
        World world(tcp_route("all", "") + target("pay", "[{kind: TCPRoute, name: all}]"));
        world.options.access = mode;
        world.options.mtls = MtlsMode::permissive;
        world.options.port_mtls = {{8080, MtlsMode::strict}};
        AccessQuestion question = from_web();
        question.peer = peer;
        return to_text(explain_access(world.snapshot(), question), {});
    };
    for (const AccessMode mode : {AccessMode::enforce, AccessMode::audit, AccessMode::off}) {
        EXPECT_EQ(
            text(mode, std::nullopt),
            "denied (mtls_required): GET / from an unauthenticated peer to port 8080 of shop/pay\n"
            "why: mTLS is strict on port 8080: who shows no certificate of the mesh is refused "
            "before any target is asked, whatever the access mode (policy.mtls, policy.ports, "
            "smilax.dev/mtls)\n"
        );
    }
    EXPECT_THAT(text(AccessMode::audit, account("ghost")), HasSubstr("lets it through\n"));
    EXPECT_THAT(text(AccessMode::off, account("ghost")), HasSubstr("lets it through\n"));
}

TEST(ExplainAccess, LetsPlaintextThroughWhereMtlsIsPermissiveAndAccessIsOff) {
    World world("");
    world.options.access = AccessMode::off;
    world.options.port_mtls = {{8080, MtlsMode::permissive}};
    AccessQuestion question = from_web();
    question.peer.reset();
    const auto explanation = explain_access(world.snapshot(), question);
    EXPECT_THAT(to_text(explanation, {}), HasSubstr("asks no target and lets it through\n"));
    EXPECT_THAT(to_json(explanation, {}), HasSubstr("\"mtls\":\"permissive\""));
}

}  // namespace
}  // namespace policy::test
