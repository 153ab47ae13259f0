// Datagrams: UDPRoutes decide (A9), and splits without `matches` route them (U17).
#include "tests/policy/world.hpp"

#include <gmock/gmock.h>

namespace policy::test {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(Udp, IsAllowedByUdpRoutesOnly) {  // A9
    World world(
        tcp_route("t", "8301, 8302, 8300") + udp_route("u", "8301, 8302") +
        target("consul", "[{kind: TCPRoute, name: t}, {kind: UDPRoute, name: u}]")
    );
    EXPECT_EQ(word(ask_udp(world, account("web"), 8301)), "allowed");
    EXPECT_EQ(word(ask_udp(world, account("web"), 8300)), "port_not_allowed");
    EXPECT_EQ(word(ask_tcp(world, account("web"), 8300)), "allowed");
    EXPECT_EQ(word(ask_udp(world, account("cart"), 8301)), "source_not_allowed");
    EXPECT_EQ(word(ask_udp(world, std::nullopt, 8301)), "unauthenticated");
}

TEST(Udp, IsNotAllowedByOtherKindsOfRules) {
    World tcp(tcp_route("t", "") + target("x", "[{kind: TCPRoute, name: t}]"));
    EXPECT_EQ(word(ask_udp(tcp, account("web"))), "protocol_not_allowed");
    World http(group("g", "[{name: all}]") + target("x", "[{kind: HTTPRouteGroup, name: g}]"));
    EXPECT_EQ(word(ask_udp(http, account("web"))), "protocol_not_allowed");
    World udp(udp_route("u", "") + target("x", "[{kind: UDPRoute, name: u}]"));
    EXPECT_EQ(word(ask_udp(udp, account("web"), 53)), "allowed");  // A6: no ports, all ports
    EXPECT_EQ(word(ask_tcp(udp, account("web"), 53)), "protocol_not_allowed");
    EXPECT_EQ(word(ask_http(udp, account("web"))), "protocol_not_allowed");
}

TEST(Udp, IsDeniedWhereTheRouteIsMissing) {  // U20
    World world(target("x", "[{kind: UDPRoute, name: ghost}]"));
    EXPECT_EQ(word(ask_udp(world, account("web"), 53)), "port_not_allowed");
    EXPECT_THAT(world.codes(), ElementsAre("unresolved_reference"));
}

TEST(Udp, IsHeldToTheTargetsOwnPort) {  // A5
    World world(
        udp_route("u", "53, 54") +
        "---\napiVersion: access.smi-spec.io/v1alpha2\nkind: TrafficTarget\nmetadata: {name: x}\n"
        "spec: {destination: {kind: ServiceAccount, name: pay, namespace: shop, port: 53}, "
        "sources: [{kind: ServiceAccount, name: web, namespace: shop}], "
        "rules: [{kind: UDPRoute, name: u}]}\n"
    );
    EXPECT_EQ(word(ask_udp(world, account("web"), 53)), "allowed");
    EXPECT_EQ(word(ask_udp(world, account("web"), 54)), "port_not_allowed");
}

TEST(Udp, IsNotBoundByRulesOfOtherKinds) {  // §1.7: an AND is of TCPRoute and HTTPRouteGroup
    World world(
        udp_route("u", "53") + tcp_route("t", "80") + group("g", "[{name: a, pathRegex: '/a$'}]") +
        target(
            "x",
            "[{kind: UDPRoute, name: u}, {kind: TCPRoute, name: t}, "
            "{kind: HTTPRouteGroup, name: g}]"
        )
    );
    EXPECT_EQ(word(ask_udp(world, account("web"), 53)), "allowed");
    EXPECT_EQ(word(ask_udp(world, account("web"), 80)), "port_not_allowed");
    EXPECT_EQ(word(ask_tcp(world, account("web"), 53)), "port_not_allowed");
}

TEST(Udp, IsUnitedOverTargets) {  // A1, U28
    World world(
        udp_route("a", "1") + udp_route("b", "2") + target("a", "[{kind: UDPRoute, name: a}]") +
        target("b", "[{kind: UDPRoute, name: b}]")
    );
    EXPECT_EQ(word(ask_udp(world, account("web"), 1)), "allowed");
    EXPECT_EQ(word(ask_udp(world, account("web"), 2)), "allowed");
    EXPECT_EQ(word(ask_udp(world, account("web"), 3)), "port_not_allowed");
}

/// A Service with TCP and UDP at port 53, and nothing but TCP at 80.
std::string dns(const std::string& name, const std::string& cluster_ip, const std::string& ip) {
    return "---\napiVersion: v1\nkind: Service\nmetadata: {name: " + name +
           "}\nspec: {clusterIP: " + cluster_ip +
           ", ports: [{name: dns, port: 53, protocol: UDP, targetPort: 5353}, "
           "{name: dns-tcp, port: 53, targetPort: 5300}, {name: web, port: 80}]}\n"
           "---\napiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\nmetadata: {name: " +
           name + "-1, labels: {kubernetes.io/service-name: " + name +
           "}}\naddressType: IPv4\nports: [{name: dns, port: 5353, protocol: UDP}, "
           "{name: dns-tcp, port: 5300}, {name: web, port: 80}]\nendpoints: [{addresses: [" +
           ip + "]}]\n";
}

std::string route(World& world, const std::string& address) {
    const Route found = route_udp(world.snapshot(), {*parse_socket_address(address)});
    std::string text(to_string(found.reason));
    for (const WeightedBackend& backend : found.backends) {
        text += ' ' + backend.backend->service + ':' + std::to_string(backend.weight) + '@' +
                backend.backend->endpoints.front().address.text();
    }
    return text;
}

TEST(Udp, IsRoutedToTheServicesOwnUdpPort) {
    World world(dns("dns", "10.9.0.1", "10.1.0.1"));
    EXPECT_EQ(route(world, "10.9.0.1:53"), "routed dns:1@10.1.0.1:5353");
    EXPECT_EQ(route(world, "10.9.0.1:80"), "passthrough");
    EXPECT_EQ(route(world, "10.9.0.9:53"), "passthrough");
    const Route tcp = route_tcp(world.snapshot(), {*parse_socket_address("10.9.0.1:53")});
    EXPECT_EQ(tcp.service->endpoints.front().address.text(), "10.1.0.1:5300");
    // A UDP port is no TCP endpoint, whoever dials it.
    EXPECT_EQ(world.snapshot().find_endpoint(*parse_socket_address("10.1.0.1:5353")), nullptr);
}

TEST(Udp, IsSplitByPortAndProtocol) {  // U17, §1.8
    World world(
        dns("dns", "10.9.0.1", "10.1.0.1") + dns("new", "10.9.0.2", "10.1.0.2") +
        service("web", "10.9.0.3", "10.1.0.3") +
        split(
            "s",
            "dns",
            "[{service: dns, weight: 3}, {service: new, weight: 1}, {service: web, weight: 9}]"
        )
    );
    EXPECT_EQ(route(world, "10.9.0.1:53"), "routed dns:3000@10.1.0.1:5353 new:1000@10.1.0.2:5353");
    // web lacks port 53 of either protocol.
    EXPECT_THAT(world.codes(), ElementsAre("backend_port_missing", "backend_port_missing"));
}

TEST(Udp, TakesNoSplitWithMatches) {  // U17
    World world(
        dns("dns", "10.9.0.1", "10.1.0.1") + dns("new", "10.9.0.2", "10.1.0.2") +
        group("g", "[{name: all}]") +
        split(
            "s",
            "dns",
            "[{service: new, weight: 1}]",
            ", matches: [{kind: HTTPRouteGroup, name: g}]"
        )
    );
    EXPECT_EQ(route(world, "10.9.0.1:53"), "routed dns:1@10.1.0.1:5353");
    EXPECT_THAT(world.codes(), IsEmpty());
}

}  // namespace
}  // namespace policy::test
