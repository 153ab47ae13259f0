#include "proxy/command/check.hpp"

#include "policy/compile.hpp"
#include "policy/document.hpp"
#include "policy/inventory.hpp"
#include "policy/json_writer.hpp"
#include "policy/problem.hpp"
#include "policy/problem_json.hpp"
#include "proxy/command/manifest_files.hpp"
#include "proxy/command/text_file.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <iterator>
#include <memory>
#include <string_view>
#include <utility>

namespace proxy::command {
namespace {

using policy::Problem;
using policy::Severity;

constexpr std::string_view k_standard_input = "<stdin>";

/// What was read and what was found.
struct Findings {
    std::vector<Problem> problems;
    std::size_t files = 0;
    std::size_t objects = 0;

    [[nodiscard]] std::size_t count(Severity severity) const {
        return static_cast<std::size_t>(std::ranges::count(problems, severity, &Problem::severity));
    }
};

void add_problems(std::vector<Problem> more, std::vector<Problem>& all) {
    std::move(more.begin(), more.end(), std::back_inserter(all));
}

void read_files(
    const std::vector<std::string>& files,
    std::istream& input,
    policy::Inventory& inventory,
    Findings& findings
) {
    constexpr std::size_t bytes_max = policy::DocumentLimits{}.text_bytes_max;
    for (const std::string& file : files) {
        const bool is_input = file == "-";
        const std::string name = is_input ? std::string(k_standard_input) : file;
        const auto text = is_input ? read_text(input, bytes_max) : read_text_file(file, bytes_max);
        if (text.has_error()) {
            findings.problems.push_back(
                {Severity::error,
                 {name, 0, 0},
                 {},
                 "unreadable_file",
                 "The file cannot be read: " + text.error() + "."}
            );
        } else {
            // False means that the text did not parse, which is among the inventory's problems.
            static_cast<void>(inventory.replace_file(name, *text));
        }
    }
    findings.files = files.size();
}

Findings find_problems(
    const CheckOptions& options, const std::vector<std::string>& files, std::istream& input
) {
    Findings findings;
    policy::Inventory inventory(options.policy.name_space);
    read_files(files, input, inventory, findings);
    for (const auto& [file, objects] : inventory.by_file()) {
        findings.objects += objects.size();
    }
    add_problems(inventory.problems(), findings.problems);
    policy::Workload workload;
    workload.trust_domain = options.policy.trust_domain;
    workload.name_space = options.policy.name_space;
    add_problems(
        policy::compile(inventory, workload, options.policy.options, 1).problems, findings.problems
    );
    findings.problems = policy::in_order(std::move(findings.problems));
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

void print_text(const Findings& findings, bool use_colours, const CheckStreams& streams) {
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

void print_json(const Findings& findings, const CheckStreams& streams) {
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

/// https://no-color.org: present and not empty.
bool wants_colours() {
    const char* no_color = std::getenv("NO_COLOR");
    return ::isatty(STDOUT_FILENO) == 1 && (no_color == nullptr || *no_color == '\0');
}

}  // namespace

int run_check(const CheckOptions& options, const CheckStreams& streams) {
    if (const auto error = judge_switches(options.policy)) {
        streams.error << "smilax check: " << *error << '\n';
        return 2;
    }
    const auto files = list_manifest_files(options.paths);
    if (files.has_error()) {
        streams.error << "smilax check: " << files.error() << '\n';
        return 2;
    }
    const Findings findings = find_problems(options, *files, streams.input);
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
