#include "proxy/command/check.hpp"

#include "policy/compile.hpp"
#include "policy/json_writer.hpp"
#include "policy/problem.hpp"
#include "policy/problem_json.hpp"
#include "proxy/command/manifests.hpp"
#include "proxy/command/terminal.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iostream>
#include <memory>
#include <string_view>
#include <utility>

namespace proxy::command {
namespace {

using policy::Problem;
using policy::Severity;

/// What was read and what was found.
struct Findings {
    std::vector<Problem> problems;
    std::size_t files = 0;
    std::size_t objects = 0;

    [[nodiscard]] std::size_t count(Severity severity) const {
        return static_cast<std::size_t>(std::ranges::count(problems, severity, &Problem::severity));
    }
};

Findings find_problems(const CheckOptions& options, const Manifests& manifests) {
    Findings findings;
    findings.files = manifests.files;
    for (const auto& [file, objects] : manifests.inventory.by_file()) {
        findings.objects += objects.size();
    }
    policy::Workload workload;
    workload.trust_domain = options.policy.trust_domain;
    workload.name_space = options.policy.name_space;
    findings.problems = all_problems(
        manifests,
        policy::compile(manifests.inventory, workload, options.policy.options, 1).problems
    );
    return findings;
}

std::string counted(std::size_t number, std::string_view noun) {
    return fmt::format("{} {}{}", number, noun, number == 1 ? "" : "s");
}

std::string coloured(const Problem& problem) {
    std::string line = policy::to_string(problem);
    const std::string_view word = problem.severity == Severity::error ? "error:" : "warning:";
    const std::string_view colour = problem.severity == Severity::error ? "31" : "33";
    if (const std::size_t at = line.find(word); at != std::string::npos) {
        line.replace(at, word.size(), fmt::format("\x1b[1;{}m{}\x1b[0m", colour, word));
    }
    return line;
}

void print_text(const Findings& findings, bool use_colours, const CommandStreams& streams) {
    for (const Problem& problem : findings.problems) {
        streams.output << (use_colours ? coloured(problem) : policy::to_string(problem)) << '\n';
    }
    streams.output.flush();
    streams.error << fmt::format(
        "{}, {}: {}, {}\n",
        counted(findings.files, "file"),
        counted(findings.objects, "object"),
        counted(findings.count(Severity::error), "error"),
        counted(findings.count(Severity::warning), "warning")
    );
}

void print_json(const Findings& findings, const CommandStreams& streams) {
    policy::JsonWriter json;
    json.begin_object();
    policy::write_problems(json, findings.problems);
    json.member("files", std::uint64_t{findings.files});
    json.member("objects", std::uint64_t{findings.objects});
    json.member("errors", std::uint64_t{findings.count(Severity::error)});
    json.member("warnings", std::uint64_t{findings.count(Severity::warning)});
    json.end_object();
    streams.output << json.text() << '\n';
}

}  // namespace

int run_check(const CheckOptions& options, const CommandStreams& streams) {
    if (const auto error = judge_switches(options.policy)) {
        streams.error << "smilax check: " << *error << '\n';
        return 2;
    }
    const auto manifests = read_manifests(options.paths, options.policy.name_space, streams.input);
    if (manifests.has_error()) {
        streams.error << "smilax check: " << manifests.error() << '\n';
        return 2;
    }
    const Findings findings = find_problems(options, *manifests);
    if (options.as_json) {
        print_json(findings, streams);
    } else {
        print_text(findings, options.use_colours, streams);
    }
    return findings.count(Severity::error) == 0 ? 0 : 1;
}

void add_check_command(CLI::App& app, CommandResult& result) {
    // Owned by the callback, which CLI11 keeps as long as the app.
    const auto options = std::make_shared<CheckOptions>();
    CLI::App* check =
        app.add_subcommand("check", "Validate manifests as the proxy would read them");
    check->add_option("PATH", options->paths, "Files, directories, or - for standard input")
        ->required();
    check
        ->add_option_function<std::string>(
            "-o,--output",
            [options](const std::string& format) { options->as_json = format == "json"; },
            "text or json"
        )
        ->check(CLI::IsMember({"text", "json"}))
        ->default_str("text");
    add_policy_switches(*check, options->policy);
    check->footer(
        "Exit codes: 0 no errors, 1 errors, 2 wrong usage.\n\n"
        "Examples:\n"
        "  smilax check manifests/\n"
        "  kubectl get traffictargets,services,endpointslices -A -o yaml | smilax check -\n"
        "  smilax check -o json manifests/ | jq '.problems[].message'"
    );
    check->callback([options, &result] {
        options->use_colours = wants_colours();
        result.exit_code = run_check(*options, {std::cin, std::cout, std::cerr});
    });
}

}  // namespace proxy::command
