// `smilax check`: reads manifests as the proxy would and says what is wrong with them.
#pragma once

#include "proxy/command/command.hpp"
#include "proxy/command/policy_switches.hpp"

#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace proxy::command {

void add_check_command(CLI::App& app, CommandResult& result);

struct CheckOptions {
    std::vector<std::string> paths;  // files, directories, "-"
    bool as_json = false;
    PolicySwitches policy;
    bool use_colours = false;
};

/// Returns the exit code: 0 no errors (warnings may be), 1 errors, 2 a path that leads nowhere.
[[nodiscard]] int run_check(const CheckOptions& options, const CommandStreams& streams);

}  // namespace proxy::command
