// What must hold between the keys of a configuration.
#pragma once

#include "proxy/command/configuration_values.hpp"
#include "proxy/configuration.hpp"

namespace proxy::command {

/// Adds a problem to `values` for each thing that is missing or contradicts another.
void check_configuration(const Configuration& configuration, ConfigurationValues& values);

}  // namespace proxy::command
