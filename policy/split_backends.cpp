#include "policy/split_backends.hpp"

#include <algorithm>
#include <cstddef>
#include <limits>
#include <map>
#include <string>
#include <utility>

namespace policy {
namespace {

// Balancers add up weights in 64 bits, several times over.
constexpr std::uint64_t k_weight_sum_max = std::uint64_t{1} << 53;

std::uint64_t add_saturating(std::uint64_t left, std::uint64_t right) {
    const std::uint64_t max = std::numeric_limits<std::uint64_t>::max();
    return left > max - right ? max : left + right;
}

/// An invalid weight adds nothing to a valid one.
std::optional<std::uint64_t> add_weights(
    const std::optional<std::uint64_t>& left, const std::optional<std::uint64_t>& right
) {
    if (!left || !right) {
        return left ? left : right;
    }
    return add_saturating(*left, *right);
}

/// Keeps the ratio and brings the sum under the bound; nobody falls to zero.
void bound_weights(std::vector<WeightedBackend>& backends) {
    const std::uint64_t each_max = k_weight_sum_max / std::max<std::size_t>(backends.size(), 1);
    std::uint64_t largest = 0;
    for (const WeightedBackend& backend : backends) {
        largest = std::max(largest, backend.weight);
    }
    unsigned shift = 0;
    while ((largest >> shift) > each_max) {
        ++shift;
    }
    for (WeightedBackend& backend : backends) {
        backend.weight = std::max<std::uint64_t>(backend.weight >> shift, 1);
    }
}

const Destination* find_service(
    const Catalog& catalog,
    const SnapshotData& data,
    const TrafficSplit& split,
    const std::string& service
) {
    const auto name = own_service(split, service);
    // A root without a Service is a destination too, but no backend.
    if (!name || !catalog.services.contains(*name)) {
        return nullptr;
    }
    const auto found = data.destinations.find(*name);
    return found == data.destinations.end() ? nullptr : &found->second;
}

}  // namespace

std::optional<ObjectName> own_service(const TrafficSplit& split, const std::string& service) {
    const FoldedHost folded(service);
    const std::string& name_space = split.metadata.name.name_space;
    const auto name = parse_service_name(folded.text(), name_space);
    if (!name || name->name_space != name_space) {
        return std::nullopt;
    }
    return ObjectName{name_space, std::string(name->name)};
}

std::vector<BackendShare> read_backends(
    const Catalog& catalog, const SnapshotData& data, const TrafficSplit& split
) {
    std::vector<BackendShare> shares;
    std::map<std::string, std::size_t> places;  // by name: "a" and "a.shop" are one backend
    for (const SplitBackend& backend : split.backends) {
        const auto own = own_service(split, backend.service);
        const auto [place, is_new] =
            places.emplace(own ? own->name : backend.service, shares.size());
        if (!is_new) {
            BackendShare& same = shares[place->second];
            same.weight = add_weights(same.weight, backend.weight_milli);
            continue;
        }
        shares.push_back(
            {backend.service,
             find_service(catalog, data, split, backend.service),
             backend.weight_milli,
             backend.service_at}
        );
    }
    return shares;
}

Reason judge_backend(const BackendShare& share, const PortKey& key) {
    if (share.destination == nullptr) {
        return Reason::backend_missing;
    }
    const DestinationPort* entry = share.destination->find_port(key);
    if (entry == nullptr || entry->service == nullptr) {
        return Reason::backend_port_missing;
    }
    if (!share.weight) {
        return Reason::backend_weight_invalid;
    }
    if (*share.weight == 0) {
        return Reason::backend_weight_zero;
    }
    return entry->service->endpoints.empty() ? Reason::backend_no_endpoint : Reason::routed;
}

void share_out(
    const std::vector<BackendShare>& shares,
    const PortKey& key,
    const Options& options,
    SplitAtPort& at_port
) {
    // Where no backend has an endpoint there is nobody to share with, and no split either.
    const bool is_any_usable = std::any_of(shares.begin(), shares.end(), [&](const auto& share) {
        return judge_backend(share, key) == Reason::routed;
    });
    for (const BackendShare& share : shares) {
        const Reason reason = judge_backend(share, key);
        const bool keeps_share =
            reason == Reason::backend_no_endpoint && options.empty_backends_fail && is_any_usable;
        if (reason == Reason::routed || keeps_share) {
            // A backend's own splits have no say (T12), not even the root's as its own backend
            // (U12): what is shared out are Services.
            const Backend* backend = share.destination->find_port(key)->service.get();
            at_port.backends.push_back({backend, *share.weight});
        } else {
            at_port.excluded.push_back({share.service, reason});
        }
    }
    bound_weights(at_port.backends);
}

}  // namespace policy
