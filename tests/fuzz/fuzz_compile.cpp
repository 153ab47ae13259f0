// Manifests → inventory → snapshot → verdicts and routes: nothing crashes, and what holds for all
// snapshots holds for this one. Input: YAML; what follows a line "%%" is a second file.
#include "policy/compile.hpp"
#include "policy/decide.hpp"
#include "policy/inventory.hpp"
#include "policy/route.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

namespace {

using namespace policy;

void check(bool holds) {
    if (!holds) {
        std::abort();
    }
}

void check_verdict(const Verdict& verdict, bool is_authenticated) {
    check(verdict.allowed == (verdict.reason == Reason::allowed));
    check(!verdict.allowed || is_authenticated);
    check(!verdict.allowed || !verdict.rule.name.empty());
}

void check_route(const Route& route) {
    check((route.reason == Reason::routed) == !route.backends.empty());
    for (const WeightedBackend& weighted : route.backends) {
        check(weighted.weight > 0);
        check(weighted.backend != nullptr && !weighted.backend->endpoints.empty());
    }
}

void ask_access(const Snapshot& snapshot) {
    const Identity web{"cluster.local", "shop", "web"};
    const std::array<HeaderField, 2> headers{{{"x-a", "1"}, {"cookie", "a=b"}}};
    for (const Identity* peer : {static_cast<const Identity*>(nullptr), &web}) {
        for (const std::uint16_t port : {std::uint16_t{80}, std::uint16_t{8080}}) {
            for (const std::string_view path : {"", "/", "/api/x"}) {
                HttpFacts facts{peer, port, "GET", path, "pay.shop:80", headers};
                check_verdict(decide_http(snapshot, facts), peer != nullptr);
            }
            check_verdict(decide_tcp(snapshot, {peer, port}), peer != nullptr);
        }
    }
}

void ask_routes(const Snapshot& snapshot) {
    const auto destination = parse_socket_address("10.9.0.1:80");
    for (const std::string_view authority : {"web", "web.shop.svc:80", "10.9.0.1", "app.example"}) {
        for (const auto& dialled : {std::optional<SocketAddress>{}, destination}) {
            const HttpRouteFacts facts{authority, dialled, "GET", "/api/x", {}};
            check_route(route_http(snapshot, facts));
            static_cast<void>(has_path_rules(snapshot, facts));
        }
    }
    check_route(route_tcp(snapshot, {*destination}));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const std::size_t cut = text.find("\n%%\n");
    Inventory inventory("shop");
    inventory.replace_file("a.yaml", text.substr(0, cut));
    if (cut != std::string_view::npos) {
        inventory.replace_file("b.yaml", text.substr(cut + 4));
    }
    const Workload workload{"cluster.local", "shop", "pay", "pay-1"};
    const Compiled compiled = compile(inventory, workload, {}, 1);
    check(compiled.snapshot != nullptr);
    for (const Problem& problem : compiled.problems) {
        check(!problem.code.empty() && !problem.message.empty() && !problem.origin.file.empty());
    }
    ask_access(*compiled.snapshot);
    ask_routes(*compiled.snapshot);
    check(compile(inventory, workload, {}, 1).snapshot->to_json() == compiled.snapshot->to_json());
    return 0;
}
