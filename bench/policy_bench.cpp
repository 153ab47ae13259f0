// What one decision costs, and one compile. Names say the size: targets × matches of each.
#include "policy/compile.hpp"
#include "policy/decide.hpp"
#include "policy/inventory.hpp"
#include "policy/route.hpp"

#include <benchmark/benchmark.h>

#include <array>
#include <cstdint>
#include <cstdlib>
#include <string>

namespace {

using namespace policy;

const Workload k_workload{"cluster.local", "shop", "pay", "pay-1"};
const std::array<HeaderField, 4> k_headers{
    {{"user-agent", "bench"}, {"accept", "*/*"}, {"x-canary", "1"}, {"cookie", "a=b; c=d"}}
};

/// Who is listed: one source for each target, or the one caller in all of them.
enum class Sources { one_each, caller_in_all };

/// Nine matches of ten are plain prefixes, as they are in practice; the tenth needs RE2.
std::string manifests(int targets, int matches, Sources sources) {
    std::string text;
    for (int t = 0; t < targets; ++t) {
        const std::string id = std::to_string(t);
        text +=
            "---\napiVersion: specs.smi-spec.io/v1alpha4\nkind: HTTPRouteGroup\nmetadata: {name: "
            "g" +
            id + "}\nspec:\n  matches:\n";
        for (int m = 0; m < matches; ++m) {
            const std::string path = "/api/v1/target-" + id + "/resource-" + std::to_string(m);
            text += "  - {name: m" + std::to_string(m) + ", methods: [GET], pathRegex: '" + path +
                    (m % 10 == 9 ? "/[0-9]+/(read|write)" : "/.*") + "'}\n";
        }
        const std::string source = sources == Sources::one_each ? "web-" + id : "web-0";
        text +=
            "---\napiVersion: access.smi-spec.io/v1alpha3\nkind: TrafficTarget\nmetadata: {name: "
            "t" +
            id +
            "}\nspec: {destination: {kind: ServiceAccount, name: pay, namespace: shop}, "
            "sources: [{kind: ServiceAccount, name: " +
            source +
            ", namespace: shop}], "
            "rules: [{kind: HTTPRouteGroup, name: g" +
            id + "}]}\n";
    }
    return text;
}

Inventory inventory_of(const std::string& text) {
    Inventory inventory("shop");
    if (!inventory.replace_file("bench.yaml", text)) {
        std::abort();
    }
    return inventory;
}

/// The last match of the last target that lists the caller: the longest way to an answer.
void decide_last(benchmark::State& state, Sources sources) {
    const int targets = static_cast<int>(state.range(0));
    const auto compiled = compile(inventory_of(manifests(targets, 10, sources)), k_workload, {}, 1);
    const std::string last = std::to_string(targets - 1);
    const Identity peer{
        "cluster.local", "shop", sources == Sources::one_each ? "web-" + last : "web-0"
    };
    const std::string path = "/api/v1/target-" + last + "/resource-9/42/read";
    const HttpFacts facts{&peer, 8080, "GET", path, "pay.shop:80", k_headers};
    for (auto _ : state) {
        const Verdict verdict = decide_http(*compiled.snapshot, facts);
        benchmark::DoNotOptimize(verdict);
        if (!verdict.allowed) {
            state.SkipWithError("denied");
        }
    }
}

void decide_one_source_each(benchmark::State& state) {
    decide_last(state, Sources::one_each);
}
BENCHMARK(decide_one_source_each)->Arg(10)->Arg(1000);

void decide_caller_in_all(benchmark::State& state) {
    decide_last(state, Sources::caller_in_all);
}
BENCHMARK(decide_caller_in_all)->Arg(10)->Arg(1000);

void decide_unknown_caller(benchmark::State& state) {
    const auto text = manifests(static_cast<int>(state.range(0)), 10, Sources::one_each);
    const auto compiled = compile(inventory_of(text), k_workload, {}, 1);
    const Identity peer{"cluster.local", "shop", "stranger"};
    const HttpFacts facts{&peer, 8080, "GET", "/api/v1", "pay.shop:80", k_headers};
    for (auto _ : state) {
        benchmark::DoNotOptimize(decide_http(*compiled.snapshot, facts));
    }
}
BENCHMARK(decide_unknown_caller)->Arg(10)->Arg(1000);

std::string service_manifest(int number) {
    const std::string id = std::to_string(number);
    const std::string octets =
        std::to_string(number / 250) + '.' + std::to_string(number % 250 + 1);
    return "---\napiVersion: v1\nkind: Service\nmetadata: {name: service-" + id +
           "}\nspec: {clusterIP: 10.9." + octets +
           ", ports: [{name: http, port: 80}]}\n"
           "---\napiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\nmetadata: {name: service-" +
           id + "-x, labels: {kubernetes.io/service-name: service-" + id +
           "}}\naddressType: IPv4\nports: [{name: http, port: 8080}]\nendpoints: [{addresses: "
           "[10.1." +
           octets + "]}]\n";
}

std::string routing_manifests(int services) {
    std::string text;
    for (int i = 0; i < services; ++i) {
        text += service_manifest(i);
    }
    return text +
           "---\napiVersion: split.smi-spec.io/v1alpha4\nkind: TrafficSplit\nmetadata: {name: s}\n"
           "spec: {service: service-0, backends: [{service: service-1, weight: 90}, "
           "{service: service-2, weight: 10}]}\n";
}

void route_by_host(benchmark::State& state) {
    const auto text = routing_manifests(static_cast<int>(state.range(0)));
    const auto compiled = compile(inventory_of(text), k_workload, {}, 1);
    HttpRouteFacts facts;
    facts.authority = "service-0.shop.svc.cluster.local:80";
    facts.method = "GET";
    facts.path = "/";
    for (auto _ : state) {
        benchmark::DoNotOptimize(route_http(*compiled.snapshot, facts));
    }
}
BENCHMARK(route_by_host)->Arg(10)->Arg(1000);

void route_by_cluster_ip(benchmark::State& state) {
    const auto text = routing_manifests(static_cast<int>(state.range(0)));
    const auto compiled = compile(inventory_of(text), k_workload, {}, 1);
    HttpRouteFacts facts;
    facts.authority = "service-0:80";
    facts.destination = parse_socket_address("10.9.0.1:80");
    facts.method = "GET";
    facts.path = "/";
    for (auto _ : state) {
        benchmark::DoNotOptimize(route_http(*compiled.snapshot, facts));
    }
}
BENCHMARK(route_by_cluster_ip)->Arg(10)->Arg(1000);

void compile_targets(benchmark::State& state) {
    const auto text = manifests(static_cast<int>(state.range(0)), 10, Sources::one_each);
    const Inventory inventory = inventory_of(text);
    for (auto _ : state) {
        benchmark::DoNotOptimize(compile(inventory, k_workload, {}, 1));
    }
}
BENCHMARK(compile_targets)->Arg(10)->Arg(1000)->Unit(benchmark::kMillisecond);

void compile_services(benchmark::State& state) {
    const Inventory inventory = inventory_of(routing_manifests(static_cast<int>(state.range(0))));
    for (auto _ : state) {
        benchmark::DoNotOptimize(compile(inventory, k_workload, {}, 1));
    }
}
BENCHMARK(compile_services)->Arg(10)->Arg(1000)->Unit(benchmark::kMillisecond);

}  // namespace
