// The values that the configuration file and the environment give to keys, before they are judged.
#pragma once

#include "policy/document.hpp"
#include "policy/problem.hpp"
#include "proxy/command/configuration_key.hpp"

#include <map>
#include <set>
#include <string>
#include <vector>

namespace proxy::command {

/// What was given for one key.
struct KeyValue {
    struct Item {
        Parts parts;
        policy::Origin origin;
    };
    std::string name;  // as the operator wrote it: the key or the variable
    policy::Origin origin;
    std::vector<Item> items;  // one, or those of a list
};

struct ConfigurationValues {
    std::string file;
    std::map<std::string, KeyValue> by_path;
    std::map<std::string, policy::Origin> sections;  // where each section of the file begins
    std::set<std::string> bad;                       // keys whose value was refused
    std::vector<policy::Problem> problems;

    [[nodiscard]] bool has(const std::string& path) const { return by_path.contains(path); }
    /// Where `path` stands, or would stand: the value, else its section, else the file's beginning.
    [[nodiscard]] policy::Origin origin_of(const std::string& path) const;
};

/// Takes the values of a file's tree. Unknown keys and wrong shapes become problems.
void collect_file_values(
    const policy::Node& root, const std::string& file, ConfigurationValues& values
);
/// Takes the variables, each instead of what the file says. Unknown ones become problems.
void collect_environment_values(
    const std::map<std::string, std::string>& environment, ConfigurationValues& values
);

}  // namespace proxy::command
