// `smilax redirect`: the rules of one network namespace that lead traffic through the sidecar.
#pragma once

#include "proxy/command/command.hpp"
#include "proxy/command/redirect_rules.hpp"

#include <cstdint>
#include <iosfwd>

namespace CLI {
class App;
}

namespace proxy::command {

void add_redirect_command(CLI::App& app, CommandResult& result);

enum class RedirectAction : std::uint8_t { install, remove, show };
/// Which tool writes the rules; automatic is nft where it is, else iptables.
enum class RedirectBackend : std::uint8_t { automatic, nft, iptables };

struct RedirectRequest {
    RedirectAction action = RedirectAction::show;
    RedirectBackend backend = RedirectBackend::automatic;
    RedirectOptions options;
};

/// Returns the exit code: 0 done, 1 failed (with a sentence on `error`). Works on the network
/// namespace of this process.
[[nodiscard]] int run_redirect(
    const RedirectRequest& request, std::ostream& output, std::ostream& error
);

}  // namespace proxy::command
