// The backends of one TrafficSplit: which Services they are, and which take part at a port.
// Private to compile.
#pragma once

#include "policy/catalog.hpp"
#include "policy/snapshot_data.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace policy {

/// One backend, after entries for the same Service were added up.
struct BackendShare {
    std::string service;                       // as the split writes it
    const Destination* destination = nullptr;  // null: no such Service
    std::optional<std::uint64_t> weight;       // nullopt: invalid
    Place place;
};

/// `service` in any of its forms, when it is in the split's own namespace (T3).
[[nodiscard]] std::optional<ObjectName> own_service(
    const TrafficSplit& split, const std::string& service
);

[[nodiscard]] std::vector<BackendShare> read_backends(
    const Catalog& catalog, const SnapshotData& data, const TrafficSplit& split
);

/// Reason::routed, or why `share` gets nothing of this port (T5, U15, U16).
[[nodiscard]] Reason judge_backend(const BackendShare& share, const PortKey& key);

/// Fills the usable and the excluded backends of `at_port`.
void share_out(
    const std::vector<BackendShare>& shares,
    const PortKey& key,
    const Options& options,
    SplitAtPort& at_port
);

}  // namespace policy
