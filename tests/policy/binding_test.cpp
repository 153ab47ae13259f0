// IdentityBindings: as sources, as destinations, and what they may not say (smi.md §1.5 I1–I5,
// §1.6, §1.8).
#include "tests/policy/decoding.hpp"
#include "tests/policy/world.hpp"

#include <gmock/gmock.h>

namespace policy::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::string binding(
    const std::string& name, const std::string& schemes, const std::string& name_space = "shop"
) {
    return "---\napiVersion: access.smi-spec.io/v1alpha4\nkind: IdentityBinding\nmetadata: "
           "{name: " +
           name + ", namespace: " + name_space + "}\nspec: {schemes: " + schemes + "}\n";
}

std::string bound_target(const std::string& destination, const std::string& sources) {
    return "---\napiVersion: access.smi-spec.io/v1alpha4\nkind: TrafficTarget\nmetadata: {name: "
           "t}\n"
           "spec: {destination: " +
           destination + ", sources: " + sources + ", rules: [{kind: TCPRoute, name: r}]}\n" +
           tcp_route("r", "8080");
}

constexpr const char* k_pay = "{kind: ServiceAccount, name: pay, namespace: shop}";

/// Everybody whom binding b of namespace shop means may call pay.
std::string source_bound(const std::string& schemes) {
    return binding("b", schemes) +
           bound_target(k_pay, "[{kind: IdentityBinding, name: b, namespace: shop}]");
}

std::string pod(
    const std::string& name,
    const std::string& labels,
    const std::string& ip,
    const std::string& name_space = "shop"
) {
    return "---\napiVersion: v1\nkind: Pod\nmetadata: {name: " + name +
           ", namespace: " + name_space + ", labels: " + labels +
           "}\nspec: {serviceAccountName: any}\nstatus: {podIP: " + ip + "}\n";
}

std::string from(World& world, const std::string& uri, const char* address = nullptr) {
    const auto peer = parse_spiffe_id(uri);
    EXPECT_TRUE(peer.has_value()) << uri;
    TcpFacts facts;
    facts.peer = &*peer;
    facts.port = 8080;
    if (address != nullptr) {
        facts.peer_address = parse_ip(address);
    }
    return word(decide_tcp(world.snapshot(), facts));
}

constexpr const char* k_web = "spiffe://cluster.local/ns/shop/sa/web";
constexpr const char* k_other = "spiffe://cluster.local/ns/other/sa/web";

TEST(Binding, ReadsEveryScheme) {
    const auto read = decode_one<IdentityBinding>(
        "kind: IdentityBinding\napiVersion: access.smi-spec.io/v1alpha4\n"
        "metadata: {name: b}\nspec:\n  schemes:\n    podLabelSelector: {matchLabels: {app: a}}\n"
        "    spiffeIdentities:\n    - cluster.local/ns/shop/sa/x\n    serviceAccount: web\n"
    );
    EXPECT_EQ(read.pod_labels->at("app"), "a");
    ASSERT_EQ(read.spiffe_ids.size(), 1u);
    EXPECT_EQ(read.spiffe_ids[0].text, "cluster.local/ns/shop/sa/x");
    EXPECT_EQ(read.spiffe_ids[0].origin.line, 8);
    EXPECT_EQ(read.service_account, "web");
    EXPECT_FALSE(read.is_spoiled);
}

TEST(Binding, MeansItsServiceAccountInItsOwnNamespace) {  // I3
    World world(source_bound("{serviceAccount: web}"));
    EXPECT_EQ(from(world, k_web), "allowed");
    EXPECT_EQ(from(world, k_other), "source_not_allowed");
    EXPECT_THAT(world.codes(), IsEmpty());
}

