// Where a world of route_model.hpp sends a request: smi.md §1.5 T*, §1.6 U12–U18 and §1.8, clause
// by clause, slowly. Shared by the test and the fuzz target of route().
#pragma once

#include "policy/compile.hpp"
#include "policy/inventory.hpp"
#include "policy/route.hpp"
#include "tests/policy/route_model.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <vector>

namespace policy::test {

/// An answer, of the oracle or of route(), in the form in which they are compared.
struct ModelAnswer {
    Reason reason = Reason::unknown_service;
    std::string service, split;  // "ns/name", or empty
    struct Share {
        std::uint64_t weight = 0;
        std::set<std::string> endpoints;
    };
    std::map<std::string, Share> backends;  // by "ns/name:port"
};

class RouteOracle {
 public:
    explicit RouteOracle(const ModelRouteWorld& world) : world_(world) {}

    [[nodiscard]] ModelAnswer answer(const ModelAsk& ask) const {
        const bool is_udp = ask.transport == ModelTransport::udp;
        // T2: the ClusterIP that was dialled decides before anything else.
        if (ask.dialled) {
            const ModelService* service =
                find_cluster_ip(ask.dialled->first, ask.dialled->second, is_udp);
            if (service != nullptr) {
                const Root root{service->name_space, service->name};
                return answer_at(root, {is_udp, ask.dialled->second}, ask, false);
            }
        }
        if (ask.transport != ModelTransport::http || !ask.authority.is_valid) {
            return nowhere(ask, {});
        }
        // §1.8: an absent port is the one that was dialled, or 80.
        const std::uint16_t dialled_port = ask.dialled ? ask.dialled->second : std::uint16_t{80};
        const Port port{false, ask.authority.port.value_or(dialled_port)};
        if (!ask.authority.ip.empty()) {
            const ModelService* service =
                ask.dialled ? nullptr : find_cluster_ip(ask.authority.ip, port.number, false);
            return service == nullptr
                       ? nowhere(ask, {})
                       : answer_at({service->name_space, service->name}, port, ask, false);
        }
        const auto root = find_named(ask.authority.host);
        if (!root || !serves(*root, port)) {
            return nowhere(ask, root ? text_of(*root) : std::string());
        }
        // What was going elsewhere is taken away from there by a split alone.
        return answer_at(*root, port, ask, ask.dialled.has_value());
    }

 private:
    /// A Service's name, or a host that is none (then without a namespace).
    struct Root {
        std::string name_space, name;
        bool operator==(const Root&) const = default;
    };
    struct Port {
        bool is_udp = false;
        std::uint16_t number = 0;
    };

    // --- Services ---

    [[nodiscard]] const ModelService* find_service(
        const std::string& name_space, const std::string& name
    ) const {
        for (const ModelService& service : world_.services) {
            if (service.name_space == name_space && service.name == name) {
                return &service;
            }
        }
        return nullptr;
    }

    [[nodiscard]] static const ModelServicePort* find_port(
        const ModelService& service, const Port& port
    ) {
        for (const ModelServicePort& candidate : service.ports) {
            if (candidate.number == port.number && candidate.is_udp == port.is_udp) {
                return &candidate;
            }
        }
        return nullptr;
    }

    [[nodiscard]] const ModelService* find_cluster_ip(
        const std::string& ip, std::uint16_t number, bool is_udp
    ) const {
        for (const ModelService& service : world_.services) {
            if (service.cluster_ip == ip && find_port(service, {is_udp, number}) != nullptr) {
                return &service;
            }
        }
        return nullptr;
    }

    /// T6: each Service's own pods at its own targetPort; the ready ones.
    [[nodiscard]] static std::set<std::string> endpoints(
        const ModelService& service, const ModelServicePort& port
    ) {
        // A slice that lists no ports at all leaves them to the Service.
        const bool lists_none =
            service.has_bare_slice ||
            std::none_of(service.ports.begin(), service.ports.end(), [](const auto& other) {
                return other.is_served;
            });
        std::set<std::string> addresses;
        for (const auto& [address, is_ready] : service.pods) {
            if (is_ready && (port.is_served || lists_none)) {
                addresses.insert(address + ':' + std::to_string(port.pod_port));
            }
        }
        return addresses;
    }

    // --- Splits ---

    /// What the split is for: nothing when it is unreadable or names the Service of another
    /// namespace, for which it cannot speak.
    [[nodiscard]] std::optional<Root> root_of(const ModelSplit& split) const {
        const ModelHost& root = split.root;
        if (split.is_broken) {
            return std::nullopt;
        }
        if (root.name.empty()) {
            return Root{"", root.folded};
        }
        if (root.name_space == split.name_space) {
            return Root{root.name_space, root.name};
        }
        // "name.ns" may be any host, as long as that is no Service.
        const bool is_host = !root.is_long && find_service(root.name_space, root.name) == nullptr;
        return is_host ? std::optional(Root{"", root.folded}) : std::nullopt;
    }

