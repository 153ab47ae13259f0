// The switches of commands that read manifests as a proxy would: what its configuration tells the
// compiler besides the manifests, under the same names.
#pragma once

#include "policy/options.hpp"

#include <optional>
#include <string>

namespace CLI {
class App;
}

namespace proxy::command {

struct PolicySwitches {
    policy::Options options;
    std::string name_space = "default";  // of objects without one
    std::string trust_domain = "cluster.local";
};

/// Adds --namespace, --trust-domain, --access, --path-regex, --header-regex,
/// --allow-cross-namespace-targets, --escaped-slash, --empty-backend and --opaque-port. `switches`
/// outlives the parse.
void add_policy_switches(CLI::App& app, PolicySwitches& switches);

/// What is wrong with namespace and trust domain as parts of every identity, as a sentence;
/// nullopt when nothing is. CLI11 has judged the other switches.
[[nodiscard]] std::optional<std::string> judge_switches(const PolicySwitches& switches);

}  // namespace proxy::command
