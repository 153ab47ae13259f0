// Manifests → snapshot in one step, and short questions to it.
#pragma once

#include "policy/compile.hpp"
#include "policy/decide.hpp"
#include "policy/inventory.hpp"
#include "policy/route.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace policy::test {

/// Manifests by file name; "shop" is the namespace of the workload and of what names none.
class World {
 public:
    Workload workload{"cluster.local", "shop", "pay", "pay-1"};
    Options options;

    explicit World(const std::string& manifests) { add("a.yaml", manifests); }

    World& add(const std::string& file, const std::string& manifests) {
        const bool is_read = inventory.replace_file(file, manifests);
        EXPECT_TRUE(is_read) << file << (is_read ? "" : to_string(inventory.problems().front()));
        return *this;
    }

    /// Again with whatever changed.
    World& compile() {
        Compiled compiled = policy::compile(inventory, workload, options, 1);
        snapshot_ = std::move(compiled.snapshot);
        problems = std::move(compiled.problems);
        return *this;
    }

    const Snapshot& snapshot() {
        if (!snapshot_) {
            compile();
        }
        return *snapshot_;
    }

    /// Codes of the problems of compiling, sorted.
    std::vector<std::string> codes() {
        static_cast<void>(snapshot());
        std::vector<std::string> codes;
        for (const Problem& problem : problems) {
            codes.push_back(problem.code);
        }
        std::sort(codes.begin(), codes.end());
        return codes;
    }

    Inventory inventory{"shop"};
    std::vector<Problem> problems;

 private:
    std::shared_ptr<const Snapshot> snapshot_;
};

inline Identity account(const std::string& name, const std::string& name_space = "shop") {
    return {"cluster.local", name_space, name};
}

/// An HTTP request as a test writes it.
struct Request {
    std::string method = "GET";
    std::string path = "/";
    std::string authority = "pay.shop:80";
    std::vector<HeaderField> headers = {};
    std::uint16_t port = 8080;
    std::optional<IpAddress> peer_address = std::nullopt;
};

inline Verdict ask_http(
    World& world, const std::optional<Identity>& peer, const Request& request = {}
) {
    HttpFacts facts;
    facts.peer = peer ? &*peer : nullptr;
    facts.port = request.port;
    facts.method = request.method;
    facts.path = request.path;
    facts.authority = request.authority;
    facts.headers = request.headers;
    facts.peer_address = request.peer_address;
    return decide_http(world.snapshot(), facts);
}

inline Verdict ask_tcp(
    World& world, const std::optional<Identity>& peer, std::uint16_t port = 8080
) {
    return decide_tcp(world.snapshot(), {peer ? &*peer : nullptr, port});
}

inline Verdict ask_udp(
    World& world, const std::optional<Identity>& peer, std::uint16_t port = 8080
) {
    return decide_udp(world.snapshot(), {peer ? &*peer : nullptr, port});
}

/// The word of the verdict: Reason::allowed exactly when it is allowed.
inline std::string word(const Verdict& verdict) {
    EXPECT_EQ(verdict.allowed, verdict.reason == Reason::allowed);
    return std::string(to_string(verdict.reason));
}

/// Manifests of one kind each, so that tests show only what they are about.
inline std::string tcp_route(const std::string& name, const std::string& ports) {
    return "---\napiVersion: specs.smi-spec.io/v1alpha4\nkind: TCPRoute\nmetadata: {name: " + name +
           "}\nspec: {matches: {ports: [" + ports + "]}}\n";
}
inline std::string udp_route(const std::string& name, const std::string& ports) {
    return "---\napiVersion: specs.smi-spec.io/v1alpha4\nkind: UDPRoute\nmetadata: {name: " + name +
           "}\nspec: {matches: {ports: [" + ports + "]}}\n";
}
/// `matches` is a YAML flow list.
inline std::string group(const std::string& name, const std::string& matches) {
    return "---\napiVersion: specs.smi-spec.io/v1alpha4\nkind: HTTPRouteGroup\nmetadata: {name: " +
           name + "}\nspec: {matches: " + matches + "}\n";
}
/// From ServiceAccount shop/web to ServiceAccount pay; `rules` is a YAML flow list.
inline std::string target(const std::string& name, const std::string& rules) {
    return "---\napiVersion: access.smi-spec.io/v1alpha3\nkind: TrafficTarget\nmetadata: {name: " +
           name +
           "}\nspec: {destination: {kind: ServiceAccount, name: pay, namespace: shop}, "
           "sources: [{kind: ServiceAccount, name: web, namespace: shop}], rules: " +
           rules + "}\n";
}
/// `backends` and `more` are YAML flow text: "[{service: a, weight: 1}]", ", matches: […]".
inline std::string split(
    const std::string& name,
    const std::string& service,
    const std::string& backends,
    const std::string& more = {},
    const std::string& metadata = {}
) {
    return "---\napiVersion: split.smi-spec.io/v1alpha4\nkind: TrafficSplit\nmetadata: {name: " +
           name + metadata + "}\nspec: {service: " + service + ", backends: " + backends + more +
           "}\n";
}
/// A Service at port 80 → 8080, with one slice that lists `addresses` (YAML flow list of text).
inline std::string service(
    const std::string& name, const std::string& cluster_ip, const std::string& addresses
) {
    std::string text = "---\napiVersion: v1\nkind: Service\nmetadata: {name: " + name +
                       "}\nspec: {clusterIP: " + cluster_ip +
                       ", ports: [{name: http, port: 80, targetPort: 8080}]}\n";
    text += "---\napiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\nmetadata: {name: " + name +
            "-1, labels: {kubernetes.io/service-name: " + name +
            "}}\naddressType: IPv4\nports: [{name: http, port: 8080}]\nendpoints: [";
    text += addresses.empty() ? "" : "{addresses: [" + addresses + "]}";
    return text + "]\n";
}

}  // namespace policy::test
