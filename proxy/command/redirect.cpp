#include "proxy/command/redirect.hpp"

#include "policy/result.hpp"
#include "proxy/command/child_process.hpp"
#include "proxy/command/network_namespace.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <cstdint>
#include <iostream>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace proxy::command {
namespace {

using Done = policy::Result<void>;

/// The two programs of one address family.
struct IptablesTools {
    AddressFamily family;
    std::string list;
    std::string restore;
};

std::vector<IptablesTools> iptables_tools() {
    std::vector<IptablesTools> tools;
    tools.push_back({AddressFamily::ipv4, "iptables", "iptables-restore"});
    if (has_ipv6()) {
        tools.push_back({AddressFamily::ipv6, "ip6tables", "ip6tables-restore"});
    }
    return tools;
}

bool has_nft() {
    return !find_program("nft").empty();
}

bool has_iptables() {
    for (const IptablesTools& tools : iptables_tools()) {
        if (find_program(tools.list).empty() || find_program(tools.restore).empty()) {
            return false;
        }
    }
    return true;
}

/// Runs a tool that must succeed and returns what it printed.
policy::Result<std::string> run_tool(std::vector<std::string> argv, std::string_view input = {}) {
    const std::string name = argv[0];
    auto outcome = run_process(std::move(argv), input);
    if (outcome.has_error()) {
        return policy::failed<std::string>(outcome.error());
    }
    if (outcome->exit_code != 0) {
        return policy::failed<std::string>(fmt::format(
            "{} failed with exit code {}: {}", name, outcome->exit_code, outcome->standard_error
        ));
    }
    return {boost::system::in_place_value, std::move(outcome->standard_output)};
}

Done without_output(const policy::Result<std::string>& outcome) {
    return outcome.has_error() ? policy::failed<void>(outcome.error()) : Done();
}

// --- nft ---

Done install_with_nft(const RedirectOptions& options) {
    return without_output(run_tool({"nft", "-f", "-"}, nft_rules(options)));
}

Done remove_with_nft() {
    // Asked first, so that a kernel without nf_tables has nothing to remove instead of an error.
    const auto tables = run_process({"nft", "list", "tables", "inet"});
    if (tables.has_error() || tables->exit_code != 0 ||
        tables->standard_output.find("table inet smilax\n") == std::string::npos) {
        return {};
    }
    return without_output(run_tool({"nft", "-f", "-"}, nft_removal()));
}

// --- iptables ---

std::vector<std::string> restore_command(const IptablesTools& tools) {
    // Waits at most five seconds for whoever else is changing rules.
    return {tools.restore, "--noflush", "-w", "5"};
}

policy::Result<std::string> list_rules(const IptablesTools& tools) {
    return run_tool({tools.list, "-w", "5", "-t", "nat", "-S"});
}

Done install_with_iptables(const RedirectOptions& options) {
    for (const IptablesTools& tools : iptables_tools()) {
        const auto present = list_rules(tools);
        if (present.has_error()) {
            return without_output(present);
        }
        Done done = without_output(
            run_tool(restore_command(tools), iptables_rules(options, tools.family, *present))
        );
        if (done.has_error()) {
            return done;
        }
    }
    return {};
}

Done remove_with_iptables() {
    for (const IptablesTools& tools : iptables_tools()) {
        const auto present = list_rules(tools);
        if (present.has_error()) {
            return without_output(present);
        }
        const std::string removal = iptables_removal(*present);
        if (removal.empty()) {
            continue;
        }
        Done done = without_output(run_tool(restore_command(tools), removal));
        if (done.has_error()) {
            return done;
        }
    }
    return {};
}

// --- The actions ---

/// Turns `automatic` into the tool that is there. The error says what to install.
policy::Result<RedirectBackend> choose_backend(RedirectBackend wanted) {
    const auto missing = [](std::string_view sentence) {
        return policy::failed<RedirectBackend>(std::string(sentence));
    };
    switch (wanted) {
        case RedirectBackend::automatic:
            if (has_nft()) {
                return RedirectBackend::nft;
            }
            if (has_iptables()) {
                return RedirectBackend::iptables;
            }
            return missing(
                "neither nft nor iptables is here: install the Debian package nftables (or "
                "iptables)"
            );
        case RedirectBackend::nft:
            return has_nft() ? policy::Result<RedirectBackend>(wanted)
                             : missing("nft is not here: install the Debian package nftables");
        case RedirectBackend::iptables:
            return has_iptables()
                       ? policy::Result<RedirectBackend>(wanted)
                       : missing("iptables is not here: install the Debian package iptables");
    }
    return missing("unknown backend");
}

/// Both tools' rules go, since nobody needs to remember which one wrote them; a namespace never
/// keeps the rules of the other tool next to new ones either.
Done remove_rules_of(RedirectBackend backend) {
    switch (backend) {
        case RedirectBackend::automatic: {
            Done done = remove_rules_of(RedirectBackend::nft);
            return done.has_error() ? done : remove_rules_of(RedirectBackend::iptables);
        }
        case RedirectBackend::nft:
            return has_nft() ? remove_with_nft() : Done();
        case RedirectBackend::iptables:
            return has_iptables() ? remove_with_iptables() : Done();
    }
    return {};
}

Done install(RedirectBackend backend, const RedirectOptions& options) {
    if (Done done = add_application_source(); done.has_error()) {
        return done;
    }
    const bool is_nft = backend == RedirectBackend::nft;
    // First the new rules, then the end of any old ones: traffic never passes beside the sidecar.
    Done done = is_nft ? install_with_nft(options) : install_with_iptables(options);
    if (done.has_error()) {
        return done;
    }
    return remove_rules_of(is_nft ? RedirectBackend::iptables : RedirectBackend::nft);
}

Done remove(RedirectBackend backend) {
    if (Done done = remove_rules_of(backend); done.has_error()) {
        return done;
    }
    return remove_application_source();
}

void show(RedirectBackend backend, const RedirectOptions& options, std::ostream& output) {
    output << fmt::format("# ip -6 address add {}/128 dev lo\n", k_application_source_v6);
    if (backend == RedirectBackend::nft) {
        output << "# nft -f -\n" << nft_rules(options);
        return;
    }
    for (const IptablesTools& tools : iptables_tools()) {
        output << "# " << tools.restore << " --noflush\n"
               << iptables_rules(options, tools.family, {});
    }
}

int report(const Done& done, std::ostream& error) {
    if (done.has_error()) {
        error << "smilax redirect: " << done.error() << '\n';
        return 1;
    }
    return 0;
}

// --- Arguments ---

std::string take_cidrs(const std::vector<std::string>& texts, std::vector<std::string>& cidrs) {
    for (const std::string& text : texts) {
        const auto cidr = parse_cidr(text);
        if (cidr.has_error()) {
            return fmt::format("\"{}\" {}", text, cidr.error());
        }
        cidrs.push_back(*cidr);
    }
    return {};
}

void add_ports_option(
    CLI::App& action, const std::string& name, std::set<std::uint16_t>& ports, std::string help
) {
    action.add_option(name, ports, std::move(help))
        ->delimiter(',')
        ->check(CLI::Range(1, 65535))
        ->type_name("PORT,…");
}

void add_rule_options(CLI::App& action, RedirectOptions& options) {
    const auto add_port = [&action](const char* name, std::uint16_t& port, const char* help) {
        action.add_option(name, port, help)->check(CLI::Range(1, 65535))->capture_default_str();
    };
    add_port("--inbound-port", options.inbound_port, "Where the sidecar takes inbound connections");
    add_port("--outbound-port", options.outbound_port, "Where it takes the application's own");
    add_port("--admin-port", options.admin_port, "Its admin port, which is left alone");
    action.add_option("--user", options.user, "User id that the sidecar, and nobody else, runs as")
        ->capture_default_str();
    add_ports_option(
        action,
        "--exclude-inbound-ports",
        options.exclude_inbound_ports,
        "Pod ports that are reached without the sidecar: nothing judges their traffic"
    );
    add_ports_option(
        action,
        "--exclude-outbound-ports",
        options.exclude_outbound_ports,
        "Ports of others that the application reaches without the sidecar"
    );
    action
        .add_option_function<std::vector<std::string>>(
            "--exclude-outbound-cidrs",
            [&options](const std::vector<std::string>& texts) {
                if (std::string error = take_cidrs(texts, options.exclude_outbound_cidrs);
                    !error.empty()) {
                    throw CLI::ValidationError("--exclude-outbound-cidrs", error);
                }
            },
            "Addresses that the application reaches without the sidecar"
        )
        ->delimiter(',')
        ->type_name("CIDR,…");
}

/// `word` is one of those that the option allows.
RedirectBackend backend_of(const std::string& word) {
    if (word == "nft") {
        return RedirectBackend::nft;
    }
    return word == "iptables" ? RedirectBackend::iptables : RedirectBackend::automatic;
}

void add_action(
    CLI::App& redirect,
    const std::shared_ptr<RedirectRequest>& request,
    CommandResult& result,
    RedirectAction kind
) {
    struct Words {
        const char* name;
        const char* help;
    };
    const auto words = [kind]() -> Words {
        switch (kind) {
            case RedirectAction::install:
                return {"install", "Install the rules, or replace those of an earlier install"};
            case RedirectAction::remove:
                return {"remove", "Remove the rules; fine where there are none"};
            case RedirectAction::show:
                return {"show", "Print the rules without touching anything"};
        }
        return {};
    }();
    CLI::App* action = redirect.add_subcommand(words.name, words.help);
    action
        ->add_option_function<std::string>(
            "--backend",
            [request](const std::string& word) { request->backend = backend_of(word); },
            "auto (nft where it is, else iptables), nft or iptables"
        )
        ->check(CLI::IsMember({"auto", "nft", "iptables"}))
        ->default_str("auto");
    if (kind != RedirectAction::remove) {
        add_rule_options(*action, request->options);
    }
    action->callback([request, &result, kind] {
        request->action = kind;
        result.exit_code = run_redirect(*request, std::cout, std::cerr);
    });
}

}  // namespace

