// Problems of the references between objects: each code, with the sentence's essentials.
#include "policy/compile.hpp"

#include "tests/policy/world.hpp"

#include <gmock/gmock.h>

namespace policy::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

constexpr const char* k_web_source = "[{kind: ServiceAccount, name: web, namespace: shop}]";

std::string target_of(
    const std::string& destination, const std::string& sources, const std::string& rules
) {
    return "apiVersion: access.smi-spec.io/v1alpha3\nkind: TrafficTarget\nmetadata: {name: t}\n"
           "spec: {destination: " +
           destination + ", sources: " + sources + ", rules: " + rules + "}\n";
}
constexpr const char* k_pay = "{kind: ServiceAccount, name: pay, namespace: shop}";
constexpr const char* k_rule_r = "[{kind: TCPRoute, name: r}]";

/// The only problem of compiling.
Problem only(World& world) {
    EXPECT_EQ(world.codes().size(), 1u) << testing::PrintToString(world.codes());
    return world.problems.empty() ? Problem{} : world.problems.front();
}

TEST(Compile, SaysNothingAboutWhatIsInOrder) {
    World world(
        tcp_route("r", "8080") + group("g", "[{name: a, pathRegex: '/a$', headers: {x: '^1$'}}]") +
        target("t", "[{kind: TCPRoute, name: r}, {kind: HTTPRouteGroup, name: g, matches: [a]}]") +
        service("web", "10.9.0.1", "10.1.0.1") + service("a", "10.9.0.2", "10.1.0.2") +
        split(
            "s", "web", "[{service: a, weight: 1}]", ", matches: [{kind: HTTPRouteGroup, name: g}]"
        )
    );
    EXPECT_THAT(world.codes(), IsEmpty());
}

TEST(Compile, GivesASnapshotThatDeniesWhenThereIsNothing) {
    const Compiled compiled = compile(Inventory("shop"), {}, {}, 7);
    ASSERT_NE(compiled.snapshot, nullptr);
    EXPECT_EQ(compiled.snapshot->generation(), 7u);
    EXPECT_FALSE(decide_tcp(*compiled.snapshot, {nullptr, 80}).allowed);
}

TEST(Compile, TellsAnUnresolvedReferenceWithItsPlace) {
    World world(target_of(k_pay, k_web_source, "[\n  {kind: TCPRoute, name: gone}]"));
    const Problem problem = only(world);
    EXPECT_EQ(problem.code, "unresolved_reference");
    EXPECT_EQ(problem.severity, Severity::error);
    EXPECT_EQ(problem.object, "TrafficTarget shop/t");
    EXPECT_EQ(problem.origin.file, "a.yaml");
    EXPECT_EQ(problem.origin.line, 5);
    EXPECT_THAT(problem.message, HasSubstr("TCPRoute gone"));
    EXPECT_THAT(problem.message, HasSubstr("namespace shop"));
}

TEST(Compile, TellsEachKindOfUnresolvedReference) {
    World world(
        target("t", "[{kind: HTTPRouteGroup, name: x}, {kind: UDPRoute, name: y}]") +
        service("web", "10.9.0.1", "10.1.0.1") +
        split(
            "s",
            "web",
            "[{service: web, weight: 1}]",
            ", matches: [{kind: HTTPRouteGroup, name: z}]"
        )
    );
    EXPECT_THAT(
        world.codes(),
        ElementsAre("unresolved_reference", "unresolved_reference", "unresolved_reference")
    );
}

TEST(Compile, TellsAnUnresolvedMatchName) {
    World world(
        group("g", "[{name: a}]") + target("t", "[{kind: HTTPRouteGroup, name: g, matches: [b]}]")
    );
    const Problem problem = only(world);
    EXPECT_EQ(problem.code, "unresolved_match");
    EXPECT_THAT(problem.message, HasSubstr("\"b\""));
}

TEST(Compile, TellsACrossNamespaceTarget) {
    World world(
        target_of("{kind: ServiceAccount, name: pay, namespace: bank}", k_web_source, k_rule_r) +
        tcp_route("r", "")
    );
    const Problem problem = only(world);
    EXPECT_EQ(problem.code, "cross_namespace_target");
    EXPECT_THAT(problem.message, HasSubstr("bank"));
    world.options.allow_cross_namespace_targets = true;
    EXPECT_THAT(world.compile().codes(), IsEmpty());
}

TEST(Compile, TellsInvalidTargets) {
    const auto codes = [](const std::string& manifests) {
        World world(manifests + tcp_route("r", ""));
        return world.codes();
    };
    EXPECT_THAT(codes(target_of(k_pay, "[]", k_rule_r)), ElementsAre("empty_sources"));
    EXPECT_THAT(codes(target_of(k_pay, k_web_source, "[]")), ElementsAre("empty_rules"));
    EXPECT_THAT(
        codes(target_of(k_pay, k_web_source, "[{kind: GRPCRoute, name: r}]")),
        ElementsAre("unknown_rule_kind")
    );
    EXPECT_THAT(
        codes(target_of(k_pay, "[{kind: Group, name: all, namespace: shop}]", k_rule_r)),
        ElementsAre("unknown_source_kind")
    );
    EXPECT_THAT(
        codes(target_of("{kind: Service, name: b}", k_web_source, k_rule_r)),
        ElementsAre("unknown_destination_kind")
    );
    EXPECT_THAT(
        codes(target_of(k_pay, "[{kind: ServiceAccount, name: web}]", k_rule_r)),
        ElementsAre("source_without_namespace")
    );
}

