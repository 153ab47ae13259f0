// explain_access: decide() once more, target by target.
#include "policy/decide.hpp"
#include "policy/explain.hpp"
#include "policy/explain_parts.hpp"
#include "policy/explain_target.hpp"
#include "policy/judge.hpp"
#include "policy/snapshot_data.hpp"

#include <algorithm>
#include <cassert>
#include <tuple>
#include <utility>

namespace policy {
namespace {

/// The order of "nearest", as in decide(): those that do not list the peer stand behind those that
/// do, and among them come first those that have the port and the protocol.
enum class Nearness : std::uint8_t { invalid, unlisted, unlisted_fits, port, protocol, route };

struct Candidate {
    Nearness nearness = Nearness::invalid;
    bool is_verdicts = false;  // the one that decide() names
    ConsideredTarget target;
};

Nearness nearness_of(Reason failed) {
    if (failed == Reason::port_not_allowed) {
        return Nearness::port;
    }
    return failed == Reason::protocol_not_allowed ? Nearness::protocol : Nearness::route;
}

std::string_view nearest_word(Reason failed) {
    if (failed == Reason::port_not_allowed) {
        return "port";
    }
    return failed == Reason::protocol_not_allowed ? "protocol" : "method, path or header";
}

bool matches_any(const std::vector<const HttpRule*>& rules, const HttpView& request) {
    return std::any_of(rules.begin(), rules.end(), [&](const HttpRule* rule) {
        return matches(*rule, request);
    });
}

/// The proxy reads no requests on an opaque port.
Protocol seen_protocol(const Snapshot& snapshot, const AccessQuestion& question) {
    const bool is_bytes = question.protocol == Protocol::http && snapshot.is_opaque(question.port);
    return is_bytes ? Protocol::tcp : question.protocol;
}

class AccessExplainer {
 public:
    AccessExplainer(const Snapshot& snapshot, const AccessQuestion& question)
        : snapshot_(snapshot),
          data_(snapshot.data()),
          question_(question),
          protocol_(seen_protocol(snapshot, question)),
          request_(judge_request(
              question.request, is_http() && has_path_rules(snapshot, question.port), data_.options
          )),
          is_refused_(request_.is_path_refused) {
        if (question.peer) {
            audiences_ = find_audiences(data_, *question.peer, question.peer_address);
        }
    }

    AccessExplanation explain() {
        answer_.asked = asked();
        answer_.mode = snapshot_.access_mode(question_.port);
        answer_.is_opaque = snapshot_.is_opaque(question_.port);
        answer_.mtls = snapshot_.mtls_mode(question_.port);
        if (is_http()) {
            answer_.dropped_headers = question_.request.dropped;
        }
        if (is_http() && !question_.request.malformed.empty()) {
            answer_.reason = Reason::malformed_request;
            answer_.detail =
                "the proxy answers 400 before it asks any target: " + question_.request.malformed;
            return std::move(answer_);
        }
        if (!question_.peer && answer_.mtls == MtlsMode::strict && protocol_ != Protocol::udp) {
            answer_.reason = Reason::mtls_required;
            answer_.detail = mtls_sentence();
            return std::move(answer_);
        }
        const Verdict verdict = decide();
        answer_.allowed = verdict.allowed;
        answer_.reason = verdict.reason;
        if (verdict.allowed) {
            add_rule(verdict.rule);
        } else {
            add_considered(verdict.rule);
            answer_.detail = denial_sentence();
        }
        if (answer_.is_opaque && protocol_ == Protocol::tcp) {
            answer_.detail = "port " + std::to_string(question_.port) +
                             " is opaque, so all that comes in there is bytes, requests too; " +
                             answer_.detail;
        }
        return std::move(answer_);
    }

 private:
    [[nodiscard]] bool is_http() const { return protocol_ == Protocol::http; }
    [[nodiscard]] const Identity* peer() const {
        return question_.peer ? &*question_.peer : nullptr;
    }
    [[nodiscard]] std::string peer_text() const {
        return question_.peer ? short_text(*question_.peer, data_.workload.trust_domain)
                              : std::string("an unauthenticated peer");
    }
    [[nodiscard]] std::string own_text() const {
        return data_.workload.name_space + '/' + data_.workload.service_account;
    }

    [[nodiscard]] std::string asked() const {
        const std::string what =
            question_.protocol == Protocol::http
                ? shown(question_.request.method) + ' ' + shown(question_.request.target)
                : protocol_text(question_.protocol);
        const std::string address =
            question_.peer_address ? " at " + question_.peer_address->text() : std::string();
        return what + " from " + peer_text() + address + " to port " +
               std::to_string(question_.port) + " of " + own_text();
    }

    [[nodiscard]] Verdict decide() const {
        if (is_refused_) {
            Verdict verdict;
            verdict.reason = Reason::path_refused;
            return verdict;
        }
        switch (protocol_) {
            case Protocol::tcp:
                return decide_tcp(snapshot_, {peer(), question_.port, question_.peer_address});
            case Protocol::udp:
                return decide_udp(snapshot_, {peer(), question_.port, question_.peer_address});
            case Protocol::http:
                break;
        }
        HttpFacts facts;
        facts.peer = peer();
        facts.peer_address = question_.peer_address;
        facts.port = question_.port;
        facts.method = question_.request.method;
        facts.path = request_.path;
        facts.authority = question_.request.authority;
        facts.headers = request_.fields;
        return decide_http(snapshot_, facts);
    }

