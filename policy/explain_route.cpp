// explain_route: route() once more, with what it passed over.
#include "policy/explain.hpp"
#include "policy/explain_parts.hpp"
#include "policy/route.hpp"
#include "policy/route_steps.hpp"
#include "policy/service_name.hpp"
#include "policy/snapshot_data.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

namespace policy {
namespace {

/// Weights are kept in thousandths: "90", "500m" (Kubernetes' quantity).
std::string weight_text(std::uint64_t milli) {
    return milli % 1000 == 0 ? std::to_string(milli / 1000) : std::to_string(milli) + 'm';
}

/// The Service that a split means by `service`, in any form of its name.
ObjectName backend_name(const ObjectName& split, const std::string& service) {
    const FoldedHost folded(service);
    const auto name = parse_service_name(folded.text(), split.name_space);
    return name ? ObjectName{std::string(name->name_space), std::string(name->name)}
                : ObjectName{split.name_space, service};
}

class RouteExplainer {
 public:
    RouteExplainer(const Snapshot& snapshot, const RouteQuestion& question)
        : snapshot_(snapshot), data_(snapshot.data()), question_(question) {
        facts_.authority = question.request.authority;
        facts_.destination = question.destination;
        facts_.method = question.request.method;
    }

    RouteExplanation explain() {
        answer_.asked = asked();
        if (is_http() && !question_.request.malformed.empty()) {
            answer_.reason = Reason::malformed_request;
            answer_.detail = "the proxy answers 400 before it looks for a Service: " +
                             question_.request.malformed;
            return std::move(answer_);
        }
        const bool is_udp = question_.protocol == Protocol::udp;
        const Named named = find_named(data_, facts_, is_udp ? Transport::udp : Transport::tcp);
        request_ = judge_request(
            question_.request, is_http() && has_path_rules(snapshot_, facts_), data_.options
        );
        if (is_http()) {
            answer_.dropped_headers = question_.request.dropped;
        }
        if (request_.is_path_refused) {
            answer_.reason = Reason::path_refused;
            answer_.detail = refused_path_sentence(question_.request);
            return std::move(answer_);
        }
        facts_.path = request_.path;
        facts_.headers = request_.fields;
        const Route route = find_route(named);
        fill(named, route);
        return std::move(answer_);
    }

 private:
    [[nodiscard]] bool is_http() const { return question_.protocol == Protocol::http; }

    [[nodiscard]] std::string asked() const {
        const std::string what =
            is_http() ? shown(question_.request.method) + ' ' + shown(question_.request.target)
                      : protocol_text(question_.protocol);
        const bool has_other_host = is_http() && question_.request.authority != question_.host;
        return what + " from " + data_.workload.name_space + '/' + data_.workload.service_account +
               " to " + shown(question_.host) +
               (has_other_host ? " (host " + shown(question_.request.authority) + ')' : "");
    }

    [[nodiscard]] Route find_route(const Named& named) const {
        if (is_http()) {
            return route_http(snapshot_, facts_);
        }
        if (!question_.destination) {
            return route_opaque(named.entry);  // as if the ClusterIP behind the name were dialled
        }
        return question_.protocol == Protocol::tcp ? route_tcp(snapshot_, {*question_.destination})
                                                   : route_udp(snapshot_, {*question_.destination});
    }

    void fill(const Named& named, const Route& route) {
        answer_.reason =
            route.reason == Reason::unknown_service ? Reason::passthrough : route.reason;
        if (named.entry != nullptr) {
            add_tried(*named.entry, route);
        }
        if (answer_.reason == Reason::passthrough) {
            answer_.detail = passthrough_sentence(named);
            return;
        }
        answer_.service =
            ObjectName{std::string(route.service_namespace), std::string(route.service_name)};
        if (!route.split_name.empty()) {
            answer_.split =
                ObjectName{std::string(route.split_namespace), std::string(route.split_name)};
        }
        add_backends(route);
        add_excluded(route);
        answer_.detail = routed_sentence(named);
    }

    void add_backends(const Route& route) {
        std::uint64_t total = 0;
        for (const WeightedBackend& weighted : route.backends) {
            total += weighted.weight;
        }
        for (const WeightedBackend& weighted : route.backends) {
            ExplainedBackend backend;
            backend.service = {weighted.backend->name_space, weighted.backend->service};
            backend.port = weighted.backend->port;
            backend.weight = answer_.split ? weight_text(weighted.weight) : "1";
            backend.share = static_cast<double>(weighted.weight) / static_cast<double>(total);
            for (const Endpoint& endpoint : weighted.backend->endpoints) {
                backend.endpoints.push_back(endpoint.address.text());
            }
            answer_.backends.push_back(std::move(backend));
        }
    }

