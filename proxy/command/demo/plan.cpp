#include "proxy/command/demo/plan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <utility>

namespace proxy::command::demo {
namespace {

constexpr std::uint16_t k_pod_port = 8080;
constexpr std::uint16_t k_application_port = 9091;
constexpr std::uint16_t k_outbound_port = 15001;
constexpr std::uint16_t k_admin_port = 15020;

policy::IpAddress ip(const std::string& text) {
    const auto parsed = policy::parse_ip(text);
    assert(parsed.has_value());
    return parsed.value_or(policy::IpAddress{});
}

/// The cast, without addresses. `payments` is being brought under policy, so its sidecar only
/// reports; `visitor` has no sidecar at all.
std::vector<Pod> make_pods() {
    const auto pod = [](std::string name, std::string account, std::string access) {
        Pod made;
        made.name = std::move(name);
        made.service_account = std::move(account);
        made.access = std::move(access);
        made.labels["app"] = made.service_account.empty() ? made.name : made.service_account;
        return made;
    };
    std::vector<Pod> pods{
        pod("web", "web", "enforce"),
        pod("api-v1", "api", "enforce"),
        pod("api-v2", "api", "enforce"),
        pod("payments", "payments", "audit"),
        pod("visitor", "", ""),
    };
    pods[1].labels["version"] = "v1";
    pods[2].labels["version"] = "v2";
    return pods;
}

Service make_service(std::string name, std::map<std::string, std::string> selector) {
    Service service;
    service.name = std::move(name);
    service.selector = std::move(selector);
    return service;
}

/// `api` is what clients call. It stands for the stable version until a TrafficSplit says more.
std::vector<Service> make_services() {
    return {
        make_service("api", {{"app", "api"}, {"version", "v1"}}),
        make_service("api-v1", {{"app", "api"}, {"version", "v1"}}),
        make_service("api-v2", {{"app", "api"}, {"version", "v2"}}),
        make_service("payments", {{"app", "payments"}}),
        make_service("web", {{"app", "web"}}),
    };
}

/// ClusterIPs exist on no interface: a redirect catches what goes there, and in loopback mode they
/// are only names for the Host header.
void give_cluster_ips(Plan& plan, bool with_ipv6) {
    int number = 10;
    for (Service& service : plan.services) {
        service.cluster_ips.push_back(ip(fmt::format("198.19.0.{}", number)));
        if (with_ipv6) {
            service.cluster_ips.push_back(ip(fmt::format("2001:2:0:1::{:x}", number)));
        }
        ++number;
    }
}

}  // namespace

std::string_view to_string(Mode mode) {
    switch (mode) {
        case Mode::namespaces:
            return "namespaces";
        case Mode::loopback:
            return "loopback";
    }
    return "loopback";
}

std::string Pod::spiffe_id() const {
    return fmt::format(
        "spiffe://{}/ns/{}/sa/{}", k_trust_domain, k_kubernetes_namespace, service_account
    );
}

bool Service::selects(const Pod& pod) const {
    return std::all_of(selector.begin(), selector.end(), [&pod](const auto& wanted) {
        const auto found = pod.labels.find(wanted.first);
        return found != pod.labels.end() && found->second == wanted.second;
    });
}

std::string Service::host() const {
    return fmt::format("{}.{}.svc.{}", name, k_kubernetes_namespace, k_trust_domain);
}

const Pod& Plan::pod(std::string_view name_of_pod) const {
    const auto found = std::find_if(pods.begin(), pods.end(), [&](const Pod& candidate) {
        return candidate.name == name_of_pod;
    });
    assert(found != pods.end());
    return *found;
}

const Service& Plan::service(std::string_view name_of_service) const {
    const auto found = std::find_if(services.begin(), services.end(), [&](const Service& one) {
        return one.name == name_of_service;
    });
    assert(found != services.end());
    return *found;
}

Plan plan_namespaces(std::string name, bool with_ipv6) {
    Plan plan;
    plan.mode = Mode::namespaces;
    plan.bridge_namespace = name + "-bridge";
    plan.bridge_address = ip("198.18.0.1");
    if (with_ipv6) {
        plan.bridge_address6 = ip("2001:2::1");
    }
    plan.pods = make_pods();
    plan.services = make_services();
    int number = 11;
    for (Pod& pod : plan.pods) {
        pod.network_namespace = fmt::format("{}-{}", name, pod.name);
        pod.address = ip(fmt::format("198.18.0.{}", number));
        if (with_ipv6) {
            pod.address6 = ip(fmt::format("2001:2::{:x}", number));
        }
        ++number;
        pod.port = k_pod_port;
        // Both families, and every address of the pod: the sidecar comes from inside it.
        pod.application = {ip(with_ipv6 ? "::" : "0.0.0.0"), k_pod_port};
        pod.outbound = {ip("127.0.0.1"), k_outbound_port};
        pod.admin = {ip("127.0.0.1"), k_admin_port};
    }
    plan.name = std::move(name);
    give_cluster_ips(plan, with_ipv6);
    return plan;
}

Plan plan_loopback(std::string name, std::uint8_t third_octet) {
    Plan plan;
    plan.mode = Mode::loopback;
    plan.name = std::move(name);
    plan.pods = make_pods();
    plan.services = make_services();
    int number = 11;
    for (Pod& pod : plan.pods) {
        pod.address = ip(fmt::format("127.77.{}.{}", third_octet, number++));
        pod.port = k_pod_port;
        // Without a sidecar the application itself is what peers meet.
        pod.application = {pod.address, pod.is_meshed() ? k_application_port : k_pod_port};
        pod.outbound = {pod.address, k_outbound_port};
        pod.admin = {pod.address, k_admin_port};
    }
    give_cluster_ips(plan, false);
    return plan;
}

}  // namespace proxy::command::demo
