#include "policy/route.hpp"

#include "policy/http_rule.hpp"
#include "policy/route_steps.hpp"
#include "policy/service_name.hpp"
#include "policy/snapshot_data.hpp"

namespace policy {
namespace {

constexpr std::uint16_t k_http_port = 80;

const DestinationPort* find_cluster_ip(
    const SnapshotData::ByAddress& table, const SocketAddress& address
) {
    const auto found = table.find(address);
    return found == table.end() ? nullptr : found->second;
}

const Destination* find_host(const SnapshotData& data, std::string_view host) {
    const FoldedHost folded(host);
    const auto service = parse_service_name(folded.text(), data.workload.name_space);
    if (service) {
        const auto found = data.by_name.find(*service);
        if (found != data.by_name.end()) {
            return found->second;
        }
    }
    const auto foreign = data.foreign_roots.find(folded.text());
    return foreign == data.foreign_roots.end() ? nullptr : &foreign->second;
}

void name_service(Route& route, const Destination& destination) {
    route.service_namespace = destination.name.name_space;
    route.service_name = destination.name.name;
}

Route route_nowhere(bool is_redirected, const Destination* named) {
    Route route;
    route.reason = is_redirected ? Reason::passthrough : Reason::unknown_service;
    if (named != nullptr && !is_redirected) {
        name_service(route, *named);
    }
    return route;
}

Route route_split(const DestinationPort& entry, const SplitAtPort& at_port) {
    Route route;
    name_service(route, *entry.owner);
    route.service = entry.service.get();
    route.split_namespace = at_port.split->name.name_space;
    route.split_name = at_port.split->name.name;
    route.choice_id = at_port.choice_id;
    route.backends = at_port.backends;
    route.excluded = at_port.excluded;
    // No silent fallback to the root (U14, smi.md §1.8).
    route.reason = at_port.backends.empty() ? Reason::split_no_backend : Reason::routed;
    return route;
}

/// The root's own endpoints, as if there were no split (T10).
Route route_whole(const DestinationPort& entry) {
    Route route;
    name_service(route, *entry.owner);
    route.service = entry.service.get();
    route.choice_id = entry.choice_id;
    if (entry.service->endpoints.empty()) {
        route.reason = Reason::no_endpoint;
        return route;
    }
    route.backends = std::span(&entry.whole, 1);
    route.reason = Reason::routed;
    return route;
}

/// The first split that applies (U13). `request` is null for bytes that are no HTTP request: only
/// splits without `matches` take those (U17).
const SplitAtPort* find_split(const DestinationPort& entry, const HttpView* request) {
    for (const SplitAtPort& at_port : entry.splits) {
        const CompiledSplit& split = *at_port.split;
        const bool is_hit = !split.has_matches ||
                            (request != nullptr && split.index->find(*request, [](std::uint32_t) {
                                return true;
                            }) != nullptr);
        if (is_hit) {
            return &at_port;
        }
    }
    return nullptr;
}

}  // namespace

Named find_named(const SnapshotData& data, const HttpRouteFacts& facts, Transport transport) {
    const SnapshotData::ByAddress& by_address =
        transport == Transport::tcp ? data.by_cluster_ip : data.udp_by_cluster_ip;
    if (facts.destination) {
        if (const auto* entry = find_cluster_ip(by_address, *facts.destination)) {
            return {entry, entry->owner, false};
        }
    }
    const auto authority = split_authority(facts.authority);
    if (!authority) {
        return {};
    }
    const bool is_redirected = facts.destination.has_value();
    const std::uint16_t implied = is_redirected ? facts.destination->port : k_http_port;
    const std::uint16_t port = authority->port.value_or(implied);
    if (const auto ip = parse_ip(authority->host)) {
        // An address in Host says no more than the address that was dialled.
        const auto* entry = is_redirected ? nullptr : find_cluster_ip(by_address, {*ip, port});
        return {entry, entry == nullptr ? nullptr : entry->owner, false};
    }
    const Destination* destination = find_host(data, authority->host);
    const auto* entry =
        destination == nullptr ? nullptr : destination->find_port({transport, port});
    return {entry, destination, is_redirected};
}

Route route_opaque(const DestinationPort* entry) {
    if (entry == nullptr) {
        return route_nowhere(true, nullptr);
    }
    if (const auto* at_port = find_split(*entry, nullptr)) {
        return route_split(*entry, *at_port);
    }
    return entry->service != nullptr ? route_whole(*entry) : route_nowhere(true, nullptr);
}

Named find_named(const Snapshot& snapshot, const HttpRouteFacts& facts) {
    return find_named(snapshot.data(), facts, Transport::tcp);
}

Route route_http(const Snapshot& snapshot, const HttpRouteFacts& facts) {
    return route_http(find_named(snapshot, facts), facts);
}

Route route_http(const Named& named, const HttpRouteFacts& facts) {
    const bool is_redirected = facts.destination.has_value();
    if (named.entry == nullptr) {
        return route_nowhere(is_redirected, named.destination);
    }
    const HttpView request{method_key(facts.method), facts.path, facts.authority, facts.headers};
    if (const auto* at_port = find_split(*named.entry, &request)) {
        return route_split(*named.entry, *at_port);
    }
    // A pod of a headless Service that was dialled by address keeps the request: the client chose
    // it (a StatefulSet's member, say), and find_endpoint() tells who must answer there.
    if (named.only_splits || named.entry->service == nullptr) {
        return route_nowhere(is_redirected, named.destination);
    }
    return route_whole(*named.entry);
}

Route route_tcp(const Snapshot& snapshot, const TcpRouteFacts& facts) {
    return route_opaque(find_cluster_ip(snapshot.data().by_cluster_ip, facts.destination));
}

Route route_udp(const Snapshot& snapshot, const UdpRouteFacts& facts) {
    return route_opaque(find_cluster_ip(snapshot.data().udp_by_cluster_ip, facts.destination));
}

bool has_path_rules(const Snapshot& snapshot, const HttpRouteFacts& facts) {
    return has_path_rules(find_named(snapshot, facts));
}

bool has_path_rules(const Named& named) {
    return named.entry != nullptr && named.entry->has_path_rules;
}

}  // namespace policy