int run_redirect(const RedirectRequest& request, std::ostream& output, std::ostream& error) {
    if (request.action == RedirectAction::show) {
        const auto backend = choose_backend(request.backend);
        // What would be installed can be shown where it cannot be installed, too.
        const RedirectBackend fallback =
            request.backend == RedirectBackend::automatic ? RedirectBackend::nft : request.backend;
        show(backend.has_error() ? fallback : *backend, request.options, output);
        return 0;
    }
    if (!may_administer_network()) {
        error << "smilax redirect: changing the rules of this network namespace needs "
                 "CAP_NET_ADMIN: run as root, or give the container the capability NET_ADMIN\n";
        return 1;
    }
    const auto backend = choose_backend(request.backend);
    if (backend.has_error()) {
        return report(policy::failed<void>(backend.error()), error);
    }
    if (request.action == RedirectAction::install) {
        return report(install(*backend, request.options), error);
    }
    return report(remove(request.backend), error);
}

void add_redirect_command(CLI::App& app, CommandResult& result) {
    // Owned by the callbacks, which CLI11 keeps as long as the app.
    const auto request = std::make_shared<RedirectRequest>();
    CLI::App* redirect = app.add_subcommand(
        "redirect", "The rules that lead this network namespace's traffic through the sidecar"
    );
    redirect->require_subcommand(1);
    add_action(*redirect, request, result, RedirectAction::install);
    add_action(*redirect, request, result, RedirectAction::remove);
    add_action(*redirect, request, result, RedirectAction::show);
    redirect->footer(
        "Exit codes: 0 done, 1 failed, 2 wrong usage.\n\n"
        "Examples:\n"
        "  smilax redirect install --exclude-inbound-ports 22\n"
        "  smilax redirect show --backend iptables\n"
        "  ip netns exec pod smilax redirect remove"
    );
}

}  // namespace proxy::command
