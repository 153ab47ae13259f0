// Every code of problems.md: what raises it, that it points at the culprit, and that its sentence
// names the way out. tests/tidy_test.py sees to it that the table, the code and the tests have the
// same codes. Those of TrafficTargets and IdentityBindings are in access_problems_test.cpp.
#include "tests/policy/problem_case.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace policy {
namespace {

using ::testing::HasSubstr;

class EveryProblem : public ::testing::TestWithParam<Case> {};

TEST_P(EveryProblem, PointsAtTheCulpritAndNamesTheWayOut) {
    expect_raised(GetParam());
}

/// A line for each.
std::string bad_ports(int count) {
    std::string lines;
    for (int i = 0; i < count; ++i) {
        lines += "    - x\n";
    }
    return lines;
}

std::string split(
    const std::string& root, const std::string& backends, const std::string& more = {}
) {
    return head("split.smi-spec.io/v1alpha4", "TrafficSplit") + "spec:\n  service: " + root +
           "\n  backends: " + backends + "\n" + more;
}
const std::string k_service_web =
    head("v1", "Service", "web") + "spec: {ports: [{port: 80}]}\n---\n";
const std::string k_service_other =
    head("v1", "Service", "other") + "spec: {ports: [{port: 81}]}\n---\n";
const std::string k_web_backend = "[{service: web, weight: 1}]";

// --- The text ---

INSTANTIATE_TEST_SUITE_P(
    Text,
    EveryProblem,
    ::testing::Values(
        Case{"yaml_syntax", error, "kind: List\nitems: [\n@@", "mend the syntax"},
        Case{"yaml_syntax", error, "@@[a]: b\n", "a key must be a word"},
        Case{
            "yaml_syntax",
            error,
            "{\"a\": 1}\n@@{\"b\": 2}\n",
            "begin a new document with a line \"---\""
        },
        Case{"yaml_tag", error, "a: @@!!binary aGk=\n", "remove it"},
        Case{"yaml_merge_key", error, "a: &a {b: c}\nd:\n  @@<<: *a\n", "write the fields out"},
        Case{"duplicate_key", error, "kind: List\n@@kind: List\n", "remove one of them"},
        Case{"invalid_text", error, "kind: Li@@\x01st\n", "save the file as UTF-8 text"},
        Case{
            "limit_exceeded",
            error,
            std::string(64, '[') + "@@[" + std::string(65, ']') + "\n",
            "nested deeper than 64 levels"
        },
        Case{
            "problems_left_out",
            error,
            "apiVersion: specs.smi-spec.io/v1alpha4\nkind: TCPRoute\nmetadata: {name: r}\n"
            "spec:\n  matches:\n    ports:\n" +
                bad_ports(1000) + "    - @@x\n",
            "mend those above first"
        }
    )
);

// --- Objects of any kind ---

INSTANTIATE_TEST_SUITE_P(
    Objects,
    EveryProblem,
    ::testing::Values(
        Case{"not_an_object", error, "@@[kind, List]\n", "write a mapping with apiVersion, kind"},
        Case{"not_an_object", error, "@@metadata: {name: x}\n", "add both"},
        Case{
            "unknown_kind",
            warning,
            "apiVersion: apps/v1\n@@kind: Deployment\nmetadata: {name: x}\n",
            "is ignored"
        },
        Case{
            "unknown_version",
            error,
            "apiVersion: access.smi-spec.io/v1\n@@kind: TrafficTarget\nmetadata: {name: x}\n",
            "write one of access.smi-spec.io/v1alpha1"
        },
        Case{
            "unknown_field",
            warning,
            "apiVersion: v1\nkind: Pod\nmetadata: {name: x, @@namespce: shop}\n",
            "check its spelling"
        },
        Case{
            "missing_field",
            error,
            "apiVersion: v1\nkind: Pod\nmetadata: @@{namespace: a}\n",
            "add it"
        },
        Case{
            "wrong_type",
            warning,
            "apiVersion: v1\nkind: Pod\nmetadata: {name: x, labels: {a: @@1}}\n",
            "put it in quotes"
        },
        Case{
            "duplicate_object",
            error,
            k_route + "apiVersion: specs.smi-spec.io/v1alpha4\n@@kind: TCPRoute\n"
                      "metadata: {name: x, namespace: shop}\nspec: {matches: {ports: [80]}}\n",
            "remove one of the two"
        },
        Case{
            "invalid_access_annotation",
            error,
            "apiVersion: v1\nkind: Namespace\n"
            "metadata: {name: shop, annotations: {smilax.dev/access: @@allow}}\n",
            "write enforce, audit or off"
        },
        Case{
            "invalid_mtls_annotation",
            error,
            "apiVersion: v1\nkind: Namespace\n"
            "metadata: {name: shop, annotations: {smilax.dev/mtls: @@allow}}\n",
            "write strict or permissive"
        },
        Case{
            "invalid_value",
            error,
            "apiVersion: v1\nkind: Pod\nmetadata: {name: x}\nstatus: {podIP: @@10.1.2.300}\n",
            "write an IPv4 or IPv6 address"
        },
        Case{
            "unsupported_address_type",
            warning,
            "apiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\n"
            "metadata: {name: x, labels: {kubernetes.io/service-name: x}}\naddressType: @@FQDN\n",
            "write one with addresses"
        },
        Case{
            "missing_field",
            warning,
            "apiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\nmetadata: @@{name: x}\n",
            "add the label kubernetes.io/service-name"
        }
    )
);

// --- Routes ---

INSTANTIATE_TEST_SUITE_P(
    Specs,
    EveryProblem,
    ::testing::Values(
        Case{"empty_matches", error, group("@@[]"), "write a match"},
        Case{"empty_methods", warning, group("[{name: a, methods: @@[]}]"), "write [\"*\"]"},
        Case{"method_case", warning, group("[{name: a, methods: [GET, @@post]}]"), "write it so"},
        Case{
            "unknown_method",
            warning,
            group("[{name: a, methods: [GET, @@PSOT]}]"),
            "correct it if it is misspelt"
        },
        Case{
            "duplicate_match",
            warning,
            group("[{name: a, methods: [GET]}, {name: @@a, methods: [PUT]}]"),
            "give each a name of its own"
        },
        Case{
            "unknown_field",
            error,
            group("[{name: a, @@path: /}]"),
            "spec.matches[0].path is no field"
        },
        Case{
            "invalid_regex",
            error,
            group("[{name: a, pathRegex: @@\"(\"}]"),
            "write it in RE2 syntax"
        },
        Case{
            "invalid_regex",
            error,
            group("[{name: a, headers: {x: @@\"(?=a)\"}}]"),
            "write it in RE2 syntax"
        },
        Case{
            "wide_path_regex",
            warning,
            group("[{name: a, methods: [GET], pathRegex: @@/admin}]"),
            "end it with $"
        },
        Case{
            "unanchored_header_regex",
            warning,
            group("[{name: a, headers: [{x: @@beta}]}]") +
                target_with(k_pay, k_web, "[{kind: HTTPRouteGroup, name: x}]"),
            "write ^beta$"
        },
        Case{
            "missing_field", error, group("[@@{methods: [GET]}]"), "spec.matches[0].name is missing"
        },
        Case{
            "misplaced_field",
            warning,
            head("specs.smi-spec.io/v1alpha4", "HTTPRouteGroup") + "matches: @@[{name: a}]\n",
            "move it under spec"
        },
        Case{"misplaced_field", warning, route("{ports: @@[80]}"), "write spec.matches.ports"},
        Case{
            "invalid_value",
            error,
            route("{matches: {ports: [80, @@70000]}}"),
            "write a port number from 1 to 65535"
        },
        Case{
            "wrong_type",
            error,
            route("{matches: {ports: [@@\"80\"]}}"),
            "a port number without quotes"
        }
    )
);

// --- TrafficSplits ---

INSTANTIATE_TEST_SUITE_P(
    Splits,
    EveryProblem,
    ::testing::Values(
        Case{
            "invalid_root",
            error,
            k_service_web + split("@@\"web:80\"", k_web_backend),
            "name the Service that clients call, without a port"
        },
        Case{
            "root_in_other_namespace",
            error,
            k_service_web + split("@@web.bank.svc.cluster.local", k_web_backend),
            "move the split to that namespace"
        },
        Case{
            "root_missing",
            warning,
            k_service_web + split("@@absent", k_web_backend),
            "create it or correct the name"
        },
        Case{
            "backend_missing",
            warning,
            k_service_web + split("web", "[{service: @@absent, weight: 1}]"),
            "create it or correct the name"
        },
        Case{
            "backend_port_missing",
            error,
            k_service_web + k_service_other +
                split("web", "[{service: web, weight: 1}, {service: @@other, weight: 1}]"),
            "add the port to the Service"
        },
        Case{
            "backend_no_endpoint",
            warning,
            k_service_web + split("web", "[{service: @@web, weight: 1}]"),
            "see that its pods are ready"
        },
        Case{
            "duplicate_backend",
            warning,
            k_service_web +
                split("web", "[{service: web, weight: 1}, {service: @@web, weight: 1}]"),
            "write it once, with their sum"
        },
        Case{
            "invalid_weight",
            error,
            k_service_web +
                split("web", "[{service: web, weight: 1}, {service: other, weight: @@-1}]"),
            "write a whole number"
        },
        Case{
            "missing_field",
            error,
            k_service_web + split("web", "[@@{service: web}]"),
            "add a whole number"
        },
        Case{
            "split_no_weight",
            error,
            k_service_web + split("web", "@@[{service: web, weight: 0}]"),
            "give at least one backend a weight"
        },
        Case{
            "split_conflict",
            error,
            k_service_web + split("web", k_web_backend) + "---\n" +
                head("split.smi-spec.io/v1alpha4", "TrafficSplit", "y") +
                "spec: {service: @@web.shop, backends: " + k_web_backend + "}\n",
            "remove one of the two"
        },
        Case{
            "split_conflict",
            warning,
            k_service_web + group("[{name: a}]") +
                split("web", k_web_backend, "  matches: [{kind: HTTPRouteGroup, name: x}]\n") +
                "---\n" + head("split.smi-spec.io/v1alpha4", "TrafficSplit", "y") +
                "spec: {service: @@web, backends: " + k_web_backend +
                ", matches: [{kind: HTTPRouteGroup, name: x}]}\n",
            "make sure that no request matches both"
        },
        Case{
            "unknown_match_kind",
            error,
            k_service_web + split("web", k_web_backend, "  matches: [{kind: @@Route, name: x}]\n"),
            "use HTTPRouteGroup"
        },
        Case{
            "unresolved_reference",
            error,
            k_service_web +
                split("web", k_web_backend, "  matches: [{kind: HTTPRouteGroup, name: @@x}]\n"),
            "create it or correct the name"
        },
        Case{
            "unknown_field",
            warning,
            k_service_web + split("web", "[{service: web, weight: 1, @@wieght: 2}]"),
            "check its spelling"
        },
        Case{
            "misplaced_field",
            warning,
            k_service_web + group("[{name: a}]") +
                "apiVersion: split.smi-spec.io/v1alpha2\nkind: TrafficSplit\n"
                "metadata: {name: x, namespace: shop}\nspec:\n  service: web\n  backends: " +
                k_web_backend + "\n  matches: @@[{kind: HTTPRouteGroup, name: x}]\n",
            "write v1alpha3 or later"
        }
    )
);

// A file that no longer parses has no manifest that could be marked: its second text does.
TEST(Problems, OfAFileThatIsKeptPointAtItsBeginning) {
    Inventory inventory("shop");
    ASSERT_TRUE(inventory.replace_file("f.yaml", k_route));
    ASSERT_FALSE(inventory.replace_file("f.yaml", "kind: [\n"));
    const std::vector<Problem> problems = inventory.problems();
    ASSERT_EQ(problems.size(), 2U);
    EXPECT_EQ(problems[1].code, "file_kept");
    EXPECT_EQ(problems[1].severity, warning);
    EXPECT_EQ(to_string(problems[1]).substr(0, 11), "f.yaml:1:1:");
    EXPECT_THAT(problems[1].message, HasSubstr("until this file parses again"));
}

}  // namespace
}  // namespace policy
