#include "proxy/control/admin_pages.hpp"

#include "policy/problem_json.hpp"
#include "proxy/control/explain_pages.hpp"

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

namespace proxy::control {
namespace {

constexpr std::string_view k_json = "application/json";
constexpr std::string_view k_prometheus_text = "text/plain; version=0.0.4; charset=utf-8";
constexpr std::string_view k_paths =
    "/live            200 while the process runs\n"
    "/ready           200 once it serves, 503 and the reason before\n"
    "/metrics         Prometheus text\n"
    "/snapshot        the policy in force and the problems of its resources, as JSON\n"
    "/explain/access  may this peer do this, and why: ?from=NS/SA&port=N and protocol, method,\n"
    "                 path, header=name:%20value (repeatable), from-address; as JSON\n"
    "/explain/route   where does this go, and why: ?host=HOST[:PORT] and protocol, method, path,\n"
    "                 header; as JSON\n";

AdminPage text_page(unsigned status, std::string body) {
    AdminPage page;
    page.status = status;
    page.body = std::move(body);
    return page;
}

AdminPage ready_page(const AdminHandlers& handlers) {
    const auto [ready, why_not] = handlers.is_ready();
    return ready ? text_page(200, "ready\n") : text_page(503, "not ready: " + why_not + "\n");
}

AdminPage snapshot_page(const AdminHandlers& handlers) {
    policy::JsonWriter problems;
    problems.begin_object();
    policy::write_problems(problems, handlers.problems());
    problems.end_object();
    const std::string snapshot = handlers.snapshot_json();
    AdminPage page;
    page.content_type = k_json;
    page.body = "{\"generation\":" + std::to_string(handlers.generation()) + ",\"snapshot\":";
    page.body += snapshot.empty() ? "null" : snapshot;
    page.body += "," + problems.text().substr(1) + "\n";  // goes on where the first '{' began
    return page;
}

}  // namespace

aio::Awaitable<AdminPage> admin_page(const AdminHandlers& handlers, std::string_view target) {
    const std::size_t path_end = std::min(target.find('?'), target.size());
    const std::string_view path = target.substr(0, path_end);
    const std::string_view query = target.substr(std::min(path_end + 1, target.size()));
    if (path == "/live") {
        co_return text_page(200, "live\n");
    }
    if (path == "/ready") {
        co_return ready_page(handlers);
    }
    if (path == "/metrics") {
        AdminPage page;
        page.content_type = k_prometheus_text;
        page.body = co_await handlers.metrics();
        co_return page;
    }
    if (path == "/snapshot") {
        co_return snapshot_page(handlers);
    }
    if (path == "/explain/access") {
        co_return explain_access_page(handlers, query);
    }
    if (path == "/explain/route") {
        co_return explain_route_page(handlers, query);
    }
    if (path == "/") {
        co_return text_page(200, std::string(k_paths));
    }
    co_return text_page(404, "no such page; there are:\n" + std::string(k_paths));
}

}  // namespace proxy::control
