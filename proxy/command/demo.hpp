// `smilax demo`: a whole mesh on this machine, shown step by step (design.md §1).
#pragma once

#include "proxy/command/command.hpp"

namespace CLI {
class App;
}

namespace proxy::command {

/// Declares `demo` and its hidden companion `demo-app`, which the demo runs in its pods.
void add_demo_command(CLI::App& app, CommandResult& result);

}  // namespace proxy::command
