// Loopback mode shares the machine's ports with everything else that runs here.
#pragma once

#include "proxy/command/demo/plan.hpp"

namespace proxy::command::demo {

/// Gives every listener of the plan's pods whose port is taken another one that is free now.
void use_free_ports(Plan& plan);

}  // namespace proxy::command::demo
