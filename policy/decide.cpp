#include "policy/decide.hpp"

#include "policy/judge.hpp"
#include "policy/snapshot_data.hpp"

#include <algorithm>
#include <span>

namespace policy {
namespace {

constexpr std::string_view k_target_kind = "TrafficTarget";

RuleId rule_id(const CompiledTarget& target, const HttpRule* rule) {
    return {
        k_target_kind,
        target.name.name_space,
        target.name.name,
        rule == nullptr ? std::string_view{} : std::string_view(rule->name),
    };
}

/// The targets that list the peer, or the denial when there are none.
struct Listed {
    Audiences audiences;
    Verdict denial;
};

/// The nearest to a peer that none lists: the first that has nothing against port and protocol,
/// else the first. `judge`: target → Reason.
template <class Judge>
const CompiledTarget& nearest_unlisted(const SnapshotData& data, const Judge& judge) {
    const auto found = std::ranges::find_if(data.targets, [&](const CompiledTarget& target) {
        return judge(target) == Reason::allowed;
    });
    return found == data.targets.end() ? data.targets.front() : *found;
}

template <class Judge>
Listed find_listed(
    const SnapshotData& data,
    const Identity* peer,
    const std::optional<IpAddress>& address,
    const Judge& judge
) {
    Listed listed;
    if (data.targets.empty()) {
        return listed;
    }
    if (peer == nullptr) {
        listed.denial.reason = Reason::unauthenticated;
        return listed;
    }
    listed.audiences = find_audiences(data, *peer, address);
    if (listed.audiences.are_empty()) {
        listed.denial.reason = Reason::source_not_allowed;
        listed.denial.rule = rule_id(nearest_unlisted(data, judge), nullptr);
    }
    return listed;
}

/// Union over all targets that list the peer (U28): one that allows is enough, none can deny. Of
/// those that fail, the first of the nearest is kept in `verdict`. `judge`: target → Reason.
template <class Judge>
void judge_each(
    const SnapshotData& data,
    std::span<const std::uint32_t> targets,
    const Judge& judge,
    Verdict& verdict
) {
    for (const std::uint32_t index : targets) {
        const CompiledTarget& target = data.targets[index];
        const Reason reason = judge(target);
        if (reason == Reason::allowed) {
            verdict = {true, Reason::allowed, rule_id(target, nullptr)};
            return;
        }
        if (verdict.rule.name.empty() || progress(reason) > progress(verdict.reason)) {
            verdict.reason = reason;
            verdict.rule = rule_id(target, nullptr);
        }
    }
}

/// Bytes or datagrams, which only ports and protocols speak of.
template <class Judge>
Verdict decide_by_port(
    const SnapshotData& data,
    const Identity* peer,
    const std::optional<IpAddress>& address,
    const Judge& judge
) {
    const Listed listed = find_listed(data, peer, address, judge);
    Verdict verdict = listed.denial;
    for (const Audience* audience : listed.audiences.both()) {
        if (audience != nullptr && !verdict.allowed) {
            judge_each(data, audience->targets, judge, verdict);
        }
    }
    return verdict;
}

bool is_port_allowed(const CompiledTarget& target, std::uint16_t port) {
    return !target.port || *target.port == port;
}

/// What the index of an audience finds, where there is none.
template <class IsAllowed>
bool find_one_by_one(
    const SnapshotData& data,
    const Audience& audience,
    const IsAllowed& is_allowed,
    const HttpView& request,
    Verdict& verdict
) {
    for (const std::uint32_t index : audience.with_routes) {
        const CompiledTarget& target = data.targets[index];
        if (!is_allowed(index)) {
            continue;
        }
        const auto& rules = target.http->rules;
        const auto rule = std::ranges::find_if(rules, [&](const HttpRule* candidate) {
            return matches(*candidate, request);
        });
        if (rule != rules.end()) {
            verdict = {true, Reason::allowed, rule_id(target, *rule)};
            return true;
        }
    }
    return false;
}

/// A target of the audience that allows the request; `verdict` stays when there is none.
void find_allowing(
    const SnapshotData& data,
    const Audience& audience,
    std::uint16_t port,
    const HttpView& request,
    Verdict& verdict
) {
    const auto is_allowed = [&](std::uint32_t target) {
        return judge_http_port(data.targets[target], port) == Reason::allowed;
    };
    if (audience.index == nullptr) {
        if (find_one_by_one(data, audience, is_allowed, request, verdict)) {
            return;
        }
    } else if (const RuleIndex::Entry* found = audience.index->find(
                   request, [&](std::uint32_t tag) { return is_allowed(audience.with_routes[tag]); }
               )) {
        const std::uint32_t target = audience.with_routes[found->tag];
        verdict = {true, Reason::allowed, rule_id(data.targets[target], found->rule)};
        return;
    }
    const auto& whole = audience.without_routes;
    const auto target = std::find_if(whole.begin(), whole.end(), is_allowed);
    if (target != whole.end()) {
        verdict = {true, Reason::allowed, rule_id(data.targets[*target], nullptr)};
    }
}

/// Of the targets of a denied request, the first of the nearest.
void find_nearest(
    const SnapshotData& data, const Audience& audience, std::uint16_t port, Verdict& verdict
) {
    for (const std::uint32_t index : audience.targets) {
        const Reason at_port = judge_http_port(data.targets[index], port);
        // Had it allowed without a route, the request would not be denied.
        const Reason reason = at_port == Reason::allowed ? Reason::route_not_allowed : at_port;
        if (verdict.rule.name.empty() || progress(reason) > progress(verdict.reason)) {
            verdict.reason = reason;
            verdict.rule = rule_id(data.targets[index], nullptr);
        }
        if (verdict.reason == Reason::route_not_allowed) {
            return;  // none can be nearer
        }
    }
}

}  // namespace

int progress(Reason failed) {
    if (failed == Reason::route_not_allowed) {
        return 3;
    }
    return failed == Reason::protocol_not_allowed ? 2 : 1;
}

Audiences find_audiences(
    const SnapshotData& data, const Identity& peer, const std::optional<IpAddress>& address
) {
    Audiences audiences;
    const auto by_identity = data.audience_by_identity.find(peer);
    if (by_identity != data.audience_by_identity.end()) {
        audiences.by_identity = by_identity->second;
    }
    if (!address || data.audience_by_address.empty()) {
        return audiences;
    }
    const auto by_address = data.audience_by_address.find(*address);
    if (by_address != data.audience_by_address.end() && peer.path.empty() &&
        peer.trust_domain == data.workload.trust_domain &&
        peer.name_space == by_address->second.name_space) {
        audiences.by_address = by_address->second.audience;
    }
    return audiences;
}

Reason judge_http_port(const CompiledTarget& target, std::uint16_t port) {
    // TCPRoute ∧ HTTPRouteGroup within the one target (U5); never across targets.
    if (!is_port_allowed(target, port) || (target.has_tcp && !target.tcp_ports.contains(port))) {
        return Reason::port_not_allowed;
    }
    // A TCPRoute alone allows any HTTP on its ports (U6).
    return target.has_tcp || target.has_http ? Reason::allowed : Reason::protocol_not_allowed;
}

Reason judge_tcp(const CompiledTarget& target, std::uint16_t port, bool is_opaque) {
    if (!is_port_allowed(target, port) || (target.has_tcp && !target.tcp_ports.contains(port))) {
        return Reason::port_not_allowed;
    }
    // Bytes nobody parses cannot satisfy an HTTP match; where the port is declared opaque that
    // half of the target is out of reach and its TCPRoute decides (U7, U8).
    if (!target.has_tcp || (target.has_http && !is_opaque)) {
        return Reason::protocol_not_allowed;
    }
    return Reason::allowed;
}

Reason judge_udp(const CompiledTarget& target, std::uint16_t port) {
    if (!is_port_allowed(target, port) || (target.has_udp && !target.udp_ports.contains(port))) {
        return Reason::port_not_allowed;
    }
    return target.has_udp ? Reason::allowed : Reason::protocol_not_allowed;
}

Verdict decide_http(const Snapshot& snapshot, const HttpFacts& facts) {
    const SnapshotData& data = snapshot.data();
    const Listed listed =
        find_listed(data, facts.peer, facts.peer_address, [&](const CompiledTarget& target) {
            return judge_http_port(target, facts.port);
        });
    const HttpView request{method_key(facts.method), facts.path, facts.authority, facts.headers};
    Verdict verdict = listed.denial;
    for (const Audience* audience : listed.audiences.both()) {
        if (audience != nullptr && !verdict.allowed) {
            find_allowing(data, *audience, facts.port, request, verdict);
        }
    }
    for (const Audience* audience : listed.audiences.both()) {
        if (audience != nullptr && !verdict.allowed) {
            find_nearest(data, *audience, facts.port, verdict);
        }
    }
    return verdict;
}

Verdict decide_tcp(const Snapshot& snapshot, const TcpFacts& facts) {
    const bool is_opaque = snapshot.is_opaque(facts.port);
    return decide_by_port(
        snapshot.data(),
        facts.peer,
        facts.peer_address,
        [&](const CompiledTarget& target) { return judge_tcp(target, facts.port, is_opaque); }
    );
}

Verdict decide_udp(const Snapshot& snapshot, const UdpFacts& facts) {
    return decide_by_port(
        snapshot.data(),
        facts.peer,
        facts.peer_address,
        [&](const CompiledTarget& target) { return judge_udp(target, facts.port); }
    );
}

bool has_path_rules(const Snapshot& snapshot, std::uint16_t port) {
    return snapshot.data().path_rule_ports.contains(port);
}

}  // namespace policy