TEST(Compile, TellsTheProblemsOfTargetsForOtherWorkloadsToo) {
    World world(target("t", "[{kind: TCPRoute, name: gone}]"));
    world.workload.service_account = "other";
    EXPECT_THAT(world.codes(), ElementsAre("unresolved_reference"));
}

TEST(Compile, TellsPatternsThatDoNotCompile) {
    World world(group("g", "[{name: a, pathRegex: '/a('}, {name: b, headers: {x: '(?=y)'}}]"));
    EXPECT_THAT(world.codes(), ElementsAre("invalid_regex", "invalid_regex"));
    EXPECT_THAT(world.problems[0].message, HasSubstr("/a("));
    EXPECT_THAT(world.problems[0].message, HasSubstr("RE2"));
    EXPECT_THAT(world.problems[1].message, HasSubstr("header x"));
}

TEST(Compile, WarnsOfPathPatternsThatAreOpenAtTheirEnd) {  // U1
    World world(group("g", "[{name: a, pathRegex: /pay}, {name: b, pathRegex: '/pay/.*'}]"));
    const Problem problem = only(world);
    EXPECT_EQ(problem.code, "wide_path_regex");
    EXPECT_EQ(problem.severity, Severity::warning);
    world.options.path_regex = RegexMode::full;
    EXPECT_THAT(world.compile().codes(), IsEmpty());
}

TEST(Compile, ProposesAnAnchoredPatternThatMeansTheSame) {
    World world(
        group("g", "[{name: a, headers: {x: 't|True'}}]") +
        target("t", "[{kind: HTTPRouteGroup, name: g}]")
    );
    EXPECT_THAT(only(world).message, HasSubstr("write ^(t|True)$ "));
}

TEST(Compile, WarnsOfUnanchoredHeaderPatternsInTargetsOnly) {  // U3
    const std::string routes = group("g", "[{name: a, headers: {x: 'yes', y: '.*'}}]");
    World alone(routes);
    EXPECT_THAT(alone.codes(), IsEmpty());
    World used(routes + target("t", "[{kind: HTTPRouteGroup, name: g}]"));
    const Problem problem = only(used);
    EXPECT_EQ(problem.code, "unanchored_header_regex");
    EXPECT_EQ(problem.severity, Severity::warning);
}

TEST(Compile, LetsTheFirstFileByNameWinOverADuplicate) {
    World world(tcp_route("r", "8080"));
    world.add("b.yaml", tcp_route("r", "9090") + target("t", k_rule_r));
    const Problem problem = only(world);
    EXPECT_EQ(problem.code, "duplicate_object");
    EXPECT_EQ(problem.severity, Severity::error);
    EXPECT_EQ(problem.origin.file, "b.yaml");
    EXPECT_THAT(problem.message, HasSubstr("a.yaml"));
    const Identity web = account("web");
    EXPECT_TRUE(decide_tcp(world.snapshot(), {&web, 8080}).allowed);
    EXPECT_FALSE(decide_tcp(world.snapshot(), {&web, 9090}).allowed);
}

TEST(Compile, TellsDuplicatesOfEveryKind) {
    const std::string rest =
        "---\napiVersion: v1\nkind: Pod\nmetadata: {name: p}\n"
        "---\napiVersion: v1\nkind: Namespace\nmetadata: {name: n}\n";
    const std::string all = tcp_route("r", "") + udp_route("u", "") + group("g", "[]") +
                            target("t", k_rule_r) + service("web", "10.9.0.1", "10.1.0.1") +
                            split("s", "web", "[{service: web, weight: 1}]") + rest;
    World world(all);
    EXPECT_THAT(world.codes(), IsEmpty());
    world.add("b.yaml", all).compile();
    EXPECT_EQ(world.codes(), std::vector<std::string>(9, "duplicate_object"));
}

TEST(Compile, DoesNotTakeObjectsOfTwoNamespacesOrKindsForDuplicates) {
    World world(
        tcp_route("x", "") + udp_route("x", "") +
        "---\napiVersion: specs.smi-spec.io/v1alpha4\nkind: TCPRoute\n"
        "metadata: {name: x, namespace: other}\nspec: {matches: {ports: []}}\n"
    );
    EXPECT_THAT(world.codes(), IsEmpty());
}

// --- Splits ---

std::string web_and_a() {
    return service("web", "10.9.0.1", "10.1.0.1") + service("a", "10.9.0.2", "10.1.0.2");
}

