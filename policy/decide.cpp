#include "policy/decide.hpp"

#include "policy/judge.hpp"
#include "policy/snapshot_data.hpp"

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

/// How far a target got before it failed: the furthest one is the nearest to allowing.
int progress(Reason failed) {
    if (failed == Reason::route_not_allowed) {
        return 3;
    }
    return failed == Reason::protocol_not_allowed ? 2 : 1;
}

/// Union over all targets that list the peer (U28): one that allows is enough, none can deny.
/// `judge` gives a target's TargetJudgement.
template <class Judge>
Verdict decide(const SnapshotData& data, const Identity* peer, const Judge& judge) {
    Verdict verdict;
    if (data.targets.empty()) {
        return verdict;
    }
    if (peer == nullptr) {
        verdict.reason = Reason::unauthenticated;
        return verdict;
    }
    const auto listed = data.targets_by_source.find(*peer);
    if (listed == data.targets_by_source.end()) {
        verdict.reason = Reason::source_not_allowed;
        verdict.rule = rule_id(data.targets.front(), nullptr);
        return verdict;
    }
    int nearest = 0;
    for (const std::uint32_t index : listed->second) {
        const CompiledTarget& target = data.targets[index];
        const TargetJudgement judgement = judge(target);
        if (judgement.reason == Reason::allowed) {
            return {true, Reason::allowed, rule_id(target, judgement.rule)};
        }
        if (progress(judgement.reason) > nearest) {
            nearest = progress(judgement.reason);
            verdict.reason = judgement.reason;
            verdict.rule = rule_id(target, nullptr);
        }
    }
    return verdict;
}

}  // namespace

TargetJudgement judge_http(
    const CompiledTarget& target, std::uint16_t port, const HttpView& request
) {
    // TCPRoute ∧ HTTPRouteGroup within the one target (U5); never across targets.
    if ((target.port && *target.port != port) ||
        (target.has_tcp && !target.tcp_ports.contains(port))) {
        return {Reason::port_not_allowed, nullptr};
    }
    if (!target.has_tcp && !target.has_http) {
        return {Reason::protocol_not_allowed, nullptr};
    }
    if (!target.has_http) {
        return {Reason::allowed, nullptr};  // a TCPRoute alone allows any HTTP on its ports (U6)
    }
    for (const HttpRule* rule : target.http_rules) {
        if (matches(*rule, request)) {
            return {Reason::allowed, rule};
        }
    }
    return {Reason::route_not_allowed, nullptr};
}

TargetJudgement judge_tcp(const CompiledTarget& target, std::uint16_t port, bool is_opaque) {
    if ((target.port && *target.port != port) ||
        (target.has_tcp && !target.tcp_ports.contains(port))) {
        return {Reason::port_not_allowed, nullptr};
    }
    // Bytes nobody parses cannot satisfy an HTTP match; where the port is declared opaque that
    // half of the target is out of reach and its TCPRoute decides (U7, U8).
    if (!target.has_tcp || (target.has_http && !is_opaque)) {
        return {Reason::protocol_not_allowed, nullptr};
    }
    return {Reason::allowed, nullptr};
}

Verdict decide_http(const Snapshot& snapshot, const HttpFacts& facts) {
    const HttpView request{method_key(facts.method), facts.path, facts.authority, facts.headers};
    return decide(snapshot.data(), facts.peer, [&](const CompiledTarget& target) {
        return judge_http(target, facts.port, request);
    });
}

Verdict decide_tcp(const Snapshot& snapshot, const TcpFacts& facts) {
    const bool is_opaque = snapshot.is_opaque(facts.port);
    return decide(snapshot.data(), facts.peer, [&](const CompiledTarget& target) {
        return judge_tcp(target, facts.port, is_opaque);
    });
}

bool has_path_rules(const Snapshot& snapshot, std::uint16_t port) {
    return snapshot.data().path_rule_ports.contains(port);
}

}  // namespace policy
