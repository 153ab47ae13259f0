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

class GroupTable;
class RuleTable;

/// Resolves every reference and builds the tables for a workload. Unresolved references match
/// nothing; each is a problem. The same inventory gives the same snapshot, whatever came before:
/// what is remembered are the patterns of groups that did not change, and indexes of them. One
/// thread.
class Compiler {
 public:
    Compiler(Workload workload, Options options);
    Compiler(Compiler&&) noexcept;
    Compiler& operator=(Compiler&&) noexcept;
    ~Compiler();

    [[nodiscard]] Compiled compile(const Inventory& inventory, std::uint64_t generation);

 private:
    Workload workload_;
    Options options_;
    std::unique_ptr<GroupTable> groups_;
    std::unique_ptr<RuleTable> rules_;
};

/// Once, with nothing to remember.
[[nodiscard]] Compiled compile(
    const Inventory& inventory,
    const Workload& workload,
    const Options& options,
    std::uint64_t generation
);

}  // namespace policy