    void add_tried(const DestinationPort& entry, const Route& route) {
        bool is_decided = false;
        for (const SplitAtPort& at_port : entry.splits) {
            TriedSplit tried;
            tried.name = at_port.split->name;
            const bool is_hit = tried.name.name == route.split_name &&
                                tried.name.name_space == route.split_namespace;
            if (is_decided) {
                tried.detail = "another split comes before it and took this";
            } else if (is_hit) {
                is_decided = true;
                tried.outcome = TriedSplit::Outcome::applies;
                tried.detail = hit_sentence(*at_port.split);
            } else {
                tried.outcome = TriedSplit::Outcome::no_match;
                tried.detail = miss_sentence(*at_port.split);
            }
            answer_.tried.push_back(std::move(tried));
        }
    }

    void add_excluded(const Route& route) {
        for (const ExcludedBackend& excluded : route.excluded) {
            answer_.excluded.push_back(
                {backend_name(*answer_.split, excluded.service), excluded.reason}
            );
        }
    }

    [[nodiscard]] std::string hit_sentence(const CompiledSplit& split) const {
        if (!split.has_matches) {
            return "it has no matches, so it takes everything";
        }
        const HttpView view = request_.view(question_.request);
        const auto hit = std::find_if(
            split.list->rules.begin(),
            split.list->rules.end(),
            [&](const HttpRule* rule) { return matches(*rule, view); }
        );
        return "match " + shown((*hit)->name) + " fits";
    }

    [[nodiscard]] std::string miss_sentence(const CompiledSplit& split) const {
        if (!is_http()) {
            return "it has matches, which only HTTP requests can satisfy";
        }
        if (split.list->rules.empty()) {
            return "none of the HTTP matches that it names exists and can be used";
        }
        return find_failures(split.list->rules, request_.view(question_.request));
    }

    [[nodiscard]] std::string routed_sentence(const Named& named) const {
        if (answer_.reason == Reason::no_endpoint) {
            return "Service " + short_text(*answer_.service) + " has no ready endpoint: 503";
        }
        if (answer_.reason == Reason::split_no_backend) {
            return "TrafficSplit " + short_text(*answer_.split) +
                   " applies, but none of its backends can be used: 503, and never the root "
                   "instead";
        }
        if (!is_http() && !question_.destination && named.destination->cluster_ips.empty()) {
            return "as if it had a ClusterIP, by which such traffic is known; it has none here, so "
                   "it goes on to whichever address was dialled";
        }
        return answer_.split ? "TrafficSplit " + short_text(*answer_.split) + " applies"
                             : std::string("no TrafficSplit applies: the Service's own endpoints");
    }

    [[nodiscard]] std::string passthrough_sentence(const Named& named) const {
        const std::string host = shown(question_.host);
        const std::string rest =
            "; redirected traffic goes on to where it was going, and 502 unknown_service answers "
            "who addresses the proxy itself";
        if (question_.destination) {
            const Endpoint* endpoint = snapshot_.find_endpoint(*question_.destination);
            if (endpoint != nullptr) {
                return host + " is an endpoint itself" +
                       (endpoint->pod.empty() ? "" : ", pod " + endpoint->pod) +
                       (endpoint->meshed && endpoint->identity
                            ? ", which must prove to be " + endpoint->identity->uri()
                            : ", outside the mesh: plaintext") +
                       ": traffic goes there";
            }
            return host + " is no ClusterIP with that port" + rest;
        }
        if (named.entry != nullptr) {
            return "there is no Service " + short_text(named.destination->name) +
                   ", and no TrafficSplit for it applies" + rest;
        }
        if (named.destination != nullptr) {
            return short_text(named.destination->name) + " is known, but not with that port" + rest;
        }
        return "no Service is called " + host + rest;
    }

    const Snapshot& snapshot_;
    const SnapshotData& data_;
    const RouteQuestion& question_;
    HttpRouteFacts facts_;
    JudgedRequest request_;
    RouteExplanation answer_;
};

}  // namespace

RouteExplanation explain_route(const Snapshot& snapshot, const RouteQuestion& question) {
    return RouteExplainer(snapshot, question).explain();
}

}  // namespace policy
