// The program `smilax`: its commands, each from its own file.
#include "proxy/command/check.hpp"
#include "proxy/command/command.hpp"
#include "proxy/command/demo.hpp"
#include "proxy/command/explain.hpp"
#include "proxy/command/identity.hpp"
#include "proxy/command/proxy.hpp"
#include "proxy/command/redirect.hpp"

#include <CLI/CLI.hpp>

#include <exception>
#include <iostream>

namespace {

constexpr int k_usage_error = 2;

constexpr const char* k_examples =
    "Exit codes differ by command; each --help lists them. Wrong usage is 2 everywhere.\n\n"
    "Examples:\n"
    "  smilax demo --once                            a whole mesh on this machine\n"
    "  smilax identity init --dir ca                 a certificate authority for development\n"
    "  smilax proxy --config smilax.yaml             the sidecar, until SIGTERM\n"
    "  smilax redirect install                       lead this pod's traffic through it\n"
    "  smilax check manifests/                       are these manifests right?\n"
    "  smilax explain access manifests/ --from shop/web --to shop/pay --port 8080   may it, and "
    "why?";

int run(int argc, char** argv) {
    CLI::App app("Smilax: a sidecar proxy that enforces SMI resources directly", "smilax");
    proxy::command::CommandResult result;
    app.set_version_flag("--version", "smilax " SMILAX_VERSION);
    app.footer(k_examples);
    app.require_subcommand(1);
    proxy::command::add_proxy_command(app, result);
    proxy::command::add_demo_command(app, result);
    proxy::command::add_check_command(app, result);
    proxy::command::add_explain_command(app, result);
    proxy::command::add_identity_command(app, result);
    proxy::command::add_redirect_command(app, result);
    if (argc <= 1) {
        std::cerr << app.help();
        return k_usage_error;
    }
    try {
        // Runs the chosen command's callback once the arguments are read.
        app.parse(argc, argv);
    } catch (const CLI::Success& asked) {
        return app.exit(asked);  // --help, --version
    } catch (const CLI::ParseError& wrong) {
        if (app.get_subcommands().empty()) {  // CLI11 would only say that a command is missing
            std::cerr << "smilax: there is no command or option " << argv[1]
                      << "; smilax --help lists them\n";
        } else {
            app.exit(wrong);
        }
        return k_usage_error;
    }
    std::cout.flush();
    if (!std::cout) {
        // Half a report must not read as a whole one: a full disk, a closed pipe.
        std::cerr << "smilax: standard output could not be written\n";
        return result.exit_code == 0 ? 1 : result.exit_code;
    }
    return result.exit_code;
}

}  // namespace

int main(int argc, char** argv) {
    try {
        return run(argc, argv);
    } catch (const std::exception& error) {
        std::cerr << "smilax: " << error.what() << '\n';
        return 1;
    }
}
