#include "proxy/command/explain.hpp"

#include "policy/compile.hpp"
#include "policy/explain.hpp"
#include "proxy/command/manifests.hpp"
#include "proxy/command/terminal.hpp"
#include "proxy/http/asked_request.hpp"
#include "proxy/limits.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <iostream>
#include <memory>
#include <string_view>
#include <utility>

namespace proxy::command {
namespace {

constexpr int k_usage_error = 2;
constexpr int k_denied = 3;

/// What both ask with.
struct Asked {
    std::string_view which;
    const ExplainOptions& options;
    const CommandStreams& streams;
};

int wrong_usage(const Asked& asked, std::string_view sentence) {
    asked.streams.error << "smilax explain " << asked.which << ": " << sentence << '\n';
    return k_usage_error;
}

policy::Workload workload_of(const policy::Identity& identity, const std::string& pod) {
    policy::Workload workload;
    workload.trust_domain = identity.trust_domain;
    workload.name_space = identity.name_space;
    workload.service_account = identity.service_account;
    workload.pod = pod;
    return workload;
}

/// The verdict, which stands before the first colon, in green or red.
std::string coloured(const std::string& text, bool is_good) {
    const std::size_t colon = text.find(':');
    return fmt::format(
        "\x1b[1;{}m{}\x1b[0m{}", is_good ? 32 : 31, text.substr(0, colon), text.substr(colon)
    );
}

/// Reads the manifests, compiles them for `workload`, asks and prints. `explain` gives the
/// explanation and whether it is a good one.
template <class Question, class Explain>
int answer(
    const Asked& asked, const policy::Identity& workload, Question& question, const Explain& explain
) {
    const ExplainOptions& options = asked.options;
    if (const auto error = judge_switches(options.policy)) {
        return wrong_usage(asked, *error);
    }
    const auto manifests =
        read_manifests(options.paths, options.policy.name_space, asked.streams.input);
    if (!manifests) {
        return wrong_usage(asked, manifests.error());
    }
    http::read_as_proxy(question.request, Limits());
    policy::Compiled compiled = policy::compile(
        manifests->inventory, workload_of(workload, options.pod), options.policy.options, 1
    );
    const auto [explanation, is_good] = explain(*compiled.snapshot, question);
    const auto problems = all_problems(*manifests, std::move(compiled.problems));
    if (options.as_json) {
        asked.streams.output << to_json(explanation, problems) << '\n';
    } else {
        const std::string text = to_text(explanation, problems);
        asked.streams.output << (options.use_colours ? coloured(text, is_good) : text);
    }
    return is_good ? 0 : k_denied;
}

/// Who sends: a workload. Of one without an identity the namespace alone counts.
policy::Result<policy::Identity> caller_of(const ExplainOptions& options) {
    if (options.words.from.value_or("none") == "none") {
        return policy::Identity{options.policy.trust_domain, options.policy.name_space, "default"};
    }
    return policy::read_workload(*options.words.from, options.policy.trust_domain);
}

void add_common(CLI::App& app, ExplainOptions& options) {
    app.add_option("PATH", options.paths, "Files, directories, or - for standard input")
        ->required();
    app.add_option("--protocol", options.words.protocol, "http (the default), tcp or udp");
    app.add_option("--method", options.words.method, "HTTP method, GET if absent");
    app.add_option(
        "--path", options.words.path, "Path, with its query if there is one; / if absent"
    );
    // One value each: a greedy option would swallow the PATHs behind it.
    app.add_option(
           "-H,--header", options.words.headers, "'name: value'; may be given more than once"
    )
        ->allow_extra_args(false);
    app.add_option(
        "--pod",
        options.pod,
        "Name of the workload's pod: where pods of one service account differ in opaque ports, and "
        "where a TrafficTarget means pods by their labels (IdentityBinding, podLabelSelector)"
    );
    app.add_option_function<std::string>(
           "-o,--output",
           [&options](const std::string& format) { options.as_json = format == "json"; },
           "text or json"
    )
        ->check(CLI::IsMember({"text", "json"}))
        ->default_str("text");
    add_policy_switches(app, options.policy);
}

void add_access(CLI::App& explain, CommandResult& result) {
    // Owned by the callback, which CLI11 keeps as long as the app.
    const auto options = std::make_shared<ExplainOptions>();
    CLI::App* access = explain.add_subcommand("access", "May this peer do this, and why (not)?");
    add_common(*access, *options);
    access
        ->add_option(
            "--from",
            options->words.from,
            "Who calls: NAMESPACE/SERVICE-ACCOUNT, a spiffe:// URI, or none (unauthenticated)"
        )
        ->required();
    access->add_option(
        "--from-address",
        options->words.from_address,
        "Address of the pod that calls, for an IdentityBinding's podLabelSelector"
    );
    access->add_option("--to", options->to, "Who is called: NAMESPACE/SERVICE-ACCOUNT")->required();
    access->add_option("--port", options->words.port, "Port of the pod that is called")->required();
    access->footer(
        "Exit codes: 0 allowed, 3 denied, 2 wrong usage.\n\n"
        "Examples:\n"
        "  smilax explain access manifests/ --from shop/web --to shop/pay --port 8080\n"
        "  smilax explain access manifests/ --from shop/web --to shop/pay --port 8080 "
        "--method POST --path /pay -H 'host: pay.shop' -o json\n"
        "  smilax explain access manifests/ --from none --to shop/db --port 5432 --protocol tcp"
    );
    access->callback([options, &result] {
        options->use_colours = wants_colours();
        result.exit_code = run_explain_access(*options, {std::cin, std::cout, std::cerr});
    });
}

void add_route(CLI::App& explain, CommandResult& result) {
    const auto options = std::make_shared<ExplainOptions>();
    CLI::App* route = explain.add_subcommand("route", "Where does a request go, and why?");
    add_common(*route, *options);
    route->add_option(
        "--from",
        options->words.from,
        "Who calls: NAMESPACE/SERVICE-ACCOUNT, a spiffe:// URI, or none; short host names are of "
        "its namespace (--namespace if absent or none)"
    );
    route
        ->add_option(
            "--host",
            options->words.host,
            "HOST[:PORT]: any form of a Service's name, or an address; port 80 if absent"
        )
        ->required();
    route->footer(
        "Exit codes: 0 routed, 3 no backend, 2 wrong usage.\n\n"
        "Examples:\n"
        "  smilax explain route manifests/ --from shop/web --host api\n"
        "  smilax explain route manifests/ --from shop/web --host api.shop:8080 -H 'x-tester: "
        "yes'\n"
        "  kubectl get trafficsplits,services,endpointslices -A -o yaml | smilax explain route - "
        "--host 10.96.0.7:443 --protocol tcp"
    );
    route->callback([options, &result] {
        options->use_colours = wants_colours();
        result.exit_code = run_explain_route(*options, {std::cin, std::cout, std::cerr});
    });
}

}  // namespace

int run_explain_access(const ExplainOptions& options, const CommandStreams& streams) {
    const Asked asked{"access", options, streams};
    const auto to = policy::read_workload(options.to, options.policy.trust_domain);
    if (!to) {
        return wrong_usage(asked, "to: " + to.error());
    }
    auto question = policy::read_access_question(options.words, options.policy.trust_domain);
    if (!question) {
        return wrong_usage(asked, question.error());
    }
    return answer(asked, *to, *question, [](const auto& snapshot, const auto& whole) {
        auto explanation = policy::explain_access(snapshot, whole);
        const bool is_allowed = explanation.allowed;
        return std::pair(std::move(explanation), is_allowed);
    });
}

int run_explain_route(const ExplainOptions& options, const CommandStreams& streams) {
    const Asked asked{"route", options, streams};
    const auto from = caller_of(options);
    if (!from) {
        return wrong_usage(asked, "from: " + from.error());
    }
    auto question = policy::read_route_question(options.words);
    if (!question) {
        return wrong_usage(asked, question.error());
    }
    return answer(asked, *from, *question, [](const auto& snapshot, const auto& whole) {
        auto explanation = policy::explain_route(snapshot, whole);
        const bool is_routed = explanation.is_routed();
        return std::pair(std::move(explanation), is_routed);
    });
}

void add_explain_command(CLI::App& app, CommandResult& result) {
    CLI::App* explain =
        app.add_subcommand("explain", "Why is something allowed, denied or routed?");
    explain->require_subcommand(1);
    add_access(*explain, result);
    add_route(*explain, result);
}

}  // namespace proxy::command
