// Manifests → inventory → snapshot → verdicts and routes: nothing crashes, and what holds for all
// snapshots holds for this one; above all, that to lose or to spoil a policy allows nothing more.
// Input: YAML; what follows a line "%%" is a second file.
#include "policy/compile.hpp"
#include "policy/decide.hpp"
#include "policy/inventory.hpp"
#include "policy/route.hpp"
#include "tests/fuzz/damage.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <iterator>
#include <string_view>
#include <utility>
#include <vector>

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

/// The questions of access with their answers: is it allowed?
std::vector<bool> ask_access(const Snapshot& snapshot) {
    const Identity web{"cluster.local", "shop", "web"};
    const Identity job{"cluster.local", "", "", "/job"};
    const auto address = parse_ip("10.1.0.1");
    const std::array<HeaderField, 2> headers{{{"x-a", "1"}, {"cookie", "a=b"}}};
    std::vector<bool> answers;
    const auto take = [&](const Verdict& verdict, const Identity* peer) {
        check_verdict(verdict, peer != nullptr);
        answers.push_back(verdict.allowed);
    };
    for (const Identity* peer : {static_cast<const Identity*>(nullptr), &web, &job}) {
        for (const std::uint16_t port : {std::uint16_t{80}, std::uint16_t{8080}}) {
            for (const std::string_view path : {"", "/", "/api/x"}) {
                for (const std::string_view method : {"GET", "POST"}) {
                    HttpFacts facts{peer, port, method, path, "pay.shop:80", headers, address};
                    take(decide_http(snapshot, facts), peer);
                }
            }
            take(decide_tcp(snapshot, {peer, port, address}), peer);
            take(decide_udp(snapshot, {peer, port, address}), peer);
        }
    }
    return answers;
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

const Workload& workload() {
    static const Workload value{"cluster.local", "shop", "pay", "pay-1"};
    return value;
}

void check_narrower(const std::vector<bool>& before, const std::vector<Node>& documents) {
    const auto inventory = test::inventory_of(documents);
    if (!inventory) {
        return;
    }
    const std::vector<bool> after = ask_access(*compile(*inventory, workload(), {}, 1).snapshot);
    for (std::size_t i = 0; i < before.size(); ++i) {
        check(before[i] || !after[i]);
    }
}

/// One policy is lost, or one field of it becomes unreadable: nothing more is allowed. That one
/// copy of an object which is there twice gives way to the other is no matter of this.
void check_damage(std::vector<Node> documents, std::size_t choice) {
    const auto inventory = test::inventory_of(documents);
    if (!inventory || documents.empty()) {
        return;
    }
    const Compiled whole = compile(*inventory, workload(), {}, 1);
    const bool has_copies =
        std::any_of(whole.problems.begin(), whole.problems.end(), [](const Problem& problem) {
            return problem.code == "duplicate_object" || problem.code == "problems_left_out";
        });
    const std::size_t victim = choice % documents.size();
    if (has_copies || !test::is_policy(documents[victim])) {
        return;
    }
    const std::vector<bool> before = ask_access(*whole.snapshot);
    documents[victim] = test::spoiled(documents[victim], choice / documents.size());
    check_narrower(before, documents);
    documents.erase(documents.begin() + static_cast<std::ptrdiff_t>(victim));
    check_narrower(before, documents);
}

std::vector<Node> documents_of(std::string_view text) {
    return parse_text(text, "f.yaml").documents;
}

/// From the text itself, so that each input is one case.
std::size_t choice_of(std::string_view text) {
    std::size_t sum = text.size();
    for (const char c : text) {
        sum = sum * 31 + static_cast<unsigned char>(c);
    }
    return sum >> 8;
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
    const Compiled compiled = compile(inventory, workload(), {}, 1);
    check(compiled.snapshot != nullptr);
    for (const Problem& problem : compiled.problems) {
        check(!problem.code.empty() && !problem.message.empty() && !problem.origin.file.empty());
    }
    static_cast<void>(ask_access(*compiled.snapshot));
    ask_routes(*compiled.snapshot);
    check(
        compile(inventory, workload(), {}, 1).snapshot->to_json() == compiled.snapshot->to_json()
    );

    std::vector<Node> documents = documents_of(text.substr(0, cut));
    if (cut != std::string_view::npos) {
        std::vector<Node> more = documents_of(text.substr(cut + 4));
        std::move(more.begin(), more.end(), std::back_inserter(documents));
    }
    check_damage(std::move(documents), choice_of(text));
    return 0;
}
