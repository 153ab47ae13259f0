// What PATH arguments hold, read as the proxy would.
#pragma once

#include "policy/inventory.hpp"
#include "policy/problem.hpp"
#include "policy/result.hpp"

#include <cstddef>
#include <iosfwd>
#include <string>
#include <vector>

namespace proxy::command {

struct Manifests {
    policy::Inventory inventory;
    std::vector<policy::Problem> unreadable;  // files that could not be read at all
    std::size_t files = 0;
};

/// Reads files, directories and "-" (`input`). A file that cannot be read or parsed is a problem;
/// the error, a sentence, is of a path that leads nowhere.
[[nodiscard]] policy::Result<Manifests> read_manifests(
    const std::vector<std::string>& paths, const std::string& name_space, std::istream& input
);

/// The problems of reading `manifests` and of compiling them, by place, each once.
[[nodiscard]] std::vector<policy::Problem> all_problems(
    const Manifests& manifests, std::vector<policy::Problem> of_compiling
);

}  // namespace proxy::command