TEST(Binding, MeansEachOfItsSpiffeIds) {  // I1
    World world(source_bound(
        "{serviceAccount: web, spiffeIdentities: ['spiffe://cluster.local/ns/shop/sa/cart', "
        "'spiffe://consul/ns/default/dc/dc1/svc/api']}"
    ));
    EXPECT_EQ(from(world, k_web), "allowed");
    EXPECT_EQ(from(world, "spiffe://cluster.local/ns/shop/sa/cart"), "allowed");
    EXPECT_EQ(from(world, "spiffe://consul/ns/default/dc/dc1/svc/api"), "allowed");
    EXPECT_EQ(from(world, "spiffe://consul/ns/default/dc/dc2/svc/api"), "source_not_allowed");
    EXPECT_THAT(world.codes(), IsEmpty());
}

TEST(Binding, TakesAnIdWithoutSchemeAndAsksForIt) {
    World world(source_bound("{spiffeIdentities: [federated.domain/boundary/x]}"));
    EXPECT_EQ(from(world, "spiffe://federated.domain/boundary/x"), "allowed");
    EXPECT_THAT(world.codes(), ElementsAre("missing_spiffe_scheme"));
}

TEST(Binding, SaysNothingAboutOtherNamespacesOfItsTrustDomain) {  // I4
    World world(source_bound(
        "{spiffeIdentities: ['spiffe://cluster.local/ns/other/sa/web', "
        "'spiffe://cluster.local/ns/other/dc/x', 'spiffe://far.domain/ns/other/sa/web']}"
    ));
    EXPECT_EQ(from(world, k_other), "source_not_allowed");
    EXPECT_EQ(from(world, "spiffe://cluster.local/ns/other/dc/x"), "source_not_allowed");
    EXPECT_EQ(from(world, "spiffe://far.domain/ns/other/sa/web"), "allowed");
    EXPECT_THAT(
        world.codes(), ElementsAre("identity_of_other_namespace", "identity_of_other_namespace")
    );
}

TEST(Binding, IsInvalidWithBothSelectorAndServiceAccount) {  // I2, its SPIFFE IDs included
    World world(
        source_bound("{podLabelSelector: {matchLabels: {app: web}}, serviceAccount: web, "
                     "spiffeIdentities: ['spiffe://cluster.local/ns/shop/sa/cart']}") +
        pod("web-1", "{app: web}", "10.1.0.1")
    );
    EXPECT_EQ(from(world, k_web, "10.1.0.1"), "source_not_allowed");
    EXPECT_EQ(from(world, "spiffe://cluster.local/ns/shop/sa/cart"), "source_not_allowed");
    EXPECT_THAT(world.codes(), ElementsAre("conflicting_schemes"));
}

TEST(Binding, WithoutSchemesMeansNobody) {
    World world(source_bound("{}"));
    EXPECT_EQ(from(world, k_web), "source_not_allowed");
    EXPECT_THAT(world.codes(), ElementsAre("empty_schemes"));
    World invalid(source_bound("{spiffeIdentities: ['spiffe://Upper/x', nonsense]}"));
    EXPECT_EQ(from(invalid, k_web), "source_not_allowed");
    EXPECT_THAT(invalid.codes(), ElementsAre("invalid_spiffe_id", "invalid_spiffe_id"));
}

TEST(Binding, SelectsAPodByIdentityAndAddressTogether) {
    World world(
        source_bound("{podLabelSelector: {matchLabels: {app: web, tier: '1'}}}") +
        pod("web-1", "{app: web, tier: '1', more: x}", "10.1.0.1") +
        pod("web-2", "{app: web}", "10.1.0.2") +
        pod("web-1", "{app: web, tier: '1'}", "10.1.0.3", "other")
    );
    EXPECT_EQ(from(world, k_web, "10.1.0.1"), "allowed");
    EXPECT_EQ(from(world, k_web), "source_not_allowed");
    EXPECT_EQ(from(world, k_web, "10.1.0.2"), "source_not_allowed");
    EXPECT_EQ(from(world, k_web, "10.1.0.3"), "source_not_allowed");
    // The address alone proves nothing, nor does an identity of elsewhere.
    EXPECT_EQ(from(world, k_other, "10.1.0.1"), "source_not_allowed");
    EXPECT_EQ(from(world, "spiffe://far.domain/ns/shop/sa/web", "10.1.0.1"), "source_not_allowed");
    EXPECT_EQ(from(world, "spiffe://cluster.local/x", "10.1.0.1"), "source_not_allowed");
    TcpFacts nobody;
    nobody.port = 8080;
    nobody.peer_address = parse_ip("10.1.0.1");
    EXPECT_EQ(word(decide_tcp(world.snapshot(), nobody)), "unauthenticated");
    EXPECT_THAT(world.codes(), IsEmpty());
}

