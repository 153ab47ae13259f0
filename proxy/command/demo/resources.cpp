#include "proxy/command/demo/resources.hpp"

#include <fmt/format.h>

#include <iterator>
#include <vector>

namespace proxy::command::demo {
namespace {

std::string map_text(const std::map<std::string, std::string>& map) {
    std::string text;
    for (const auto& [key, value] : map) {
        text += fmt::format("{}{}: {}", text.empty() ? "" : ", ", key, value);
    }
    return "{" + text + "}";
}

void add_pod(std::string& out, const Pod& pod) {
    fmt::format_to(
        std::back_inserter(out),
        R"(---
apiVersion: v1
kind: Pod
metadata: {{name: {name}, namespace: {name_space}, labels: {labels}}}
spec: {{serviceAccountName: {account}}}
status:
  podIP: {ip}
  podIPs: [{{ip: {ip}}}{second}]
)",
        fmt::arg("name", pod.name),
        fmt::arg("name_space", k_kubernetes_namespace),
        fmt::arg("labels", map_text(pod.labels)),
        fmt::arg("account", pod.is_meshed() ? pod.service_account : "default"),
        fmt::arg("ip", pod.address.text()),
        fmt::arg(
            "second", pod.address6 ? fmt::format(", {{ip: \"{}\"}}", pod.address6->text()) : ""
        )
    );
}

void add_service(std::string& out, const Service& service) {
    std::string ips;
    for (const policy::IpAddress& ip : service.cluster_ips) {
        ips += fmt::format("{}\"{}\"", ips.empty() ? "" : ", ", ip.text());
    }
    fmt::format_to(
        std::back_inserter(out),
        R"(---
apiVersion: v1
kind: Service
metadata: {{name: {name}, namespace: {name_space}}}
spec:
  clusterIP: {ip}
  clusterIPs: [{ips}]
  selector: {selector}
  ports: [{{name: http, port: {port}, targetPort: http}}]
)",
        fmt::arg("name", service.name),
        fmt::arg("name_space", k_kubernetes_namespace),
        fmt::arg("ip", service.cluster_ips.front().text()),
        fmt::arg("ips", ips),
        fmt::arg("selector", map_text(service.selector)),
        fmt::arg("port", service.port)
    );
}

/// One slice per family, as Kubernetes writes them (an EndpointSlice has one addressType).
void add_endpoint_slice(
    std::string& out, const Service& service, const Pod& pod, const policy::IpAddress& address
) {
    fmt::format_to(
        std::back_inserter(out),
        R"(---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata:
  name: {service}-{pod}-{family}
  namespace: {name_space}
  labels: {{kubernetes.io/service-name: {service}}}
addressType: {type}
ports: [{{name: http, port: {port}, protocol: TCP}}]
endpoints:
  - addresses: ["{ip}"]
    conditions: {{ready: true}}
    targetRef: {{kind: Pod, name: {pod}, namespace: {name_space}}}
)",
        fmt::arg("service", service.name),
        fmt::arg("pod", pod.name),
        fmt::arg("family", address.is_v4() ? "v4" : "v6"),
        fmt::arg("type", address.is_v4() ? "IPv4" : "IPv6"),
        fmt::arg("name_space", k_kubernetes_namespace),
        fmt::arg("port", pod.port),
        fmt::arg("ip", address.text())
    );
}

/// A path as a single-quoted YAML scalar, whatever letters it has.
std::string quoted(std::string_view text) {
    std::string out = "'";
    for (const char letter : text) {
        out += letter;
        if (letter == '\'') {
            out += letter;
        }
    }
    return out + "'";
}

std::string inbound_text(const Plan& plan, const Pod& pod) {
    if (plan.mode == Mode::namespaces) {
        return fmt::format("  listen: [\"{}:15006\"]\n", pod.address6 ? "[::]" : "0.0.0.0");
    }
    return fmt::format(
        "  ports: [{{listen: \"{}:{}\", application: \"{}\"}}]\n",
        pod.address.text(),
        pod.port,
        pod.application.text()
    );
}

std::string outbound_text(const Pod& pod) {
    if (pod.address6) {
        // A redirect sends IPv6 connections to the same port of ::1.
        return fmt::format("\"{}\", \"[::1]:{}\"", pod.outbound.text(), pod.outbound.port);
    }
    return fmt::format("\"{}\"", pod.outbound.text());
}

}  // namespace

