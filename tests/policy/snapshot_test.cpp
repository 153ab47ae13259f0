// What a Snapshot knows of endpoints, opaque ports and itself, and how it tells it as JSON.
#include "policy/snapshot.hpp"

#include "policy/json_writer.hpp"
#include "tests/policy/world.hpp"

#include <gmock/gmock.h>

namespace policy::test {
namespace {

using testing::HasSubstr;

const Endpoint* endpoint(World& world, const std::string& address) {
    return world.snapshot().find_endpoint(*parse_socket_address(address));
}

/// "uri meshed", "uri outside", "nobody" or "unknown".
std::string who(World& world, const std::string& address) {
    const Endpoint* found = endpoint(world, address);
    if (found == nullptr) {
        return "unknown";
    }
    EXPECT_TRUE(found->identity.has_value() || !found->meshed);
    if (!found->identity) {
        return "nobody";
    }
    return found->identity->uri() + (found->meshed ? " meshed" : " outside");
}

constexpr const char* k_web = "spiffe://cluster.local/ns/shop/sa/web meshed";
constexpr const char* k_web_outside = "spiffe://cluster.local/ns/shop/sa/web outside";

std::string pod(const std::string& more, const std::string& ip = "10.1.0.1") {
    return "---\napiVersion: v1\nkind: Pod\nmetadata: {name: web-1" + more +
           "}\nspec: {serviceAccountName: web, containers: [{name: c, ports: [{name: admin, "
           "containerPort: 9000}]}]}\nstatus: {podIP: " +
           ip + "}\n";
}

/// Service web with one slice; `extra` goes into the metadata of each.
std::string web(
    const std::string& endpoints,
    const std::string& slice_extra = {},
    const std::string& service_extra = {},
    const std::string& port_extra = ", name: http"
) {
    return "---\napiVersion: v1\nkind: Service\nmetadata: {name: web" + service_extra +
           "}\nspec: {clusterIP: 10.9.0.1, ports: [{port: 80, targetPort: 8080" + port_extra +
           "}]}\n---\napiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\nmetadata: {name: "
           "web-x, "
           "labels: {kubernetes.io/service-name: web}" +
           slice_extra + "}\naddressType: IPv4\nports: [{name: http, port: 8080}]\nendpoints: [" +
           endpoints + "]\n";
}
constexpr const char* k_named = "{addresses: [10.1.0.1], targetRef: {kind: Pod, name: web-1}}";
constexpr const char* k_bare = "{addresses: [10.1.0.1]}";

// --- Who stands behind an endpoint (design: configuration) ---

TEST(Snapshot, TakesTheIdentityFromThePodThatTheSliceNames) {
    World world(web(k_named) + pod("", "10.1.0.99"));
    EXPECT_EQ(who(world, "10.1.0.1:8080"), k_web);
    EXPECT_EQ(endpoint(world, "10.1.0.1:8080")->pod, "web-1");
}

TEST(Snapshot, TakesTheIdentityFromThePodWithThatAddress) {
    World world(web(k_bare) + pod(""));
    EXPECT_EQ(who(world, "10.1.0.1:8080"), k_web);
    EXPECT_EQ(endpoint(world, "10.1.0.1:8080")->pod, "web-1");
}

TEST(Snapshot, GivesAPodWhoseAccountCannotBeReadAnIdentityThatNobodyHas) {
    // Left out, its endpoints would be nobody's, and clients would speak plaintext to them.
    World world(
        web(k_named) +
        "---\napiVersion: v1\nkind: Pod\nmetadata: {name: web-1}\nspec: "
        "{serviceAccountName: [web]}\nstatus: {podIP: 10.1.0.1}\n"
    );
    EXPECT_EQ(who(world, "10.1.0.1:8080"), "spiffe://cluster.local/ns/shop/sa/ meshed");
}

TEST(Snapshot, DoesNotGuessBetweenPodsThatShareAnAddress) {
    const std::string other =
        "---\napiVersion: v1\nkind: Pod\nmetadata: {name: z}\nspec: "
        "{serviceAccountName: evil}\nstatus: {podIP: 10.1.0.1}\n";
    World world(web(k_bare) + pod("") + other);
    EXPECT_EQ(who(world, "10.1.0.1:8080"), "nobody");
    EXPECT_EQ(who(world, "10.1.0.1:9000"), "unknown");
}

constexpr const char* k_account = ", annotations: {smilax.dev/service-account: web}";
constexpr const char* k_other_account = ", annotations: {smilax.dev/service-account: other}";

TEST(Snapshot, TakesTheIdentityFromAnnotationsWhereThereIsNoPod) {
    World slice(web(k_bare, k_account, k_other_account));
    EXPECT_EQ(who(slice, "10.1.0.1:8080"), k_web);
    World service_only(web(k_bare, "", k_account));
    EXPECT_EQ(who(service_only, "10.1.0.1:8080"), k_web);
    World pod_first(web(k_named, k_other_account) + pod(""));
    EXPECT_EQ(who(pod_first, "10.1.0.1:8080"), k_web);
    World none(web(k_bare));
    EXPECT_EQ(who(none, "10.1.0.1:8080"), "nobody");
}

TEST(Snapshot, TakesTheTrustDomainOfTheWorkload) {
    World world(web(k_bare, k_account));
    world.workload.trust_domain = "example.org";
    EXPECT_EQ(who(world, "10.1.0.1:8080"), "spiffe://example.org/ns/shop/sa/web meshed");
}

TEST(Snapshot, LeavesOutOfTheMeshWhatIsAnnotatedSo) {
    const std::string out = ", annotations: {smilax.dev/mesh: 'false'}";
    World by_pod(web(k_named) + pod(out));
    EXPECT_EQ(who(by_pod, "10.1.0.1:8080"), k_web_outside);
    EXPECT_EQ(who(by_pod, "10.1.0.1:9000"), k_web_outside);
    World by_slice(web(k_named, out) + pod(""));
    EXPECT_EQ(who(by_slice, "10.1.0.1:8080"), k_web_outside);
    World by_service(web(k_named, "", out) + pod(""));
    EXPECT_EQ(who(by_service, "10.1.0.1:8080"), k_web_outside);
    World by_namespace(
        web(k_named) + pod("") + "---\napiVersion: v1\nkind: Namespace\nmetadata: {name: shop" +
        out + "}\n"
    );
    EXPECT_EQ(who(by_namespace, "10.1.0.1:8080"), k_web_outside);
    World otherwise(web(k_named) + pod(", annotations: {smilax.dev/mesh: 'no'}"));
    EXPECT_EQ(who(otherwise, "10.1.0.1:8080"), k_web);
}

TEST(Snapshot, KnowsWhichEndpointsHaveTheIdentityAndNoSidecar) {
    const std::string standard = ", annotations: {smilax.dev/mesh: standard}";
    const auto is_standard = [](World world) {
        const Endpoint* endpoint =
            world.snapshot().find_endpoint(*parse_socket_address("10.1.0.1:8080"));
        return endpoint->meshed && endpoint->standard;
    };
    EXPECT_FALSE(is_standard(World(web(k_named) + pod(""))));
    EXPECT_TRUE(is_standard(World(web(k_named) + pod(standard))));
    EXPECT_TRUE(is_standard(World(web(k_named, standard) + pod(""))));
    EXPECT_TRUE(is_standard(World(web(k_named, "", standard) + pod(""))));
    EXPECT_TRUE(is_standard(World(
        web(k_named) + pod("") + "---\napiVersion: v1\nkind: Namespace\nmetadata: {name: shop" +
        standard + "}\n"
    )));
    // Who is outside for one object is outside, whatever another says.
    World both(web(k_named, ", annotations: {smilax.dev/mesh: 'false'}") + pod(standard));
    EXPECT_EQ(who(both, "10.1.0.1:8080"), k_web_outside);
    EXPECT_FALSE(both.snapshot().find_endpoint(*parse_socket_address("10.1.0.1:8080"))->standard);
    World nobody(web(k_bare, standard));
    EXPECT_FALSE(nobody.snapshot().find_endpoint(*parse_socket_address("10.1.0.1:8080"))->standard);
    World shown(web(k_named) + pod(standard));
    EXPECT_THAT(shown.snapshot().to_json(), HasSubstr("\"standard\": true"));
}

TEST(Snapshot, TakesAMeshedEndpointOverAnotherServicesOptOut) {
    // Otherwise any Service that lists a pod could make clients speak plaintext to it.
    const std::string rogue =
        "---\napiVersion: v1\nkind: Service\nmetadata: {name: a, namespace: evil, "
        "annotations: {smilax.dev/mesh: 'false'}}\nspec: {ports: [{port: 80, targetPort: 8080}]}\n"
        "---\napiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\n"
        "metadata: {name: a-x, namespace: evil, labels: {kubernetes.io/service-name: a}}\n"
        "addressType: IPv4\nports: [{port: 8080}]\nendpoints: [{addresses: [10.1.0.1]}]\n";
    World world(rogue + web(k_named) + pod(""));
    EXPECT_EQ(who(world, "10.1.0.1:8080"), k_web);
}

// --- Which endpoints there are ---

std::string backends(World& world) {
    const Route route = route_tcp(world.snapshot(), {*parse_socket_address("10.9.0.1:80")});
    std::string text;
    for (const Endpoint& found : route.service->endpoints) {
        text += found.address.text() + ' ';
    }
    return text;
}

TEST(Snapshot, BalancesOverReadyEndpointsSortedAndWithoutDuplicates) {
    World world(
        web("{addresses: [10.1.0.3]}, {addresses: [10.1.0.2], conditions: {ready: false}}, "
            "{addresses: [10.1.0.1], conditions: {ready: true}}, {addresses: [10.1.0.3]}") +
        "---\napiVersion: v1\nkind: Endpoints\nmetadata: {name: web}\nsubsets: "
        "[{addresses: [{ip: 10.1.0.4}, {ip: 10.1.0.1}], ports: [{name: http, port: 8080}]}, "
        "{addresses: [{ip: 10.1.0.5}], ports: [{name: http, port: 8081}]}]\n"
    );
    EXPECT_EQ(backends(world), "10.1.0.1:8080 10.1.0.3:8080 10.1.0.4:8080 10.1.0.5:8081 ");
    EXPECT_TRUE(world.codes().empty());
}

TEST(Snapshot, KnowsEndpointsThatAreNotReadyWhenTheyAreDialled) {
    World world(
        web("{addresses: [10.1.0.1], conditions: {ready: false}, targetRef: {kind: Pod, name: "
            "web-1}}") +
        pod("")
    );
    EXPECT_EQ(backends(world), "");
    EXPECT_EQ(who(world, "10.1.0.1:8080"), k_web);
}

TEST(Snapshot, KnowsNamedPortsOfPodsWithoutAService) {
    World world(pod(""));
    EXPECT_EQ(who(world, "10.1.0.1:9000"), k_web);
    EXPECT_EQ(who(world, "10.1.0.1:9001"), "unknown");
}

TEST(Snapshot, MatchesSlicePortsByNameSoThatNamedTargetPortsWork) {  // T6
    const std::string two_ports =
        "apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {clusterIP: 10.9.0.1, ports: "
        "[{name: http, port: 80, targetPort: main}, {name: tls, port: 443, targetPort: secure}]}\n"
        "---\napiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\n"
        "metadata: {name: web-x, labels: {kubernetes.io/service-name: web}}\naddressType: IPv4\n"
        "ports: [{name: tls, port: 8443}, {name: http, port: 8080}]\n"
        "endpoints: [{addresses: [10.1.0.1]}]\n";
    World world(two_ports);
    EXPECT_EQ(backends(world), "10.1.0.1:8080 ");
    EXPECT_NE(endpoint(world, "10.1.0.1:8443"), nullptr);
}

TEST(Snapshot, TakesTheTargetPortWhereTheSliceHasNoPorts) {
    const auto with_target = [](const std::string& target_port) {
        World world(
            "apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {clusterIP: 10.9.0.1, "
            "ports: [{port: 80" +
            target_port +
            "}]}\n"
            "---\napiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\n"
            "metadata: {name: web-x, labels: {kubernetes.io/service-name: web}}\n"
            "addressType: IPv4\nendpoints: [{addresses: [10.1.0.1]}]\n" +
            pod("")
        );
        return backends(world);
    };
    EXPECT_EQ(with_target(""), "10.1.0.1:80 ");
    EXPECT_EQ(with_target(", targetPort: 8080"), "10.1.0.1:8080 ");
    EXPECT_EQ(with_target(", targetPort: admin"), "10.1.0.1:9000 ");
    EXPECT_EQ(with_target(", targetPort: unheard-of"), "");
}

// --- Opaque ports ---

bool is_opaque_service(const std::string& port_extra) {
    World world(web(k_named, "", "", port_extra) + pod(""));
    return route_tcp(world.snapshot(), {*parse_socket_address("10.9.0.1:80")}).service->opaque;
}

TEST(Snapshot, TakesAppProtocolThenThePortsName) {
    for (const char* extra :
         {", appProtocol: tcp",
          ", appProtocol: Opaque",
          ", appProtocol: mysql",
          ", appProtocol: redis",
          ", appProtocol: tls",
          ", name: tcp",
          ", name: tcp-main"}) {
        EXPECT_TRUE(is_opaque_service(extra)) << extra;
    }
    for (const char* extra :
         {"",
          ", appProtocol: http",
          ", appProtocol: grpc",
          ", name: tcpx",
          ", name: tcp-a, appProtocol: http"}) {
        EXPECT_FALSE(is_opaque_service(extra)) << extra;
    }
}

/// Whether port 8080 is opaque for the pod `pod_name` of the service account `account`.
bool is_opaque_here(
    const std::string& account, const std::string& pod_name, const std::string& manifests
) {
    World world(manifests);
    world.workload = {"cluster.local", "shop", account, pod_name};
    return world.snapshot().is_opaque(8080);
}

TEST(Snapshot, KnowsTheOpaquePortsOfItsOwnPodOnly) {
    const std::string manifests = web(k_named, "", "", ", name: http, appProtocol: tcp") + pod("");
    EXPECT_TRUE(is_opaque_here("web", "web-1", manifests));
    EXPECT_TRUE(is_opaque_here("web", "", manifests));
    EXPECT_FALSE(is_opaque_here("web", "web-2", manifests));
    EXPECT_FALSE(is_opaque_here("other", "", manifests));
}

TEST(Snapshot, LetsNoOtherNamespaceDeclareItsPortsOpaque) {
    // A target with TCPRoute and HTTPRouteGroup allows bytes on an opaque port (U8).
    const std::string rogue =
        "---\napiVersion: v1\nkind: Service\nmetadata: {name: a, namespace: evil}\n"
        "spec: {ports: [{port: 80, targetPort: 8080, appProtocol: tcp}]}\n"
        "---\napiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\n"
        "metadata: {name: a-x, namespace: evil, labels: {kubernetes.io/service-name: a}}\n"
        "addressType: IPv4\nports: [{port: 8080}]\n"
        "endpoints: [{addresses: [10.1.0.1], targetRef: {kind: Pod, name: web-1}}]\n";
    EXPECT_FALSE(is_opaque_here("web", "web-1", rogue + pod("")));
}

TEST(Snapshot, TakesOpaquePortsFromTheOptions) {
    World world("");
    world.options.opaque_ports = {3306};
    EXPECT_TRUE(world.snapshot().is_opaque(3306));
    EXPECT_FALSE(world.snapshot().is_opaque(3307));
}

TEST(Snapshot, TellsTheAccessMode) {
    World world("");
    EXPECT_EQ(world.snapshot().access_mode(80), AccessMode::enforce);
    world.options.access = AccessMode::audit;
    EXPECT_EQ(world.compile().snapshot().access_mode(80), AccessMode::audit);
}

// --- JSON ---

TEST(Snapshot, TellsItselfAsJson) {
    World world(
        tcp_route("r", "8080") +
        group("g", "[{name: a, pathRegex: '/a\"$', methods: [GET], headers: {x: '^1$'}}]") +
        target("t", "[{kind: TCPRoute, name: r}, {kind: HTTPRouteGroup, name: g}]") + web(k_named) +
        pod("") + split("s", "web", "[{service: web, weight: 1}, {service: gone, weight: 1}]")
    );
    const std::string json = world.snapshot().to_json();
    for (const char* part :
         {"\"generation\": 1",
          "\"access\": \"enforce\"",
          "\"name\": \"shop/t\"",
          "\"spiffe://cluster.local/ns/shop/sa/web\"",
          "\"tcpPorts\": [\n        8080\n      ]",
          "\"pathRegex\": \"/a\\\"$\"",
          "\"address\": \"10.1.0.1:8080\"",
          "\"weight\": 1000",
          "\"reason\": \"backend_missing\"",
          "\"address\": \"10.1.0.1:9000\""}) {
        EXPECT_THAT(json, HasSubstr(part));
    }
}

TEST(JsonWriter, NestsAndSeparates) {
    JsonWriter json;
    json.begin_object();
    json.member("a", std::uint64_t{1});
    json.key("b");
    json.begin_array();
    json.value(true);
    json.null();
    json.begin_object();
    json.end_object();
    json.end_array();
    json.member("c", "text");
    json.end_object();
    EXPECT_EQ(json.text(), R"({"a":1,"b":[true,null,{}],"c":"text"})");
}

TEST(JsonWriter, EscapesWhatJsonCannotHold) {
    JsonWriter json;
    json.value(std::string_view("\"\\\n\x01\x7f\0é", 8));
    EXPECT_EQ(json.text(), "\"\\\"\\\\\\u000a\\u0001\x7f\\u0000é\"");
}

TEST(JsonWriter, ReplacesBytesThatAreNoUtf8) {
    for (const char* broken : {"\xff", "\xc0", "\xc3", "\x80", "\xed"}) {
        JsonWriter json;
        json.value(broken);
        EXPECT_EQ(json.text(), "\"\xef\xbf\xbd\"") << static_cast<int>(broken[0]);
    }
    JsonWriter json;
    json.value("\xf0\x9f\x8c\xb1\xe2\x82\xac\xe0\x80\x80");
    EXPECT_EQ(json.text(), "\"\xf0\x9f\x8c\xb1\xe2\x82\xac\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"");
}

}  // namespace
}  // namespace policy::test
