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

/// What the paths of the matches look like. Usual: nine of ten are plain prefixes, the tenth needs
/// RE2 behind its prefix. Open: every one needs RE2, and nothing is known of how its paths start.
enum class Paths { usual, open };

std::string path_regex(int target, int match, Paths paths) {
    const std::string resource =
        "target-" + std::to_string(target) + "/resource-" + std::to_string(match);
    if (paths == Paths::open) {
        return "/(api|web)/v[0-9]+/" + resource + "/[0-9]+/(read|write)$";
    }
    return "/api/v1/" + resource + (match % 10 == 9 ? "/[0-9]+/(read|write)" : "/.*");
}

std::string target_manifest(int target, int matches, Sources sources, Paths paths) {
    const std::string id = std::to_string(target);
    std::string text =
        "---\napiVersion: specs.smi-spec.io/v1alpha4\nkind: HTTPRouteGroup\nmetadata: {name: g" +
        id + "}\nspec:\n  matches:\n";
    for (int m = 0; m < matches; ++m) {
        text += "  - {name: m" + std::to_string(m) + ", methods: [GET], pathRegex: '" +
                path_regex(target, m, paths) + "'}\n";
    }
    const std::string source = sources == Sources::one_each ? "web-" + id : "web-0";
    return text +
           "---\napiVersion: access.smi-spec.io/v1alpha3\nkind: TrafficTarget\nmetadata: {name: t" +
           id +
           "}\nspec: {destination: {kind: ServiceAccount, name: pay, namespace: shop}, "
           "sources: [{kind: ServiceAccount, name: " +
           source + ", namespace: shop}], rules: [{kind: HTTPRouteGroup, name: g" + id + "}]}\n";
}

std::string manifests(int targets, int matches, Sources sources, Paths paths = Paths::usual) {
    std::string text;
    for (int t = 0; t < targets; ++t) {
        text += target_manifest(t, matches, sources, paths);
    }
    return text;
}

void replace(Inventory& inventory, const std::string& file, const std::string& text) {
    if (!inventory.replace_file(file, text)) {
        std::abort();
    }
}

Inventory inventory_of(const std::string& text) {
    Inventory inventory("shop");
    replace(inventory, "bench.yaml", text);
    return inventory;
}

