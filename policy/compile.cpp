#include "policy/compile.hpp"

#include "policy/catalog.hpp"
#include "policy/compile_parts.hpp"
#include "policy/group_table.hpp"
#include "policy/snapshot_data.hpp"

#include <utility>

namespace policy {
namespace {

/// What requests look up: built last, when nothing moves any more.
void index_destinations(SnapshotData& data) {
    for (auto& [name, destination] : data.destinations) {
        data.by_name.emplace(ServiceNameView{name.name_space, name.name}, &destination);
        for (const IpAddress& ip : destination.cluster_ips) {
            for (const auto& entry : destination.ports) {
                // Two Services with one ClusterIP cannot be in a cluster; the first by name wins.
                auto& table = entry->key.transport == Transport::udp ? data.udp_by_cluster_ip
                                                                     : data.by_cluster_ip;
                table.emplace(SocketAddress{ip, entry->key.port}, entry.get());
            }
        }
    }
}

}  // namespace

Compiler::Compiler(Workload workload, Options options)
    : workload_(std::move(workload)),
      options_(std::move(options)),
      groups_(std::make_unique<GroupTable>()),
      rules_(std::make_unique<RuleTable>()) {}
Compiler::Compiler(Compiler&&) noexcept = default;
Compiler& Compiler::operator=(Compiler&&) noexcept = default;
Compiler::~Compiler() = default;

Compiled Compiler::compile(const Inventory& inventory, std::uint64_t generation) {
    ProblemList problems;
    const Catalog catalog = make_catalog(inventory, problems);
    auto data = std::make_unique<SnapshotData>();
    data->generation = generation;
    data->workload = workload_;
    data->options = options_;
    for (const std::uint16_t port : options_.opaque_ports) {
        data->opaque_ports.add(port);
    }
    CompileContext context{catalog, *data, problems, *groups_, *rules_, {}};
    compile_modes(context);
    groups_->update(catalog, options_, problems);
    rules_->begin_run();
    compile_bindings(context);
    compile_access(context);
    compile_audiences(context);
    compile_services(context);
    compile_splits(context);
    rules_->end_run();
    data->groups = groups_->take_used();
    index_destinations(*data);
    return {std::make_shared<const Snapshot>(std::move(data)), problems.take()};
}

Compiled compile(
    const Inventory& inventory,
    const Workload& workload,
    const Options& options,
    std::uint64_t generation
) {
    return Compiler(workload, options).compile(inventory, generation);
}

std::uint64_t choice_id(const ObjectName& root, const PortKey& key, const ObjectName& split) {
    // FNV-1a, 64 bits; a zero byte ends each part, so that no two sets of names run together.
    std::uint64_t hash = 0xcbf29ce484222325U;
    const auto add = [&hash](std::string_view text) {
        for (const char c : text) {
            hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
        }
        hash *= 0x100000001b3U;
    };
    add(root.name_space);
    add(root.name);
    add(std::to_string(key.port));
    add(key.transport == Transport::udp ? "udp" : "tcp");
    add(split.name_space);
    add(split.name);
    return hash;
}

}  // namespace policy
