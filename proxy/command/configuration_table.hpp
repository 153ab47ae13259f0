// Every key of the configuration: a new one is a row here, and nothing else but its use.
#pragma once

#include "proxy/command/configuration_key.hpp"
#include "proxy/configuration.hpp"

#include <vector>

namespace proxy::command {

/// Every key that exists, in the order of the reference.
[[nodiscard]] const std::vector<ConfigurationKey>& configuration_keys();
/// What an absent key means. The listen addresses are those that `smilax redirect` redirects to.
[[nodiscard]] Configuration default_configuration();

}  // namespace proxy::command
