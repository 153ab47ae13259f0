// Targets by the peers that they list: what decisions look up first.
#include "policy/compile_parts.hpp"

#include <utility>

namespace policy {
namespace {

using Targets = std::vector<std::uint32_t>;

/// Peers with the same targets share one audience: hundreds of callers of one API cost one index.
class AudienceTable {
 public:
    explicit AudienceTable(CompileContext& context) : context_(context) {}

    const Audience* find_or_make(const Targets& targets) {
        const auto [place, is_new] = by_targets_.emplace(targets, nullptr);
        if (is_new) {
            place->second = &context_.data.audiences.emplace_back(make(targets));
        }
        return place->second;
    }

 private:
    [[nodiscard]] Audience make(const Targets& targets) {
        Audience audience;
        audience.targets = targets;
        RuleTable::Lists lists;
        for (const std::uint32_t index : targets) {
            const CompiledTarget& target = context_.data.targets[index];
            if (target.has_http) {
                audience.with_routes.push_back(index);
                lists.push_back(target.http);
            } else {
                audience.without_routes.push_back(index);
            }
        }
        audience.index = context_.rules.index(lists, room_);
        return audience;
    }

    CompileContext& context_;
    Room room_;
    std::map<Targets, const Audience*> by_targets_;
};

}  // namespace

void compile_audiences(CompileContext& context) {
    SnapshotData& data = context.data;
    std::unordered_map<Identity, Targets, IdentityHash> by_identity;
    std::map<IpAddress, std::pair<std::string, Targets>> by_address;
    for (std::uint32_t index = 0; index < data.targets.size(); ++index) {
        for (const Identity& source : data.targets[index].sources) {
            by_identity[source].push_back(index);
        }
        for (const PodSource& source : data.targets[index].pod_sources) {
            for (const IpAddress& address : source.addresses) {
                // One address is one pod's, so the namespace is the same each time.
                auto& [name_space, targets] = by_address[address];
                name_space = source.binding.name_space;
                if (targets.empty() || targets.back() != index) {
                    targets.push_back(index);
                }
            }
        }
    }
    AudienceTable table(context);
    for (const auto& [identity, targets] : by_identity) {
        data.audience_by_identity.emplace(identity, table.find_or_make(targets));
    }
    for (const auto& [address, entry] : by_address) {
        data.audience_by_address.emplace(
            address, PodAudience{entry.first, table.find_or_make(entry.second)}
        );
    }
}

}  // namespace policy