    /// The splits of a root in the order of U13.
    [[nodiscard]] std::vector<const ModelSplit*> splits_of(const Root& root) const {
        std::vector<const ModelSplit*> splits;
        for (const ModelSplit& split : world_.splits) {
            if (root_of(split) == root) {
                splits.push_back(&split);
            }
        }
        std::sort(splits.begin(), splits.end(), [](const auto* left, const auto* right) {
            const auto rank = [](const ModelSplit& split) {
                return std::tuple(
                    split.matches.empty(), k_ages[split.age].order, split.name, split.name_space
                );
            };
            return rank(*left) < rank(*right);
        });
        return splits;
    }

    /// T3: a Service of the split's own namespace.
    [[nodiscard]] const ModelService* find_backend(
        const ModelSplit& split, const ModelBackend& backend
    ) const {
        return backend.service.name_space == split.name_space
                   ? find_service(split.name_space, backend.service.name)
                   : nullptr;
    }

    /// Thousandths, or -1 when invalid (§1.3, §1.8).
    [[nodiscard]] static long long weight_of(const ModelSplit& split, const ModelBackend& backend) {
        return split.version == 1 ? backend.weight.quantity : backend.weight.number;
    }

    /// T10, T11, U17, U18; §1.8: what does not resolve hits nothing.
    [[nodiscard]] bool applies(const ModelSplit& split, const ModelAsk& ask) const {
        if (split.matches.empty()) {
            return true;
        }
        for (const ModelSplitMatch& match : split.matches) {
            for (const ModelGroup& group : world_.groups) {
                const bool is_it = match.kind == "HTTPRouteGroup" && group.name == match.name &&
                                   group.name_space == split.name_space;
                const bool is_hit =
                    std::any_of(group.matches.begin(), group.matches.end(), [&](const auto& m) {
                        return holds(m, ask.request, {});
                    });
                if (ask.transport == ModelTransport::http && is_it && is_hit) {
                    return true;
                }
            }
        }
        return false;
    }

    // --- Answers ---

    [[nodiscard]] std::string text_of(const Root& root) const {
        // A host that is no Service goes by the namespace of the first split that is for it.
        return (root.name_space.empty() ? splits_of(root).front()->name_space : root.name_space) +
               '/' + root.name;
    }

    [[nodiscard]] static ModelAnswer nowhere(const ModelAsk& ask, const std::string& service) {
        ModelAnswer answer;
        answer.reason = ask.dialled ? Reason::passthrough : Reason::unknown_service;
        answer.service = ask.dialled ? "" : service;
        return answer;
    }

    /// §1.8: all forms of a name work; a root need not be a Service.
    [[nodiscard]] std::optional<Root> find_named(const ModelHost& host) const {
        Root service{host.name_space, host.name};
        if (!host.name.empty() &&
            (find_service(host.name_space, host.name) != nullptr || !splits_of(service).empty())) {
            return service;
        }
        const Root other{"", host.folded};
        return splits_of(other).empty() ? std::nullopt : std::optional(other);
    }

    /// §1.8: a root without a Service is there at any port that a backend of a split of it has.
    [[nodiscard]] bool serves(const Root& root, const Port& port) const {
        const ModelService* service = find_service(root.name_space, root.name);
        if (service != nullptr && !service->ports.empty()) {
            return find_port(*service, port) != nullptr;
        }
        for (const ModelSplit* split : splits_of(root)) {
            for (const ModelBackend& backend : split->backends) {
                const ModelService* behind = find_backend(*split, backend);
                if (behind != nullptr && find_port(*behind, port) != nullptr) {
                    return true;
                }
            }
        }
        return false;
    }

    [[nodiscard]] ModelAnswer answer_at(
        const Root& root, const Port& port, const ModelAsk& ask, bool only_splits
    ) const {
        for (const ModelSplit* split : splits_of(root)) {
            if (applies(*split, ask)) {
                return share_out(root, port, *split);
            }
        }
        const ModelService* service = find_service(root.name_space, root.name);
        const ModelServicePort* at = service == nullptr ? nullptr : find_port(*service, port);
        if (at == nullptr || only_splits) {
            return nowhere(ask, text_of(root));
        }
        ModelAnswer answer;
        answer.service = text_of(root);
        add(*service, *at, 1, answer);
        answer.reason = answer.backends.empty() ? Reason::no_endpoint : Reason::routed;
        return answer;
    }

    /// T4–T6, T8, T12, U12, U14–U16: the usable backends share by weight; none of them is no
    /// answer, and never the root instead.
    [[nodiscard]] ModelAnswer share_out(const Root& root, const Port& port, const ModelSplit& split)
        const {
        ModelAnswer answer;
        answer.service = text_of(root);
        answer.split = split.name_space + '/' + split.name;
        for (const ModelBackend& backend : split.backends) {
            const ModelService* service = find_backend(split, backend);
            const ModelServicePort* at =
                service == nullptr ? nullptr : find_port(*service, port);  // T5
            if (at != nullptr && weight_of(split, backend) > 0) {
                add(*service, *at, static_cast<std::uint64_t>(weight_of(split, backend)), answer);
            }
        }
        answer.reason = answer.backends.empty() ? Reason::split_no_backend : Reason::routed;
        return answer;
    }

