// The codes of problems.md that TrafficTargets and IdentityBindings raise; the others are in
// problems_test.cpp.
#include "tests/policy/problem_case.hpp"

#include <gtest/gtest.h>

#include <string>

namespace policy {
namespace {

class EveryAccessProblem : public ::testing::TestWithParam<Case> {};

TEST_P(EveryAccessProblem, PointsAtTheCulpritAndNamesTheWayOut) {
    expect_raised(GetParam());
}

std::string binding(const std::string& spec) {
    return head("access.smi-spec.io/v1alpha4", "IdentityBinding") + "spec: " + spec + "\n";
}

INSTANTIATE_TEST_SUITE_P(
    Access,
    EveryAccessProblem,
    ::testing::Values(
        Case{
            "empty_destination",
            error,
            k_route + target("  @@sources: " + k_web + "\n  rules: " + k_rules + "\n"),
            "name the ServiceAccount"
        },
        Case{
            "empty_sources",
            error,
            k_route + target_with(k_pay, "@@[]", k_rules),
            "name the ServiceAccounts that may call"
        },
        Case{
            "empty_rules",
            error,
            target_with(k_pay, k_web, "@@[]"),
            "name a TCPRoute, UDPRoute or HTTPRouteGroup"
        },
        Case{
            "unknown_destination_kind",
            error,
            k_route + target_with("{kind: @@Group, name: pay}", k_web, k_rules),
            "use ServiceAccount or IdentityBinding"
        },
        Case{
            "unknown_source_kind",
            error,
            k_route + target_with(k_pay, "[{kind: @@Group, name: web}]", k_rules),
            "use ServiceAccount or IdentityBinding"
        },
        Case{
            "unknown_rule_kind",
            error,
            target_with(k_pay, k_web, "[{kind: @@Route, name: x}]"),
            "use TCPRoute, UDPRoute or HTTPRouteGroup"
        },
        Case{
            "cross_namespace_target",
            error,
            k_route +
                target_with("{kind: ServiceAccount, name: pay, namespace: @@bank}", k_web, k_rules),
            "move the target to bank"
        },
        Case{
            "source_without_namespace",
            warning,
            k_route + target_with(k_pay, "[@@{kind: ServiceAccount, name: web}]", k_rules),
            "write the namespace"
        },
        Case{
            "unresolved_reference",
            error,
            target_with(k_pay, k_web, "[{kind: TCPRoute, name: @@absent}]"),
            "create it or correct the name"
        },
        Case{
            "unresolved_reference",
            error,
            k_route +
                target_with(
                    k_pay, "[{kind: IdentityBinding, name: @@absent, namespace: shop}]", k_rules
                ),
            "create it or correct the name"
        },
        Case{
            "unresolved_match",
            error,
            group("[{name: a}]") +
                target_with(k_pay, k_web, "[{kind: HTTPRouteGroup, name: x, matches: [a, @@b]}]"),
            "add the match or correct the name"
        },
        Case{
            "misplaced_field",
            warning,
            k_route + target_with("{kind: ServiceAccount, name: pay, port: @@80}", k_web, k_rules),
            "list the port in a TCPRoute instead"
        },
        Case{
            "invalid_value",
            error,
            k_route +
                target_with("{kind: ServiceAccount, name: pay, port: @@\"none\"}", k_web, k_rules),
            "write a port number from 1 to 65535"
        },
        Case{
            "unknown_field",
            error,
            k_route + target_with(
                          k_pay,
                          "[{kind: ServiceAccount, name: web, namespace: shop, @@port: 80}]",
                          k_rules
                      ),
            "check its spelling"
        },
        Case{
            "unknown_field",
            error,
            group("[{name: a}]") +
                target_with(k_pay, k_web, "[{kind: HTTPRouteGroup, name: x, @@match: [a]}]"),
            "check its spelling"
        },
        Case{
            "rule_in_other_namespace",
            error,
            k_route + target_with(k_pay, k_web, "[{kind: TCPRoute, name: x, namespace: @@other}]"),
            "write the rule's routes into namespace shop"
        },
        Case{
            "missing_field",
            error,
            k_route + target_with("@@{kind: ServiceAccount}", k_web, k_rules),
            "spec.destination.name is missing"
        },
        Case{"wrong_type", error, k_route + target_with(k_pay, "@@web", k_rules), "write a list"},
        Case{
            "conflicting_schemes",
            error,
            binding("{schemes: @@{podLabelSelector: {matchLabels: {a: b}}, serviceAccount: web}}"),
            "keep one of them"
        },
        Case{"empty_schemes", error, binding("{schemes: @@{}}"), "write serviceAccount"},
        Case{
            "empty_selector",
            error,
            binding("{schemes: {podLabelSelector: @@{matchLabels: {}}}}"),
            "write the labels of the pods"
        },
        Case{
            "unknown_selector",
            error,
            binding("{schemes: {podLabelSelector: {matchLabels: {a: b}, @@matchExpressions: []}}}"),
            "write matchLabels"
        },
        Case{
            "selector_without_pods",
            warning,
            binding("{schemes: {podLabelSelector: @@{matchLabels: {a: b}}}}"),
            "see that the Pods are among the resources"
        },
        Case{
            "invalid_spiffe_id",
            error,
            binding("{schemes: {spiffeIdentities: [@@\"spiffe://a b/c\"]}}"),
            "write spiffe://TRUST-DOMAIN/PATH"
        },
        Case{
            "missing_spiffe_scheme",
            warning,
            binding("{schemes: {spiffeIdentities: [@@other.org/ns/shop/sa/web]}}"),
            "write it so"
        },
        Case{
            "identity_of_other_namespace",
            error,
            binding("{schemes: {spiffeIdentities: [@@\"spiffe://cluster.local/ns/a/sa/b\"]}}"),
            "move it to a binding in a"
        }
    )
);

std::string all_ports() {
    std::string ports = "[";
    for (int port = 1; port < 65536; ++port) {
        ports += std::to_string(port) + ',';
    }
    return ports + ']';
}

/// A route of all ports fits in fifteen times.
std::string sixteen_targets_of_all_ports() {
    std::string text = route("{matches: {ports: " + all_ports() + "}}");
    for (char name = 'a'; name < 'p'; ++name) {
        text += head("access.smi-spec.io/v1alpha3", "TrafficTarget", std::string(1, name).c_str()) +
                "spec: {destination: " + k_pay + ", sources: " + k_web + ", rules: " + k_rules +
                "}\n---\n";
    }
    return text +
           "apiVersion: access.smi-spec.io/v1alpha3\n@@kind: TrafficTarget\n"
           "metadata: {name: p, namespace: shop}\nspec: {destination: " +
           k_pay + ", sources: " + k_web + ", rules: " + k_rules + "}\n";
}

INSTANTIATE_TEST_SUITE_P(
    Room,
    EveryAccessProblem,
    ::testing::Values(Case{
        "policy_too_large", error, sixteen_targets_of_all_ports(), "refer to smaller routes"
    })
);

}  // namespace
}  // namespace policy
