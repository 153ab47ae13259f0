// HTTPRouteGroups: every pattern is compiled here, once for as long as it stays as it is. Private
// to compile.
#pragma once

#include "policy/catalog.hpp"
#include "policy/options.hpp"
#include "policy/problem.hpp"
#include "policy/problem_list.hpp"
#include "policy/snapshot_data.hpp"

#include <map>
#include <memory>
#include <string_view>
#include <vector>

namespace policy {

/// Lives as long as its Compiler. Patterns are what costs most in compiling, and the least of what
/// changes. Of groups that nobody here uses, only the problems are kept.
class GroupTable {
 public:
    using Used = std::map<ObjectName, std::shared_ptr<const RouteGroup>>;

    /// Compiles the groups that are new or changed, and forgets those that are gone; adds the
    /// problems of all. `catalog` must last until take_used().
    void update(const Catalog& catalog, const Options& options, ProblemList& problems);
    /// The compiled group, null when there is none; marks it as used.
    [[nodiscard]] std::shared_ptr<const RouteGroup> use(const ObjectName& name);
    /// What was used since update().
    [[nodiscard]] Used take_used();

 private:
    struct Entry {
        HttpRouteGroup source;
        bool is_in_targets = false;
        std::shared_ptr<const RouteGroup> compiled;  // null while nobody uses it
        std::vector<Problem> problems;
        bool is_used = false;
    };

    std::map<ObjectName, Entry> entries_;
    Options options_;
};

}  // namespace policy