    void add_rule(const RuleId& rule) {
        answer_.rule = AllowingRule{
            {std::string(rule.name_space), std::string(rule.name)}, std::string(rule.match)
        };
        answer_.detail = "TrafficTarget " + short_text(answer_.rule->target) + " allows it" +
                         (rule.match.empty() ? "" : ", match " + answer_.rule->match);
    }

    void add_considered(const RuleId& nearest) {
        std::vector<Candidate> candidates;
        for (std::uint32_t index = 0; index < data_.targets.size(); ++index) {
            candidates.push_back(consider(index));
            const ObjectName& name = data_.targets[index].name;
            candidates.back().is_verdicts =
                name.name == nearest.name && name.name_space == nearest.name_space;
        }
        for (const InvalidTarget& target : data_.invalid_targets) {
            candidates.push_back(
                {Nearness::invalid, false, {target.name, Reason::target_invalid, target.detail}}
            );
        }
        std::sort(
            candidates.begin(),
            candidates.end(),
            [](const Candidate& left, const Candidate& right) {
                return std::tie(right.nearness, right.is_verdicts, left.target.name) <
                       std::tie(left.nearness, left.is_verdicts, right.target.name);
            }
        );
        for (Candidate& candidate : candidates) {
            answer_.considered.push_back(std::move(candidate.target));
        }
    }

    [[nodiscard]] Candidate consider(std::uint32_t index) const {
        const CompiledTarget& target = data_.targets[index];
        if (!lists_peer(index)) {
            return consider_unlisted(target);
        }
        if (is_refused_) {
            return {
                Nearness::route,
                false,
                {target.name, Reason::path_refused, "no target can allow such a path"}
            };
        }
        const Reason failed = judge(target);
        assert(failed != Reason::allowed);
        const HttpView view = request_.view(question_.request);
        return {
            nearness_of(failed),
            false,
            {target.name, failed, failure_sentence(target, failed, question_, view)}
        };
    }

    [[nodiscard]] Candidate consider_unlisted(const CompiledTarget& target) const {
        const bool fits = judge(target) == Reason::allowed && !is_refused_;
        return {
            judge_port(target) == Reason::allowed ? Nearness::unlisted_fits : Nearness::unlisted,
            false,
            {target.name,
             question_.peer ? Reason::source_not_allowed : Reason::unauthenticated,
             sources_sentence(target, question_, data_.workload.trust_domain) +
                 (fits ? "; nothing else in it is against this" : "")}
        };
    }

    [[nodiscard]] bool lists_peer(std::uint32_t index) const {
        const auto has_it = [index](const Audience* audience) {
            return audience != nullptr &&
                   std::binary_search(audience->targets.begin(), audience->targets.end(), index);
        };
        return has_it(audiences_.by_identity) || has_it(audiences_.by_address);
    }

    /// Everything but the route, whoever asks.
    [[nodiscard]] Reason judge_port(const CompiledTarget& target) const {
        switch (protocol_) {
            case Protocol::tcp:
                return judge_tcp(target, question_.port, snapshot_.is_opaque(question_.port));
            case Protocol::udp:
                return judge_udp(target, question_.port);
            case Protocol::http:
                break;
        }
        return judge_http_port(target, question_.port);
    }

    /// Reason::allowed, or the first step that failed, whoever asks.
    [[nodiscard]] Reason judge(const CompiledTarget& target) const {
        const Reason failed = judge_port(target);
        const bool needs_route = failed == Reason::allowed && is_http() && target.has_http;
        return needs_route && !matches_any(target.http->rules, request_.view(question_.request))
                   ? Reason::route_not_allowed
                   : failed;
    }

    [[nodiscard]] std::string mtls_sentence() const {
        return "mTLS is strict on port " + std::to_string(question_.port) +
               ": who shows no certificate of the mesh is refused before any target is asked, "
               "whatever the access mode (policy.mtls, policy.ports, " +
               std::string(k_mtls_annotation) + ")";
    }

    [[nodiscard]] std::string denial_sentence() const {
        if (is_refused_) {
            return refused_path_sentence(question_.request);
        }
        if (answer_.reason == Reason::no_target) {
            return "no valid TrafficTarget has " + own_text() +
                   " as its destination, and without one everything is denied" +
                   (data_.workload.pod.empty()
                        ? "; a target may mean its pod by its labels: give --pod"
                        : "");
        }
        if (answer_.reason == Reason::unauthenticated) {
            return "the peer proved no identity, and targets allow identities only";
        }
        if (answer_.reason == Reason::source_not_allowed) {
            return "no TrafficTarget lists " + peer_text() + " among its sources";
        }
        const ConsideredTarget& nearest = answer_.considered.front();
        return "TrafficTarget " + short_text(nearest.name) + " lists the peer, but not for this " +
               std::string(nearest_word(nearest.failed));
    }

    const Snapshot& snapshot_;
    const SnapshotData& data_;
    const AccessQuestion& question_;
    Protocol protocol_;
    JudgedRequest request_;
    bool is_refused_;
    Audiences audiences_;  // of the peer
    AccessExplanation answer_;
};

}  // namespace

AccessExplanation explain_access(const Snapshot& snapshot, const AccessQuestion& question) {
    return AccessExplainer(snapshot, question).explain();
}

}  // namespace policy
