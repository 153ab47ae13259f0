// Targets by the peers that they list: what decisions look up first.
#include "policy/compile_parts.hpp"

#include <utility>

namespace policy {
namespace {

using Targets = std::vector<std::uint32_t>;

/// Peers with the same targets share one audience: hundreds of callers of one API cost one index.
class AudienceTable {
 public:
    AudienceTable(SnapshotData& data, Room& room) : data_(data), room_(room) {}

    const Audience* find_or_make(const Targets& targets) {
        const auto [place, is_new] = by_targets_.emplace(targets, nullptr);
        if (is_new) {
            place->second = &data_.audiences.emplace_back(make(targets));
        }
        return place->second;
    }

 private:
    [[nodiscard]] Audience make(const Targets& targets) {
        Audience audience;
        audience.targets = targets;
        std::size_t rules = 0;
        for (const std::uint32_t index : targets) {
            const CompiledTarget& target = data_.targets[index];
            rules += target.http_rules.size();
            if (!target.has_http) {
                audience.targets_without_routes.push_back(index);
            }
        }
        audience.is_indexed = room_.take(rules);
        if (audience.is_indexed) {
            audience.rules = RuleIndex(entries_of(targets));
        }
        return audience;
    }

    [[nodiscard]] std::vector<RuleIndex::Entry> entries_of(const Targets& targets) const {
        std::vector<RuleIndex::Entry> entries;
        for (const std::uint32_t index : targets) {
            for (const HttpRule* rule : data_.targets[index].http_rules) {
                entries.push_back({rule, index});
            }
        }
        return entries;
    }

    SnapshotData& data_;
    Room& room_;
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
    AudienceTable table(data, context.room);
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
