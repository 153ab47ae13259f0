#include "proxy/command/demo/report.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

#include <unistd.h>

#include <algorithm>
#include <cstdlib>

namespace proxy::command::demo {
namespace {

constexpr std::size_t k_name_columns = 46;
constexpr std::size_t k_value_columns = 22;

constexpr std::string_view k_bold = "1";
constexpr std::string_view k_dim = "2";
constexpr std::string_view k_red = "31";
constexpr std::string_view k_green = "32";

std::string paint(std::string_view text, std::string_view code, Style style) {
    return style.colours ? fmt::format("\x1b[{}m{}\x1b[0m", code, text) : std::string(text);
}

/// fmt counts bytes of a std::string's width in some versions; columns are counted here.
std::string pad(std::string_view text, std::size_t columns) {
    const std::size_t used = columns_of(text);
    return std::string(text) + std::string(used < columns ? columns - used : 0, ' ');
}

std::ptrdiff_t failures_of(const std::vector<Check>& checks) {
    return std::ranges::count_if(checks, [](const Check& check) { return !check.ok; });
}

std::string row(std::string_view name, std::string_view value, Style style) {
    return fmt::format("  {} {}\n", paint(pad(name, 10), k_dim, style), value);
}

std::string pod_row(const Pod& pod) {
    const std::string who = pod.is_meshed()
                                ? fmt::format("{}, access: {}", pod.spiffe_id(), pod.access)
                                : "no sidecar, no identity: outside the mesh";
    return fmt::format("  {} {} {}\n", pad(pod.name, 10), pad(pod.address.text(), 16), who);
}

/// Runs a command as somebody in the pod would.
std::string inside(const Pod& pod, std::string_view command) {
    return pod.network_namespace.empty()
               ? std::string(command)
               : fmt::format("ip netns exec {} {}", pod.network_namespace, command);
}

/// Calls api from web by hand: redirected, or addressed to the sidecar with the Service's name.
std::string curl_example(const Plan& plan) {
    const Pod& web = plan.pod("web");
    const Service& api = plan.service("api");
    if (plan.mode == Mode::namespaces) {
        return inside(web, fmt::format("curl -si http://{}/books", api.cluster_ips[0].text()));
    }
    return fmt::format("curl -si -H 'Host: {}' http://{}/books", api.host(), web.outbound.text());
}

std::string metrics_example(const Pod& pod) {
    return inside(pod, fmt::format("curl -s http://{}/metrics", pod.admin.text()));
}

}  // namespace

Style style_of_standard_output() {
    const char* no_color = std::getenv("NO_COLOR");
    const char* term = std::getenv("TERM");
    const bool is_unwanted = no_color != nullptr && *no_color != '\0';
    const bool is_dumb = term == nullptr || std::string_view(term) == "dumb";
    return {.colours = ::isatty(STDOUT_FILENO) == 1 && !is_unwanted && !is_dumb};
}

std::string render_step_title(int number, std::string_view title, Style style) {
    return fmt::format("\n{}\n", paint(fmt::format("{:>2}  {}", number, title), k_bold, style));
}

std::string render_columns(Style style) {
    const std::string line = fmt::format(
        "\n    {} {} {} {:>9}\n",
        pad("", k_name_columns),
        pad("expected", k_value_columns),
        pad("seen", k_value_columns),
        "time"
    );
    return paint(line, k_dim, style);
}

std::string render_check(const Check& check, Style style) {
    const auto mark = check.ok ? paint("✔", k_green, style) : paint("✘", k_red, style);
    const std::string seen = pad(check.seen, k_value_columns);
    return fmt::format(
        "  {} {} {} {} {}\n",
        mark,
        pad(check.name, k_name_columns),
        paint(pad(check.expected, k_value_columns), k_dim, style),
        check.ok ? seen : paint(seen, k_red, style),
        paint(fmt::format("{:>6.0f} ms", check.time.count()), k_dim, style)
    );
}

std::string render_summary(const std::vector<Check>& checks, Style style) {
    const std::ptrdiff_t failed = failures_of(checks);
    if (failed == 0) {
        return "\n" +
               paint(fmt::format("All {} checks as expected.", checks.size()), k_green, style) +
               "\n";
    }
    std::string text = fmt::format("{} of {} checks differ:\n", failed, checks.size());
    text = "\n" + paint(text, k_red, style);
    for (const Check& check : checks) {
        if (!check.ok) {
            text += fmt::format(
                "  step {}, {}: expected {}, seen {}\n",
                check.number,
                check.name,
                check.expected,
                check.seen
            );
        }
    }
    return text;
}

std::string render_json(Mode mode, const std::vector<Check>& checks) {
    boost::json::array steps;
    for (const Check& check : checks) {
        steps.push_back(boost::json::object{
            {"number", check.number},
            {"name", check.name},
            {"expected", check.expected},
            {"seen", check.seen},
            {"ok", check.ok},
            {"milliseconds", check.time.count()},
        });
    }
    const std::ptrdiff_t failed = failures_of(checks);
    return boost::json::serialize(boost::json::object{
               {"mode", to_string(mode)},
               {"steps", std::move(steps)},
               {"passed", static_cast<std::ptrdiff_t>(checks.size()) - failed},
               {"failed", failed},
           }) +
           "\n";
}

std::string render_header(const Plan& plan, const Tour& tour, Style style) {
    std::string text = paint(
        plan.mode == Mode::namespaces
            ? "A mesh on this machine: every pod is a network namespace of its own."
            : "A mesh on this machine: every pod is a loopback address of its own.",
        k_bold,
        style
    );
    text += "\n\n" +
            paint(fmt::format("  {:<10} {:<16} {}\n", "pod", "address", "identity"), k_dim, style);
    for (const Pod& pod : plan.pods) {
        text += pod_row(pod);
    }
    text += "\n";
    text += row("resources", tour.root + "/resources", style);
    text += row("logs", tour.root + "/<pod>/proxy.log, application.log", style);
    for (const Pod& pod : plan.pods) {
        if (pod.is_meshed() && plan.mode == Mode::loopback) {
            text += row("admin", fmt::format("http://{} ({})", pod.admin.text(), pod.name), style);
        }
    }
    if (plan.mode == Mode::namespaces) {
        text += row("admin", "http://127.0.0.1:15020 inside each pod", style);
    }
    return text;
}

std::string render_invitation(const Plan& plan, const Tour& tour, Style style) {
    std::string text =
        "\n" + paint("The mesh stays up, with a little traffic from web to api.", k_bold, style) +
        "\n\n";
    text += row("call", curl_example(plan), style);
    for (const Pod& pod : plan.pods) {
        if (pod.is_meshed()) {
            text += row("metrics", metrics_example(pod), style);
        }
    }
    text += row("change", tour.root + "/resources/*.yaml: the sidecars see it at once", style);
    text += row("judge", fmt::format("{} check {}/resources", tour.executable, tour.root), style);
    text +=
        row("rotate",
            fmt::format(
                "{0} identity rotate {1}/*/identity/current --dir {1}/ca --ca",
                tour.executable,
                tour.root
            ),
            style);
    return text + "\nCtrl-C ends it and removes everything" +
           (tour.keeps_files ? " but the files.\n" : ".\n");
}

std::size_t columns_of(std::string_view text) {
    // Bytes 10xxxxxx continue a code point (RFC 3629 §3).
    return static_cast<std::size_t>(std::ranges::count_if(text, [](char byte) {
        return (static_cast<unsigned char>(byte) & 0xC0U) != 0x80U;
    }));
}

}  // namespace proxy::command::demo