/// The last match of the last target that lists the caller: the longest way to an answer.
void decide_last(
    benchmark::State& state, Sources sources, Paths paths = Paths::usual, int matches = 10
) {
    const int targets = static_cast<int>(state.range(0));
    const auto compiled =
        compile(inventory_of(manifests(targets, matches, sources, paths)), k_workload, {}, 1);
    const std::string last = std::to_string(targets - 1);
    const Identity peer{
        "cluster.local", "shop", sources == Sources::one_each ? "web-" + last : "web-0"
    };
    const std::string path =
        "/api/v1/target-" + last + "/resource-" + std::to_string(matches - 1) + "/42/read";
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
BENCHMARK(decide_caller_in_all)->Arg(1)->Arg(10)->Arg(100)->Arg(1000);

/// One open pattern for each target: what RE2::Set is for.
void decide_open_patterns(benchmark::State& state) {
    decide_last(state, Sources::caller_in_all, Paths::open, 1);
}
BENCHMARK(decide_open_patterns)->Arg(10)->Arg(100)->Arg(1000);

/// A path that no match fits: every target is looked at for the nearest one.
void decide_denied(benchmark::State& state) {
    const auto text = manifests(static_cast<int>(state.range(0)), 10, Sources::caller_in_all);
    const auto compiled = compile(inventory_of(text), k_workload, {}, 1);
    const Identity peer{"cluster.local", "shop", "web-0"};
    const HttpFacts facts{&peer, 8080, "GET", "/api/v2/none", "pay.shop:80", k_headers};
    for (auto _ : state) {
        benchmark::DoNotOptimize(decide_http(*compiled.snapshot, facts));
    }
}
BENCHMARK(decide_denied)->Arg(10)->Arg(1000);

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

std::string service_manifest(int number, int endpoints = 1) {
    const std::string id = std::to_string(number);
    const std::string octets =
        std::to_string(number / 250) + '.' + std::to_string(number % 250 + 1);
    std::string text = "---\napiVersion: v1\nkind: Service\nmetadata: {name: service-" + id +
                       "}\nspec: {clusterIP: 10.9." + octets +
                       ", ports: [{name: http, port: 80}]}\n"
                       "---\napiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\n"
                       "metadata: {name: service-" +
                       id + "-x, labels: {kubernetes.io/service-name: service-" + id +
                       "}, annotations: {smilax.dev/service-account: account-" + id +
                       "}}\naddressType: IPv4\nports: [{name: http, port: 8080}]\nendpoints:\n";
    for (int e = 0; e < endpoints; ++e) {
        text += "- {addresses: [10." + std::to_string(e + 16) + '.' + octets +
                "], targetRef: {kind: Pod, name: service-" + id + '-' + std::to_string(e) + "}}\n";
    }
    return text;
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

/// A target for each caller, all of them with the same group of 100 expressions.
Inventory shared_group() {
    std::string text = target_manifest(0, 100, Sources::one_each, Paths::open);
    for (int t = 1; t < 1000; ++t) {
        const std::string id = std::to_string(t);
        text +=
            "---\napiVersion: access.smi-spec.io/v1alpha3\nkind: TrafficTarget\n"
            "metadata: {name: t" +
            id +
            "}\nspec: {destination: {kind: ServiceAccount, name: pay, namespace: shop}, "
            "sources: [{kind: ServiceAccount, name: web-" +
            id + ", namespace: shop}], rules: [{kind: HTTPRouteGroup, name: g0}]}\n";
    }
    return inventory_of(text);
}

void compile_shared_group(benchmark::State& state) {
    const Inventory inventory = shared_group();
    for (auto _ : state) {
        benchmark::DoNotOptimize(compile(inventory, k_workload, {}, 1));
    }
}
BENCHMARK(compile_shared_group)->Unit(benchmark::kMillisecond);

/// 1,000 targets with 10 matches each, 1,000 services, 10,000 endpoints, in 2,000 files.
Inventory large_mesh() {
    Inventory inventory("shop");
    for (int i = 0; i < 1000; ++i) {
        const std::string file = std::to_string(i) + ".yaml";
        replace(inventory, "t" + file, target_manifest(i, 10, Sources::one_each, Paths::usual));
        replace(inventory, "s" + file, service_manifest(i, 10));
    }
    return inventory;
}

void compile_large_mesh(benchmark::State& state) {
    const Inventory inventory = large_mesh();
    for (auto _ : state) {
        benchmark::DoNotOptimize(compile(inventory, k_workload, {}, 1));
    }
}
BENCHMARK(compile_large_mesh)->Unit(benchmark::kMillisecond);

/// One file is read anew, with another target or with another endpoint, and all is compiled.
void recompile_large_mesh(
    benchmark::State& state, const std::string& file, std::array<std::string, 2> texts
) {
    Inventory inventory = large_mesh();
    Compiler compiler(k_workload, {});
    Compiled compiled = compiler.compile(inventory, 1);
    std::size_t round = 0;
    for (auto _ : state) {
        replace(inventory, file, texts[++round % 2]);
        compiled = compiler.compile(inventory, round);
    }
}
void recompile_after_a_target(benchmark::State& state) {
    const auto text = [](int matches) {
        return target_manifest(7, matches, Sources::one_each, Paths::usual);
    };
    recompile_large_mesh(state, "t7.yaml", {text(10), text(11)});
}
BENCHMARK(recompile_after_a_target)->Unit(benchmark::kMillisecond);

void recompile_after_an_endpoint(benchmark::State& state) {
    recompile_large_mesh(state, "s7.yaml", {service_manifest(7, 10), service_manifest(7, 11)});
}
BENCHMARK(recompile_after_an_endpoint)->Unit(benchmark::kMillisecond);

}  // namespace