TEST(Binding, SelectsForHttpAsWell) {
    World world(
        source_bound("{podLabelSelector: {matchLabels: {app: web}}}") +
        pod("web-1", "{app: web}", "10.1.0.1")
    );
    Request request;
    request.peer_address = parse_ip("10.1.0.1");
    EXPECT_EQ(word(ask_http(world, account("web"), request)), "allowed");
    request.peer_address = parse_ip("10.1.0.9");
    EXPECT_EQ(word(ask_http(world, account("web"), request)), "source_not_allowed");
}

TEST(Binding, SelectsNoPodThatSharesItsAddress) {
    World world(
        source_bound("{podLabelSelector: {matchLabels: {app: web}}}") +
        pod("web-1", "{app: web}", "10.1.0.1") + pod("other", "{app: other}", "10.1.0.1")
    );
    EXPECT_EQ(from(world, k_web, "10.1.0.1"), "source_not_allowed");
}

TEST(Binding, SelectsNoPodOnItsNodesNetwork) {  // others there need not be known
    const std::string selector = source_bound("{podLabelSelector: {matchLabels: {app: web}}}");
    const auto with = [](const char* spec) {
        return "---\napiVersion: v1\nkind: Pod\nmetadata: {name: web-1, labels: {app: web}}\n"
               "spec: " +
               std::string(spec) + "\nstatus: {podIP: 10.0.0.1, hostIP: 10.0.0.1}\n";
    };
    for (const char* spec : {"{hostNetwork: true}", "{hostNetwork: 'yes'}", "{hostNetwork: []}"}) {
        World world(selector + with(spec));
        EXPECT_EQ(from(world, k_web, "10.0.0.1"), "source_not_allowed") << spec;
    }
    for (const char* spec : {"{}", "{hostNetwork: false}", "{hostNetwork: }"}) {
        World world(selector + with(spec));
        EXPECT_EQ(from(world, k_web, "10.0.0.1"), "allowed") << spec;
    }
}

TEST(Binding, SelectsNoPodWhoseAddressASecondPodOfSomeNameHas) {
    World world(
        source_bound("{podLabelSelector: {matchLabels: {app: web}}}") +
        pod("web-1", "{app: web}", "10.1.0.1") + pod("other", "{app: other}", "10.1.0.2") +
        pod("other", "{app: other}", "10.1.0.1")
    );
    EXPECT_EQ(from(world, k_web, "10.1.0.1"), "source_not_allowed");
}

TEST(Binding, SelectsNobodyWhilePodsAreUnknown) {
    World world(source_bound("{podLabelSelector: {matchLabels: {app: web}}}"));
    EXPECT_EQ(from(world, k_web, "10.1.0.1"), "source_not_allowed");
    EXPECT_THAT(world.codes(), ElementsAre("selector_without_pods"));
}