std::string cluster_text(const Plan& plan) {
    std::string out = "# The cluster as the sidecars see it.\n";
    for (const Pod& pod : plan.pods) {
        add_pod(out, pod);
    }
    for (const Service& service : plan.services) {
        add_service(out, service);
        for (const Pod& pod : plan.pods) {
            if (!service.selects(pod)) {
                continue;
            }
            add_endpoint_slice(out, service, pod, pod.address);
            if (pod.address6) {
                add_endpoint_slice(out, service, pod, *pod.address6);
            }
        }
    }
    return out;
}

std::string access_text() {
    return fmt::format(
        R"(# Who may call api, and for what. Nobody else may, and for nothing else.
apiVersion: specs.smi-spec.io/v1alpha4
kind: HTTPRouteGroup
metadata: {{name: api-routes, namespace: {0}}}
spec:
  matches:
    - name: books
      pathRegex: /books(/.*)?$
      methods: [GET]
---
apiVersion: access.smi-spec.io/v1alpha3
kind: TrafficTarget
metadata: {{name: web-to-api, namespace: {0}}}
spec:
  destination: {{kind: ServiceAccount, name: api, namespace: {0}}}
  sources: [{{kind: ServiceAccount, name: web, namespace: {0}}}]
  rules: [{{kind: HTTPRouteGroup, name: api-routes, matches: [books]}}]
)",
        k_kubernetes_namespace
    );
}

std::string weighted_split_text(int weight_v1, int weight_v2) {
    return fmt::format(
        R"(# Which version of api answers.
apiVersion: split.smi-spec.io/v1alpha4
kind: TrafficSplit
metadata: {{name: api-rollout, namespace: {}}}
spec:
  service: api
  backends:
    - {{service: api-v1, weight: {}}}
    - {{service: api-v2, weight: {}}}
)",
        k_kubernetes_namespace,
        weight_v1,
        weight_v2
    );
}

std::string canary_split_text() {
    return fmt::format(
        R"(# Requests with `x-canary: yes` go to api-v2; all others to api as if there were no split.
apiVersion: specs.smi-spec.io/v1alpha4
kind: HTTPRouteGroup
metadata: {{name: canary-users, namespace: {0}}}
spec:
  matches:
    - name: canary
      headers:
        - x-canary: "^yes$"
---
apiVersion: split.smi-spec.io/v1alpha4
kind: TrafficSplit
metadata: {{name: api-rollout, namespace: {0}}}
spec:
  service: api
  matches: [{{kind: HTTPRouteGroup, name: canary-users}}]
  backends:
    - {{service: api-v1, weight: 0}}
    - {{service: api-v2, weight: 100}}
)",
        k_kubernetes_namespace
    );
}

std::string sidecar_text(const Plan& plan, const Pod& pod, const SidecarFiles& files) {
    return fmt::format(
        R"(# The sidecar of pod {name}.
workload:
  trustDomain: {trust_domain}
  namespace: {name_space}
  serviceAccount: {account}
  pod: {name}
  owner: {{kind: Deployment, name: {name}}}
identity:
  source: files
  certificate: {certificate}
  key: {key}
  trustBundle: {trust_bundle}
resources: [{{directory: {resources}}}]
policy: {{access: {access}, mtls: strict}}
inbound:
{inbound}outbound: {{listen: [{outbound}]}}
admin: {{listen: "{admin}"}}
workers: 1
)",
        fmt::arg("name", pod.name),
        fmt::arg("trust_domain", k_trust_domain),
        fmt::arg("name_space", k_kubernetes_namespace),
        fmt::arg("account", pod.service_account),
        fmt::arg("certificate", quoted(files.identity + "/tls.crt")),
        fmt::arg("key", quoted(files.identity + "/tls.key")),
        fmt::arg("trust_bundle", quoted(files.identity + "/ca.crt")),
        fmt::arg("resources", quoted(files.resources)),
        fmt::arg("access", pod.access),
        fmt::arg("inbound", inbound_text(plan, pod)),
        fmt::arg("outbound", outbound_text(pod)),
        fmt::arg("admin", pod.admin.text())
    );
}

}  // namespace proxy::command::demo
