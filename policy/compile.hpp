// Inventory → Snapshot.
#pragma once

#include "policy/inventory.hpp"
#include "policy/options.hpp"
#include "policy/problem.hpp"
#include "policy/snapshot.hpp"

#include <cstdint>
#include <memory>
#include <vector>

namespace policy {

struct Compiled {
    std::shared_ptr<const Snapshot> snapshot;  // never null: with nothing to go by it denies all
    std::vector<Problem> problems;             // of the references between objects
};

/// Resolves every reference and builds the tables for `workload`. Unresolved references match
/// nothing; each is a problem. Pure: the same inventory gives the same snapshot.
[[nodiscard]] Compiled compile(
    const Inventory& inventory,
    const Workload& workload,
    const Options& options,
    std::uint64_t generation
);

}  // namespace policy
