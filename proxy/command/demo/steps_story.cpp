// The story: what each step of steps.hpp does and expects.
#include "proxy/command/demo/resources.hpp"
#include "proxy/command/demo/steps.hpp"
#include "proxy/command/demo/traffic.hpp"
#include "proxy/command/demo/wire_tap.hpp"

#include <fmt/format.h>

#include <cstdlib>

namespace proxy::command::demo {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds k_ready_ms_max{15'000};
/// How soon a changed resource must be in force everywhere.
constexpr milliseconds k_change_ms_max{1'000};
/// Certificates are looked at once a second.
constexpr milliseconds k_rotation_ms_max{5'000};
constexpr int k_settled_calls = 25;
constexpr int k_split_calls = 200;
constexpr int k_split_tolerance = 3;

Request get(std::string path) {
    return {.method = "GET", .path = std::move(path), .headers = {}};
}

}  // namespace

void Steps::sidecars_become_ready() {
    begin("Each pod of the mesh has a sidecar with a certificate of its own; all become ready");
    for (const Pod& pod : mesh_.plan().pods) {
        if (pod.is_meshed()) {
            expect_within(k_ready_ms_max, "sidecar of " + pod.name, "ready", [&] {
                return mesh_.readiness(pod);
            });
            if (!all_well()) {
                return;
            }
        }
    }
}

void Steps::nobody_is_let_in_by_default() {
    begin("No TrafficTarget says who may call api: everybody is denied");
    expect("web → api GET /books", "403 no_target", [&] {
        return call("web", "api", get("/books")).text();
    });
}

void Steps::target_allows_its_routes() {
    begin("access.yaml appears: a TrafficTarget lets web GET /books of api, and nothing else");
    if (!changed(mesh_.write_resource("access.yaml", access_text()))) {
        return;
    }
    expect_within(k_change_ms_max, "web → api GET /books", "200 api-v1", [&] {
        return call("web", "api", get("/books")).text();
    });
    expect("web → api GET /books/42?page=1", "200 api-v1", [&] {
        return call("web", "api", get("/books/42?page=1")).text();
    });
    expect("web → api POST /books", "403 route_not_allowed", [&] {
        return call("web", "api", {.method = "POST", .path = "/books", .headers = {}}).text();
    });
    expect("web → api GET /admin", "403 route_not_allowed", [&] {
        return call("web", "api", get("/admin")).text();
    });
    expect("web → api GET /books/../admin", "403 route_not_allowed", [&] {
        return call("web", "api", get("/books/../admin")).text();
    });
    if (mesh_.plan().bridge_address6) {
        expect("web → api GET /books over IPv6", "200 api-v1", [&] {
            const Plan& plan = mesh_.plan();
            return count(
                       "web",
                       "api",
                       mesh_.call_ipv6(plan.pod("web"), plan.service("api"), get("/books"))
            )
                .text();
        });
    }
}

void Steps::other_identities_stay_out() {
    begin("payments has an identity too, but the target does not list it");
    expect("payments → api GET /books", "403 source_not_allowed", [&] {
        return call("payments", "api", get("/books")).text();
    });
}

void Steps::plaintext_stays_out() {
    begin("visitor has no sidecar and no certificate: it is refused before any rule is asked");
    expect("visitor → api-v1 GET /books in plain text", "403 mtls_required", [&] {
        const Plan& plan = mesh_.plan();
        return mesh_.call_pod(plan.pod("visitor"), plan.pod("api-v1"), get("/books")).text();
    });
    expect("api-v1's sidecar counted it as mtls_required", "1", [&] {
        const Labels labels{{"reason", "mtls_required"}};
        return sum_text("api-v1", "inbound_http_authz_deny_total", labels);
    });
}

void Steps::wire_is_mutual_tls() {
    begin("Between sidecars all is mutual TLS: api's sidecar knows who called by certificate");
    const Labels labels{
        {"direction", "inbound"},
        {"client_id", mesh_.plan().pod("web").spiffe_id()},
        {"tls", "true"},
    };
    expect("api-v1's sidecar: TLS requests of …/sa/web", count_text(calls_[{"web", "api"}]), [&] {
        return sum_text("api-v1", "request_total", labels);
    });
    if (mesh_.plan().mode == Mode::namespaces) {
        wire_is_unreadable();
    }
}

void Steps::wire_is_unreadable() {
    const Plan& plan = mesh_.plan();
    const auto tap = WireTap::open(plan.bridge_namespace);
    if (!tap) {
        conclude("listening on the bridge", "possible", tap.error(), false, Clock::now());
        return;
    }
    constexpr std::string_view k_word = "a-word-to-listen-for";
    const Request request{
        .method = "GET", .path = "/books", .headers = {{"x-note", std::string(k_word)}}
    };
    const auto listen = [&] {
        const WireTap::Seen seen = tap->look_for(k_word);
        return std::string(seen.packets == 0 ? "no packet" : seen.has_word ? "yes" : "no");
    };
    // The refused one shows that the ear is good.
    expect("on the bridge: visitor's request can be read", "yes", [&] {
        static_cast<void>(mesh_.call_pod(plan.pod("visitor"), plan.pod("api-v1"), request));
        return listen();
    });
    expect("on the bridge: web's request can be read", "no", [&] {
        static_cast<void>(call("web", "api", request));
        return listen();
    });
}

void Steps::split_divides_by_weight() {
    begin("split.yaml appears: a TrafficSplit sends 90 % of api to api-v1 and 10 % to api-v2");
    if (!changed(mesh_.write_resource("split.yaml", weighted_split_text(90, 10)))) {
        return;
    }
    expect_within(k_change_ms_max, "api-v2 gets its first request", "200 api-v2", [&] {
        return call("web", "api", get("/books")).text();
    });
    const auto since = Clock::now();
    auto counts = count_answers(k_split_calls, get("/books"));
    const int v1 = counts["api-v1"];
    const int v2 = counts["api-v2"];
    conclude(
        fmt::format("web → api GET /books, {} times", k_split_calls),
        fmt::format("180 : 20, ±{}", k_split_tolerance),
        fmt::format("{} : {}", v1, v2),
        v1 + v2 == k_split_calls && std::abs(v2 - k_split_calls / 10) <= k_split_tolerance,
        since
    );
}

void Steps::split_change_takes_effect() {
    begin("The weights become 0 and 100: api-v1 gets nothing any more");
    if (!changed(mesh_.write_resource("split.yaml", weighted_split_text(0, 100)))) {
        return;
    }
    // One answer of api-v2 proves nothing, since the old split gave some too: many in a row do.
    const auto since = Clock::now();
    milliseconds last_v1{0};
    for (int in_a_row = 0; in_a_row < k_settled_calls && !interrupt_.is_pending();) {
        const auto asked = std::chrono::duration_cast<milliseconds>(Clock::now() - since);
        if (asked > 2 * k_change_ms_max) {
            break;
        }
        const bool is_v2 = call("web", "api", get("/books")).application == "api-v2";
        in_a_row = is_v2 ? in_a_row + 1 : 0;
        last_v1 = is_v2 ? last_v1 : asked;
    }
    conclude(
        "api-v1 is asked for the last time",
        fmt::format("within {} ms", k_change_ms_max.count()),
        last_v1.count() == 0 ? "not once" : fmt::format("after {} ms", last_v1.count()),
        last_v1 <= k_change_ms_max,
        since
    );
    expect("web → api GET /books, 100 times", "100 api-v2", [&] {
        return fmt::format("{} api-v2", count_answers(100, get("/books"))["api-v2"]);
    });
}

void Steps::split_by_header() {
    begin("An A/B split: requests with `x-canary: yes` go to api-v2, all others to api itself");
    if (!changed(mesh_.write_resource("split.yaml", canary_split_text()))) {
        return;
    }
    const Request canary{.method = "GET", .path = "/books", .headers = {{"x-canary", "yes"}}};
    const Request other{.method = "GET", .path = "/books", .headers = {{"x-canary", "no"}}};
    expect_within(k_change_ms_max, "web → api GET /books", "200 api-v1", [&] {
        return call("web", "api", get("/books")).text();
    });
    expect("with x-canary: yes, 20 times", "20 api-v2", [&] {
        return fmt::format("{} api-v2", count_answers(20, canary)["api-v2"]);
    });
    expect("with x-canary: no, 20 times", "20 api-v1", [&] {
        return fmt::format("{} api-v1", count_answers(20, other)["api-v1"]);
    });
}

void Steps::audit_lets_pass_and_counts() {
    begin("payments runs in audit mode: what policy would deny passes, and is counted");
    expect("web → payments GET /ledger", "200 payments", [&] {
        return call("web", "payments", get("/ledger")).text();
    });
    expect("payments' sidecar counted it as no_target", "1", [&] {
        const Labels labels{{"reason", "no_target"}};
        return sum_text("payments", "inbound_http_authz_audit_total", labels);
    });
}

void Steps::certificates_rotate_under_traffic() {
    begin("Certificates rotate: every sidecar gets a new one while web keeps calling api");
    const auto since = Clock::now();
    std::map<std::string, double> before;
    for (const Pod& pod : mesh_.plan().pods) {
        before[pod.name] = pod.is_meshed() ? sum(pod.name, "identity_cert_refreshes_total", {}) : 0;
    }
    Traffic traffic(mesh_, "web", "api", milliseconds{2});
    if (!changed(mesh_.rotate_identities())) {
        return;
    }
    for (const Pod& pod : mesh_.plan().pods) {
        if (pod.is_meshed()) {
            expect_within(k_rotation_ms_max, pod.name + " uses its new certificate", "yes", [&] {
                const double now = sum(pod.name, "identity_cert_refreshes_total", {});
                return std::string(now > before[pod.name] ? "yes" : "no");
            });
        }
    }
    // Some more, on connections that began with the new certificates.
    static_cast<void>(interrupt_.wait_for(milliseconds{200}));
    const Traffic::Counts counts = traffic.stop();
    calls_[{"web", "api"}] += counts.calls;
    for (const auto& [application, number] : counts.answers) {
        answers_[application] += number;
    }
    conclude(
        "web → api GET /books meanwhile",
        "none failed",
        counts.failed == 0 ? fmt::format("none failed of {}", counts.calls)
                           : fmt::format("{} failed: {}", counts.failed, counts.first_failure),
        counts.failed == 0 && counts.calls > 0,
        since
    );
}

void Steps::deleted_target_denies_again() {
    begin("access.yaml is deleted: web is denied again");
    if (!changed(mesh_.remove_resource("access.yaml"))) {
        return;
    }
    expect_within(k_change_ms_max, "web → api GET /books", "403 no_target", [&] {
        return call("web", "api", get("/books")).text();
    });
}

void Steps::metrics_agree() {
    begin("The sidecars' /metrics agree with what was sent");
    const auto from = [this](std::string_view pod) {
        return Labels{
            {"direction", "inbound"},
            {"client_id", mesh_.plan().pod(pod).spiffe_id()},
        };
    };
    const int web_to_api = calls_[{"web", "api"}];
    const int web_to_payments = calls_[{"web", "payments"}];
    expect("web's sidecar: requests sent", count_text(web_to_api + web_to_payments), [&] {
        return sum_text("web", "request_total", {{"direction", "outbound"}});
    });
    expect("api-v1 and api-v2: requests of web", count_text(web_to_api), [&] {
        const Labels labels = from("web");
        return count_text(
            sum("api-v1", "request_total", labels) + sum("api-v2", "request_total", labels)
        );
    });
    for (const std::string pod : {"api-v1", "api-v2"}) {
        expect(pod + ": answered 200", count_text(answers_[pod]), [&] {
            Labels labels = from("web");
            labels["status_code"] = "200";
            return sum_text(pod, "response_total", labels);
        });
    }
    expect("payments: requests of web", count_text(web_to_payments), [&] {
        return sum_text("payments", "request_total", from("web"));
    });
}

}  // namespace proxy::command::demo
