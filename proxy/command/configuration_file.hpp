// The configuration file and the environment → Configuration, or every error there is.
#pragma once

#include "policy/problem.hpp"
#include "policy/result.hpp"
#include "proxy/configuration.hpp"

#include <iosfwd>
#include <map>
#include <string>
#include <vector>

namespace proxy::command {

/// The environment variables whose names begin with SMILAX_, by name: all of them, so that a
/// misspelt one is found.
using EnvironmentLookup = std::map<std::string, std::string>;

/// Those of this process. Variables that Kubernetes makes of a Service whose name begins with
/// "smilax" (SMILAX_SERVICE_HOST, SMILAX_PORT …) are left out: nobody wrote them for us.
[[nodiscard]] EnvironmentLookup process_environment();

/// Reads `file`, lets `environment` override its keys and checks the whole. Relative paths become
/// relative to the file's folder. On failure: every problem, each with its place and a way out.
[[nodiscard]] policy::Result<Configuration, std::vector<policy::Problem>> load_configuration(
    const std::string& file, const EnvironmentLookup& environment
);

/// Every key with its form, meaning, environment variable and default.
void print_configuration_reference(std::ostream& out);

}  // namespace proxy::command
