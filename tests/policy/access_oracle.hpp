// What a world of access_model.hpp allows: smi.md §1.5 A*, §1.6 and §1.7, clause by clause, slowly.
// Shared by the test and the fuzz target of decide().
#pragma once

#include "policy/compile.hpp"
#include "policy/decide.hpp"
#include "policy/inventory.hpp"
#include "tests/policy/access_model.hpp"

#include <algorithm>
#include <string>
#include <vector>

namespace policy::test {

class AccessOracle {
 public:
    explicit AccessOracle(const ModelWorld& world) : world_(world) {}

    /// A1, U28: an OR over the targets, never the first that matches.
    [[nodiscard]] bool allows(const ModelQuestion& question) const {
        return std::any_of(world_.targets.begin(), world_.targets.end(), [&](const auto& target) {
            return is_valid(target) && lists(target, question) && allows(target, question);
        });
    }

 private:
    /// §1.7 valid(t), A8, U21, U22; U23 an unknown rule kind; §1.8 an unreadable field.
    [[nodiscard]] bool is_valid(const ModelTarget& target) const {
        const bool rules_are_known =
            std::all_of(target.rules.begin(), target.rules.end(), [](const ModelRule& rule) {
                return rule.kind == "TCPRoute" || rule.kind == "UDPRoute" ||
                       rule.kind == "HTTPRouteGroup";
            });
        return !target.is_broken && is_for_us(target) && !target.rules.empty() &&
               !target.sources.empty() && rules_are_known;
    }

    /// U9: the target's own namespace unless another one is written and switched on.
    [[nodiscard]] bool is_for_us(const ModelTarget& target) const {
        if (!target.destination) {
            return false;
        }
        const ModelSubject& to = *target.destination;
        const std::string name_space = to.name_space.empty() ? target.name_space : to.name_space;
        const bool is_near = name_space == target.name_space || world_.allow_cross_namespace;
        return to.kind == "ServiceAccount" && is_near && name_space == "shop" && to.name == "pay";
    }

    /// §1.7 src(t, peer), A3, A11; U10 no namespace; §1.8 an unknown kind spoils only its source.
    [[nodiscard]] static bool lists(const ModelTarget& target, const ModelQuestion& question) {
        if (!question.peer) {
            return false;
        }
        for (const ModelSubject& source : target.sources) {
            const std::string name_space =
                source.name_space.empty() ? target.name_space : source.name_space;
            if (source.kind == "ServiceAccount" && source.name == question.peer->name &&
                name_space == question.peer->name_space) {
                return true;
            }
        }
        return false;
    }

    /// §1.7, once the target is valid and lists the peer.
    [[nodiscard]] bool allows(const ModelTarget& target, const ModelQuestion& question) const {
        const bool has_tcp = has_rule(target, "TCPRoute");
        const bool has_http = has_rule(target, "HTTPRouteGroup");
        // A5: ANDed with the rest.
        if (target.port && *target.port != question.port) {
            return false;
        }
        switch (question.protocol) {
            case ModelProtocol::tcp: {  // U7, U8
                const bool is_opaque = world_.opaque_ports.contains(question.port);
                return has_tcp && opens(target, "TCPRoute", question.port) &&
                       (!has_http || is_opaque);
            }
            case ModelProtocol::http:  // A10, U5, U6
                return (!has_tcp || opens(target, "TCPRoute", question.port)) &&
                       (has_tcp || has_http) && (!has_http || matches(target, question));
        }
        return false;
    }

    [[nodiscard]] static bool has_rule(const ModelTarget& target, const std::string& kind) {
        return std::any_of(target.rules.begin(), target.rules.end(), [&](const ModelRule& rule) {
            return rule.kind == kind;
        });
    }

    /// p ∈ ports(routes of that kind): A6, A9, U11, U20, U25.
    [[nodiscard]] bool opens(const ModelTarget& target, const std::string& kind, std::uint16_t port)
        const {
        for (const ModelRule& rule : target.rules) {
            for (const ModelPortRoute& route : world_.port_routes) {
                const bool is_it = rule.kind == kind && route.kind == kind &&
                                   route.name == rule.name && route.name_space == target.name_space;
                const bool has_port =
                    route.ports.empty() ||
                    std::find(route.ports.begin(), route.ports.end(), port) != route.ports.end();
                if (is_it && !route.is_broken && has_port) {
                    return true;
                }
            }
        }
        return false;
    }

    /// Some m ∈ H_t holds: A4, U11, U19, U20, U30.
    [[nodiscard]] bool matches(const ModelTarget& target, const ModelQuestion& question) const {
        for (const ModelRule& rule : target.rules) {
            for (const ModelGroup& group : world_.groups) {
                const bool is_it = rule.kind == "HTTPRouteGroup" && group.name == rule.name &&
                                   group.name_space == target.name_space;
                if (is_it && matches(rule, group, question)) {
                    return true;
                }
            }
        }
        return false;
    }

    [[nodiscard]] bool matches(
        const ModelRule& rule, const ModelGroup& group, const ModelQuestion& question
    ) const {
        return std::any_of(group.matches.begin(), group.matches.end(), [&](const auto& match) {
            const bool is_listed =
                rule.matches.empty() ||
                std::find(rule.matches.begin(), rule.matches.end(), match.name) !=
                    rule.matches.end();
            return is_listed && holds(match, question.request, world_.modes);
        });
    }

    const ModelWorld& world_;
};

// --- The same questions to the real thing ---

inline Compiled compile_model(const ModelWorld& world, const std::string& manifests) {
    Inventory inventory("shop");
    inventory.replace_file("world.yaml", manifests);
    Options options;
    options.opaque_ports = world.opaque_ports;
    options.allow_cross_namespace_targets = world.allow_cross_namespace;
    options.path_regex = world.modes.full_paths ? RegexMode::full : RegexMode::start;
    options.header_regex = world.modes.full_headers ? RegexMode::full : RegexMode::search;
    return compile(inventory, {"cluster.local", "shop", "pay", "pay-1"}, options, 1);
}

inline Verdict ask(const Snapshot& snapshot, const ModelQuestion& question) {
    std::optional<Identity> peer;
    if (question.peer) {
        peer = Identity{"cluster.local", question.peer->name_space, question.peer->name};
    }
    const Identity* const proved = peer ? &*peer : nullptr;
    if (question.protocol == ModelProtocol::tcp) {
        TcpFacts facts;
        facts.peer = proved;
        facts.port = question.port;
        return decide_tcp(snapshot, facts);
    }
    std::vector<HeaderField> headers;
    for (const std::string& value : question.request.x_values) {
        headers.push_back({headers.size() % 2 == 0 ? "x" : "X", value});
    }
    HttpFacts facts;
    facts.peer = proved;
    facts.port = question.port;
    facts.method = question.request.method;
    facts.path = question.request.path;
    facts.authority = question.request.authority;
    facts.headers = headers;
    return decide_http(snapshot, facts);
}

inline std::string describe(const ModelQuestion& question) {
    std::string text = question.protocol == ModelProtocol::http ? "http" : "bytes";
    text += " from ";
    text += question.peer ? question.peer->name_space + '/' + question.peer->name : "nobody";
    text += " to port " + std::to_string(question.port) + ' ' + question.request.method + ' ' +
            question.request.path + " at \"" + question.request.authority + '"';
    for (const std::string& value : question.request.x_values) {
        text += ", x: \"" + value + '"';
    }
    return text;
}

}  // namespace policy::test
