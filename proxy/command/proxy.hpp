// `smilax proxy`: the sidecar itself.
#pragma once

#include "proxy/command/command.hpp"

namespace CLI {
class App;
}

namespace proxy::command {

void add_proxy_command(CLI::App& app, CommandResult& result);

}  // namespace proxy::command