TEST(Binding, WithAnEmptyOrAnUnreadableSelectorMeansNobody) {
    const std::string web = pod("web-1", "{app: web}", "10.1.0.1");
    for (const char* schemes :
         {"{podLabelSelector: {matchLabels: {}}}",
          "{podLabelSelector: {}}",
          "{podLabelSelector: {matchLabels: {app: web}, matchExpressions: []}}",
          "{podLabelSelector: [{matchLabels: {app: web}}]}",  // I5: one, not a list
          "{podLabelSelector: {matchLabels: {app: 1}}}",
          "{podLabelSelector: }",
          "{serviceAccount: [web]}",
          "{serviceAccount: ''}",
          "{spiffeIdentities: x, podLabelSelector: {matchLabels: {app: web}}}"}) {
        World world(source_bound(schemes) + web);
        EXPECT_EQ(from(world, k_web, "10.1.0.1"), "source_not_allowed") << schemes;
        EXPECT_FALSE(world.inventory.problems().empty()) << schemes;
        EXPECT_EQ(world.inventory.problems().front().severity, Severity::error) << schemes;
    }
}

TEST(Binding, ThatIsMissingSpoilsOnlyItsSource) {
    World world(bound_target(
        k_pay,
        "[{kind: IdentityBinding, name: ghost, namespace: shop}, "
        "{kind: ServiceAccount, name: web, namespace: shop}]"
    ));
    EXPECT_EQ(from(world, k_web), "allowed");
    EXPECT_THAT(world.codes(), ElementsAre("unresolved_reference"));
}

TEST(Binding, IsFoundInTheSourcesNamespace) {
    World world(
        binding("b", "{serviceAccount: web}", "other") +
        bound_target(k_pay, "[{kind: IdentityBinding, name: b, namespace: other}]")
    );
    EXPECT_EQ(from(world, k_other), "allowed");
    EXPECT_EQ(from(world, k_web), "source_not_allowed");
}

constexpr const char* k_bound = "{kind: IdentityBinding, name: b, namespace: shop}";
constexpr const char* k_web_source = "[{kind: ServiceAccount, name: web, namespace: shop}]";

TEST(Binding, CanBeADestinationByAccountOrId) {
    for (const char* schemes :
         {"{serviceAccount: pay}", "{spiffeIdentities: ['spiffe://cluster.local/ns/shop/sa/pay']}"
         }) {
        World world(binding("b", schemes) + bound_target(k_bound, k_web_source));
        EXPECT_EQ(from(world, k_web), "allowed") << schemes;
        World other(binding("b", schemes) + bound_target(k_bound, k_web_source));
        other.workload.service_account = "cart";
        EXPECT_EQ(from(other, k_web), "no_target") << schemes;
    }
}

TEST(Binding, CanBeADestinationByTheLabelsOfOurOwnPod) {
    const std::string manifests = binding("b", "{podLabelSelector: {matchLabels: {app: pay}}}") +
                                  bound_target(k_bound, k_web_source) +
                                  pod("pay-1", "{app: pay}", "10.1.0.1");
    World own(manifests);
    EXPECT_EQ(from(own, k_web), "allowed");
    World other(manifests);
    other.workload.pod = "pay-2";
    EXPECT_EQ(from(other, k_web), "no_target");
}

TEST(Binding, AsADestinationMustBeInTheTargetsNamespace) {  // U9
    const std::string manifests =
        binding("b", "{spiffeIdentities: ['spiffe://cluster.local/ns/other/sa/x']}", "other") +
        bound_target("{kind: IdentityBinding, name: b, namespace: other}", k_web_source);
    World world(manifests);
    world.workload = {"cluster.local", "other", "x", ""};
    EXPECT_EQ(from(world, k_web), "no_target");
    EXPECT_THAT(world.codes(), ElementsAre("cross_namespace_target"));
    world.options.allow_cross_namespace_targets = true;
    world.compile();
    EXPECT_EQ(from(world, k_web), "allowed");
}

TEST(Binding, ThatIsMissingAsADestinationAllowsNothing) {
    World world(bound_target(k_bound, k_web_source));
    EXPECT_EQ(from(world, k_web), "no_target");
    EXPECT_THAT(world.codes(), ElementsAre("unresolved_reference"));
    EXPECT_THAT(world.problems.front().message, HasSubstr("create it or correct the name"));
}

