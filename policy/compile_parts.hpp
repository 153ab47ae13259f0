// The steps of compile, one file each. Private to compile.
#pragma once

#include "policy/catalog.hpp"
#include "policy/group_table.hpp"
#include "policy/options.hpp"
#include "policy/problem_list.hpp"
#include "policy/snapshot_data.hpp"

#include <cstddef>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace policy {

/// Whom an IdentityBinding means (I1).
struct BindingMeaning {
    std::vector<Identity> identities;      // sorted
    std::vector<IpAddress> pod_addresses;  // sorted; of the pods that its selector selects
    bool selects_own_pod = false;
};

/// References multiply: targets by matches, Services' ports by endpoints, sources by targets. What
/// one snapshot may hold, and so what compiling it may cost, is bounded for all of them together:
/// fifty times what a mesh of 1,000 targets, 1,000 Services and 10,000 endpoints needs.
class Room {
 public:
    static constexpr std::size_t units_max = 1'000'000;

    /// False, and nothing taken, when there is not that much left.
    [[nodiscard]] bool take(std::size_t units) {
        if (units > left_) {
            return false;
        }
        left_ -= units;
        return true;
    }

 private:
    std::size_t left_ = units_max;
};

/// What a step reads (catalog; workload and options inside `data`) and what it fills. All of it
/// belongs to one run of compile.
struct CompileContext {
    const Catalog& catalog;
    SnapshotData& data;
    ProblemList& problems;
    GroupTable& groups;
    std::map<ObjectName, BindingMeaning> bindings;
    Room room;
    std::map<const HttpRouteGroup*, std::set<std::string_view>> match_names;
};

/// Options and the Namespace's annotation → data.access, data.port_access.
void compile_modes(CompileContext& context);
/// IdentityBindings → context.bindings.
void compile_bindings(CompileContext& context);
/// TrafficTargets → data.targets, data.invalid_targets. Needs groups and bindings.
void compile_access(CompileContext& context);
/// data.targets → the audiences of their sources.
void compile_audiences(CompileContext& context);
/// Services, EndpointSlices and Pods → data.destinations, data.endpoints, data.opaque_ports.
void compile_services(CompileContext& context);
/// TrafficSplits → data.splits and the splits of each DestinationPort. Needs groups and Services.
void compile_splits(CompileContext& context);

/// Stable over compiles and processes: names and port, nothing else. `split` is empty for a
/// Service as it is.
[[nodiscard]] std::uint64_t choice_id(
    const ObjectName& root, const PortKey& key, const ObjectName& split
);

}  // namespace policy
