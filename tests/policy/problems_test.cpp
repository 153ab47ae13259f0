// Every code of problems.md: what raises it, that it points at the culprit, and that its sentence
// names the way out. tests/tidy_test.py sees to it that the table, the code and this file have the
// same codes.
#include "policy/compile.hpp"
#include "policy/inventory.hpp"
#include "policy/problem.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

namespace policy {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::string_view k_culprit = "@@";

constexpr Severity error = Severity::error;
constexpr Severity warning = Severity::warning;

/// A manifest with @@ before what is wrong.
struct Case {
    const char* code;
    Severity severity;
    std::string manifest;
    const char* way_out;  // part of the message
};

// NOLINTNEXTLINE(readability-identifier-naming): GoogleTest looks for this name
void PrintTo(const Case& row, std::ostream* out) {
    *out << row.code;
}

/// Removes the mark and tells where it stood.
Place take_mark(std::string& text) {
    const std::size_t at = text.find(k_culprit);
    EXPECT_NE(at, std::string::npos) << "no @@ in:\n" << text;
    text.erase(at, k_culprit.size());
    EXPECT_EQ(text.find(k_culprit), std::string::npos) << "two @@";
    const auto line =
        std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(at), '\n');
    const std::size_t line_begin = at == 0 ? 0 : text.rfind('\n', at - 1) + 1;  // npos + 1 = 0
    return {static_cast<int>(line) + 1, static_cast<int>(at - line_begin) + 1};
}

/// What `check` and the proxy's /snapshot tell of one file.
std::vector<Problem> problems_of(const std::string& manifest) {
    Inventory inventory("shop");
    static_cast<void>(inventory.replace_file("f.yaml", manifest));
    const Workload workload{"cluster.local", "shop", "pay", "pay-1"};
    std::vector<Problem> problems = compile(inventory, workload, Options(), 1).problems;
    const std::vector<Problem> of_reading = inventory.problems();
    problems.insert(problems.end(), of_reading.begin(), of_reading.end());
    return in_order(std::move(problems));
}

class EveryProblem : public ::testing::TestWithParam<Case> {};

TEST_P(EveryProblem, PointsAtTheCulpritAndNamesTheWayOut) {
    std::string manifest = GetParam().manifest;
    const Place place = take_mark(manifest);
    std::vector<Problem> found;
    std::string all;
    for (const Problem& problem : problems_of(manifest)) {
        all += to_string(problem) + " (" + problem.code + ")\n";
        if (problem.code == GetParam().code) {
            found.push_back(problem);
        }
    }
    ASSERT_EQ(found.size(), 1U) << manifest << "gives:\n" << all;
    const Problem& problem = found.front();
    EXPECT_EQ(problem.origin.file, "f.yaml");
    EXPECT_EQ(problem.origin.line, place.line) << manifest << all;
    EXPECT_EQ(problem.origin.column, place.column) << manifest << all;
    EXPECT_EQ(to_string(problem.severity), to_string(GetParam().severity));
    EXPECT_THAT(problem.message, HasSubstr(GetParam().way_out));
    EXPECT_THAT(problem.message, Not(HasSubstr("  ")));
}

std::string head(const char* api_version, const char* kind, const char* name = "x") {
    return std::string("apiVersion: ") + api_version + "\nkind: " + kind +
           "\nmetadata: {name: " + name + ", namespace: shop}\n";
}
/// A TrafficTarget with these fields under spec, one per line.
std::string target(const std::string& spec) {
    return head("access.smi-spec.io/v1alpha3", "TrafficTarget") + "spec:\n" + spec;
}
std::string target_with(
    const std::string& destination, const std::string& sources, const std::string& rules
) {
    return target(
        "  destination: " + destination + "\n  sources: " + sources + "\n  rules: " + rules + "\n"
    );
}
const std::string k_pay = "{kind: ServiceAccount, name: pay}";
const std::string k_web = "[{kind: ServiceAccount, name: web, namespace: shop}]";
const std::string k_rules = "[{kind: TCPRoute, name: x}]";

/// A line for each.
std::string bad_ports(int count) {
    std::string lines;
    for (int i = 0; i < count; ++i) {
        lines += "    - x\n";
    }
    return lines;
}

std::string route(const std::string& spec) {
    return head("specs.smi-spec.io/v1alpha4", "TCPRoute") + "spec: " + spec + "\n---\n";
}
const std::string k_route = route("{matches: {ports: [80]}}");

std::string group(const std::string& matches) {
    return head("specs.smi-spec.io/v1alpha4", "HTTPRouteGroup") + "spec:\n  matches: " + matches +
           "\n---\n";
}
std::string binding(const std::string& spec) {
    return head("access.smi-spec.io/v1alpha4", "IdentityBinding") + "spec: " + spec + "\n";
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

// --- TrafficTargets and IdentityBindings ---

INSTANTIATE_TEST_SUITE_P(
    Access,
    EveryProblem,
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
    EveryProblem,
    ::testing::Values(Case{
        "policy_too_large", error, sixteen_targets_of_all_ports(), "refer to smaller routes"
    })
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