    /// A backend without a ready endpoint gets nothing (U16); one that comes twice adds up.
    static void add(
        const ModelService& service,
        const ModelServicePort& port,
        std::uint64_t weight,
        ModelAnswer& answer
    ) {
        const std::set<std::string> ready = endpoints(service, port);
        if (!ready.empty()) {
            auto& share =
                answer.backends
                    [service.name_space + '/' + service.name + ':' + std::to_string(port.number)];
            share.weight += weight;
            share.endpoints = ready;
        }
    }

    const ModelRouteWorld& world_;
};

// --- The same questions to the real thing ---

inline Compiled compile_model(const ModelRouteWorld& world, const std::string& manifests) {
    Inventory inventory("shop");
    inventory.replace_file("world.yaml", manifests);
    return compile(inventory, {"cluster.local", world.caller, "client", "client-1"}, {}, 1);
}

inline ModelAnswer to_answer(const Route& route) {
    ModelAnswer answer;
    answer.reason = route.reason;
    const auto joined = [](std::string_view name_space, std::string_view name) {
        return name.empty() ? std::string() : std::string(name_space) + '/' + std::string(name);
    };
    answer.service = joined(route.service_namespace, route.service_name);
    answer.split = joined(route.split_namespace, route.split_name);
    for (const WeightedBackend& weighted : route.backends) {
        const Backend& backend = *weighted.backend;
        auto& share =
            answer.backends
                [joined(backend.name_space, backend.service) + ':' + std::to_string(backend.port)];
        share.weight += weighted.weight;
        for (const Endpoint& endpoint : backend.endpoints) {
            share.endpoints.insert(endpoint.address.text());
        }
    }
    return answer;
}

inline ModelAnswer ask(const Snapshot& snapshot, const ModelAsk& ask) {
    std::optional<SocketAddress> dialled;
    if (ask.dialled) {
        dialled =
            parse_socket_address(ask.dialled->first + ':' + std::to_string(ask.dialled->second));
    }
    switch (ask.transport) {
        case ModelTransport::tcp:
            return to_answer(route_tcp(snapshot, {*dialled}));
        case ModelTransport::udp:
            return to_answer(route_udp(snapshot, {*dialled}));
        case ModelTransport::http:
            break;
    }
    std::vector<HeaderField> headers;
    for (const std::string& value : ask.request.x_values) {
        headers.push_back({"x", value});
    }
    HttpRouteFacts facts;
    facts.authority = ask.authority.text;
    facts.destination = dialled;
    facts.method = ask.request.method;
    facts.path = ask.request.path;
    facts.headers = headers;
    return to_answer(route_http(snapshot, facts));
}

/// Weights are relative (T4): what counts is each one's part of the whole.
inline bool are_same(const ModelAnswer& left, const ModelAnswer& right) {
    const auto sum = [](const ModelAnswer& answer) {
        unsigned __int128 weights = 0;
        for (const auto& [name, share] : answer.backends) {
            weights += share.weight;
        }
        return weights;
    };
    const auto is_same_share = [&](const auto& one, const auto& other) {
        return one.first == other.first && one.second.endpoints == other.second.endpoints &&
               one.second.weight * sum(right) == other.second.weight * sum(left);
    };
    return left.reason == right.reason && left.service == right.service &&
           left.split == right.split &&
           std::equal(
               left.backends.begin(),
               left.backends.end(),
               right.backends.begin(),
               right.backends.end(),
               is_same_share
           );
}

inline std::string describe(const ModelAnswer& answer) {
    std::string text(to_string(answer.reason));
    text += " service " + answer.service + " split " + answer.split;
    for (const auto& [name, share] : answer.backends) {
        text += ", " + name + " by " + std::to_string(share.weight) + " to";
        for (const std::string& endpoint : share.endpoints) {
            text += ' ' + endpoint;
        }
    }
    return text;
}

inline std::string describe(const ModelRouteWorld& world, const ModelAsk& ask) {
    constexpr std::array<const char*, 3> words{"http", "bytes", "a datagram"};
    std::string text = words[static_cast<std::size_t>(ask.transport)];
    text += " from namespace " + world.caller + ", Host \"" + ask.authority.text + "\" dialled ";
    text +=
        ask.dialled ? ask.dialled->first + ':' + std::to_string(ask.dialled->second) : "nothing";
    text += ' ' + ask.request.method + ' ' + ask.request.path;
    for (const std::string& value : ask.request.x_values) {
        text += ", x: \"" + value + '"';
    }
    return text;
}

}  // namespace policy::test
