// The steps of compile, one file each. Private to compile.
#pragma once

#include "policy/catalog.hpp"
#include "policy/group_table.hpp"
#include "policy/options.hpp"
#include "policy/problem_list.hpp"
#include "policy/rule_table.hpp"
#include "policy/snapshot_data.hpp"

#include <map>
#include <string>
#include <vector>

namespace policy {

/// Whom an IdentityBinding means (I1).
struct BindingMeaning {
    std::vector<Identity> identities;      // sorted
    std::vector<IpAddress> pod_addresses;  // sorted; of the pods that its selector selects
    bool selects_own_pod = false;
};

/// What a step reads (catalog; workload and options inside `data`) and what it fills. All of it
/// belongs to one run of compile.
struct CompileContext {
    const Catalog& catalog;
    SnapshotData& data;
    ProblemList& problems;
    GroupTable& groups;
    RuleTable& rules;
    std::map<ObjectName, BindingMeaning> bindings;
};

/// Options and the Namespace's annotations → data.access, data.port_access, data.mtls,
/// data.port_mtls.
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