TEST(Compile, WarnsOfABackendThatIsMissing) {
    World world(
        web_and_a() + split("s", "web", "[{service: a, weight: 1}, {service: b, weight: 1}]")
    );
    const Problem problem = only(world);
    EXPECT_EQ(problem.code, "backend_missing");
    EXPECT_EQ(problem.severity, Severity::warning);
    EXPECT_THAT(problem.message, HasSubstr("Service b"));
    EXPECT_EQ(problem.object, "TrafficSplit shop/s");
}

TEST(Compile, TellsABackendWithoutTheRootsPort) {
    World world(
        web_and_a() +
        "---\napiVersion: v1\nkind: Service\nmetadata: {name: b}\nspec: {ports: [{port: 81}]}\n" +
        split("s", "web", "[{service: a, weight: 1}, {service: b, weight: 1}]")
    );
    const Problem problem = only(world);
    EXPECT_EQ(problem.code, "backend_port_missing");
    EXPECT_THAT(problem.message, HasSubstr("TCP port 80"));
}

TEST(Compile, WarnsOfABackendWithoutReadyEndpoints) {
    World world(
        web_and_a() + service("b", "10.9.0.3", "") +
        split("s", "web", "[{service: a, weight: 1}, {service: b, weight: 1}]")
    );
    const Problem problem = only(world);
    EXPECT_EQ(problem.code, "backend_no_endpoint");
    EXPECT_EQ(problem.severity, Severity::warning);
}

TEST(Compile, TellsWhenAllWeightsAreZero) {
    World world(web_and_a() + split("s", "web", "[{service: a, weight: 0}]"));
    EXPECT_EQ(only(world).code, "split_no_weight");
    World none(web_and_a() + split("s", "web", "[]"));
    EXPECT_EQ(only(none).code, "split_no_weight");
}

TEST(Compile, TellsSplitsThatAreInEachOthersWay) {  // U13
    World world(
        web_and_a() + split("s", "web", "[{service: a, weight: 1}]") +
        split("t", "web.shop.svc", "[{service: a, weight: 1}]")
    );
    const Problem problem = only(world);
    EXPECT_EQ(problem.code, "split_conflict");
    EXPECT_EQ(problem.severity, Severity::error);
    EXPECT_EQ(problem.object, "TrafficSplit shop/t");
    EXPECT_THAT(problem.message, HasSubstr("TrafficSplit shop/s"));
}

TEST(Compile, WarnsOfTwoSplitsWithMatchesOnOneRoot) {
    const char* const matches = ", matches: [{kind: HTTPRouteGroup, name: g}]";
    World world(
        web_and_a() + group("g", "[{name: x}]") +
        split("s", "web", "[{service: a, weight: 1}]", matches) +
        split("t", "web", "[{service: a, weight: 1}]", matches) +
        split("u", "web", "[{service: a, weight: 1}]")
    );
    const Problem problem = only(world);
    EXPECT_EQ(problem.code, "split_conflict");
    EXPECT_EQ(problem.severity, Severity::warning);
    EXPECT_EQ(problem.object, "TrafficSplit shop/t");
}

TEST(Compile, TellsASplitOverAnotherNamespacesService) {
    World world(
        "apiVersion: v1\nkind: Service\nmetadata: {name: web, namespace: bank}\nspec: {ports: "
        "[{port: 80}]}\n" +
        web_and_a() + split("s", "web.bank", "[{service: a, weight: 1}]")
    );
    EXPECT_EQ(only(world).code, "root_in_other_namespace");
}

TEST(Compile, TellsMatchesOfUnknownKind) {
    World world(
        web_and_a() +
        split("s", "web", "[{service: a, weight: 1}]", ", matches: [{kind: TCPRoute, name: g}]")
    );
    EXPECT_EQ(only(world).code, "unknown_match_kind");
}

TEST(Compile, AcceptsARootThatIsNoServiceAndWarnsOfAMissingOne) {
    World world(
        service("a", "10.9.0.2", "10.1.0.2") + split("s", "web", "[{service: a, weight: 1}]") +
        split("t", "app.example.com", "[{service: a, weight: 1}]")
    );
    EXPECT_THAT(world.codes(), ElementsAre("root_missing"));
}

TEST(Compile, IsPure) {
    World world(
        web_and_a() + tcp_route("r", "1") + target("t", k_rule_r) +
        split("s", "web", "[{service: a, weight: 1}]")
    );
    const std::string first = world.snapshot().to_json();
    EXPECT_EQ(world.compile().snapshot().to_json(), first);
}

TEST(Compile, DoesNotDependOnHowObjectsAreSpreadOverFiles) {
    World together(
        web_and_a() + tcp_route("r", "1") + target("a", k_rule_r) + target("b", k_rule_r)
    );
    World apart(target("b", k_rule_r));
    apart.add("z.yaml", web_and_a() + tcp_route("r", "1")).add("k.yaml", target("a", k_rule_r));
    EXPECT_EQ(apart.snapshot().to_json(), together.snapshot().to_json());
}

}  // namespace
}  // namespace policy::test