TEST(Binding, MeansSelectedPodsOrItsSpiffeIds) {  // I1
    World world(
        source_bound("{podLabelSelector: {matchLabels: {app: web}}, "
                     "spiffeIdentities: ['spiffe://cluster.local/ns/shop/sa/cart']}") +
        pod("web-1", "{app: web}", "10.1.0.1")
    );
    EXPECT_EQ(from(world, k_web, "10.1.0.1"), "allowed");
    EXPECT_EQ(from(world, "spiffe://cluster.local/ns/shop/sa/cart", "10.1.0.9"), "allowed");
    EXPECT_EQ(from(world, k_web, "10.1.0.9"), "source_not_allowed");
}

TEST(Binding, SelectsNoPodThatSharesItsAddressWithAnotherNamespace) {  // I4
    World world(
        source_bound("{podLabelSelector: {matchLabels: {app: web}}}") +
        pod("web-1", "{app: web}", "10.1.0.1") + pod("web-1", "{app: web}", "10.1.0.1", "other")
    );
    EXPECT_EQ(from(world, k_web, "10.1.0.1"), "source_not_allowed");
    EXPECT_EQ(from(world, k_other, "10.1.0.1"), "source_not_allowed");
}

TEST(Binding, TakesIdsLiterally) {  // §1.8, U33: another form is somebody, a star is nobody
    World world(source_bound(
        "{spiffeIdentities: ['spiffe://cluster.local/vm/web-1', 'spiffe://cluster.local/*', "
        "'*', 'spiffe://cluster.local/ns/shop/sa/*']}"
    ));
    EXPECT_EQ(from(world, "spiffe://cluster.local/vm/web-1"), "allowed");
    EXPECT_EQ(from(world, "spiffe://cluster.local/vm/web-2"), "source_not_allowed");
    EXPECT_EQ(from(world, k_web), "source_not_allowed");
    EXPECT_EQ(world.codes(), std::vector<std::string>(3, "invalid_spiffe_id"));
}

TEST(Binding, TakesTheNameOfAServiceAccountLiterally) {  // I3: a name, never "namespace/name"
    World world(source_bound("{serviceAccount: other/web}"));
    EXPECT_EQ(from(world, k_other), "source_not_allowed");
    EXPECT_EQ(from(world, k_web), "source_not_allowed");
}

TEST(Binding, IsNoDestinationWithBothSelectorAndServiceAccount) {  // I2
    World world(
        binding("b", "{podLabelSelector: {matchLabels: {app: pay}}, serviceAccount: pay}") +
        bound_target(k_bound, k_web_source) + pod("pay-1", "{app: pay}", "10.1.0.1")
    );
    EXPECT_EQ(from(world, k_web), "no_target");
    EXPECT_THAT(world.codes(), ElementsAre("conflicting_schemes"));
}

/// The text of v1alpha4 still says that sources are ServiceAccounts (§1.6); older targets may name
/// a binding as well.
TEST(Binding, CanBeASourceInEveryVersionOfTargets) {
    const std::string rest = std::string("destination: ") + k_pay +
                             ", sources: [{kind: IdentityBinding, name: b, namespace: shop}], ";
    for (const char* version : {"v1alpha2", "v1alpha3", "v1alpha4"}) {
        World world(
            binding("b", "{serviceAccount: web}") + tcp_route("r", "") +
            "---\napiVersion: access.smi-spec.io/" + version +
            "\nkind: TrafficTarget\nmetadata: {name: t}\nspec: {" + rest +
            "rules: [{kind: TCPRoute, name: r}]}\n"
        );
        EXPECT_EQ(from(world, k_web), "allowed") << version;
        EXPECT_THAT(world.codes(), IsEmpty()) << version;
    }
}

}  // namespace
}  // namespace policy::test
