#include "proxy/command/proxy.hpp"

#include "proxy/command/configuration_file.hpp"
#include "proxy/control/controller.hpp"
#include "telemetry/log.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <sys/resource.h>

#include <csignal>
#include <iostream>
#include <memory>
#include <string>

namespace proxy::command {

namespace {

constexpr int k_bad_configuration = 64;  // EX_USAGE of sysexits.h

constexpr const char* k_help =
    "Runs until SIGTERM or SIGINT, then drains: answers go on, with `Connection: close`, until no\n"
    "connection is left or limits.drainMsMax is over. A second signal ends it at once.\n"
    "Resources, certificate, key and trust bundle are watched: changes take effect by "
    "themselves.\n\n"
    "Exit codes: 0 drained; 64 the configuration cannot be put in force (every error is told).\n\n"
    "Examples:\n"
    "  smilax proxy --config /etc/smilax/smilax.yaml\n"
    "  SMILAX_WORKLOAD_NAMESPACE=shop smilax proxy --config smilax.yaml\n"
    "  smilax proxy --reference                      every key of the configuration";

struct ProxyOptions {
    std::string configuration_file;
    bool wants_reference = false;
};

telemetry::LogLevel log_level(const std::string& name) {
    if (name == "debug") {
        return telemetry::LogLevel::debug;
    }
    if (name == "warning") {
        return telemetry::LogLevel::warning;
    }
    return name == "error" ? telemetry::LogLevel::error : telemetry::LogLevel::info;
}

/// Takes all descriptors that this process may have, and fits the bound on connections to them:
/// each needs two, and both directions have a bound of their own.
void fit_to_descriptors(Configuration& configuration) {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) {
        return;
    }
    limit.rlim_cur = limit.rlim_max;
    static_cast<void>(::setrlimit(RLIMIT_NOFILE, &limit));
    constexpr rlim_t k_reserved = 128;  // listeners, admin, files
    constexpr rlim_t k_per_connection = 4;
    const rlim_t free = limit.rlim_cur > k_reserved ? limit.rlim_cur - k_reserved : 1;
    const auto fitting =
        static_cast<std::size_t>(free / k_per_connection / configuration.workers) + 1;
    if (fitting < configuration.limits.connections_max) {
        configuration.limits.connections_max = fitting;
        telemetry::log(
            telemetry::LogLevel::info,
            fmt::format(
                "at most {} connections per worker and direction: the process may open {} files",
                fitting,
                limit.rlim_cur
            )
        );
    }
}

int run_proxy(const ProxyOptions& options) {
    auto configuration = load_configuration(options.configuration_file, process_environment());
    if (configuration.has_error()) {
        for (const policy::Problem& problem : configuration.error()) {
            std::cerr << to_string(problem) << '\n';
        }
        return k_bad_configuration;
    }
    std::signal(SIGPIPE, SIG_IGN);  // a write to a closed connection is an error value, not the end
    const telemetry::LogWriter log_writer(log_level(configuration->log_level));
    fit_to_descriptors(*configuration);
    control::Controller controller(*configuration);
    const auto started = controller.start();
    if (started.has_error()) {
        // One write: the log's thread may be at it as well.
        std::cerr << fmt::format("smilax: {}\n", started.error());
        return k_bad_configuration;
    }
    controller.run();
    return 0;
}

}  // namespace

void add_proxy_command(CLI::App& app, CommandResult& result) {
    auto options = std::make_shared<ProxyOptions>();
    CLI::App* command = app.add_subcommand("proxy", "Runs the sidecar");
    command->footer(k_help);
    auto* file = command->add_option(
        "--config", options->configuration_file, "The configuration, a YAML file"
    );
    auto* reference = command->add_flag(
        "--reference", options->wants_reference, "Prints every configuration key and ends"
    );
    reference->excludes(file);
    command->callback([options, &result] {
        if (options->wants_reference) {
            print_configuration_reference(std::cout);
            return;
        }
        if (options->configuration_file.empty()) {
            throw CLI::RequiredError("--config");
        }
        result.exit_code = run_proxy(*options);
    });
}

}  // namespace proxy::command
