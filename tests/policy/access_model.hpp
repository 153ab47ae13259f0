// Small random worlds for access, and their manifests. What they mean is said in access_oracle.hpp.
#pragma once

#include "tests/policy/dice.hpp"
#include "tests/policy/http_model.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace policy::test {

struct ModelSubject {
    std::string kind, name_space, name;  // an empty namespace is not written
};
struct ModelRule {
    std::string kind, name;
    std::vector<std::string> matches;
};
struct ModelTarget {
    std::string name_space, name;
    std::optional<ModelSubject> destination;
    std::optional<std::uint16_t> port;
    std::vector<ModelSubject> sources;
    std::vector<ModelRule> rules;
    bool is_broken = false;  // one of its fields has the wrong type
};
/// TCPRoute or UDPRoute.
struct ModelPortRoute {
    std::string kind, name_space, name;
    std::vector<std::uint16_t> ports;
    bool is_broken = false;  // one of its ports is no number
};
/// A world as seen by the workload shop/pay.
struct ModelWorld {
    std::vector<ModelTarget> targets;
    std::vector<ModelGroup> groups;
    std::vector<ModelPortRoute> port_routes;
    std::set<std::uint16_t> opaque_ports;
    bool allow_cross_namespace = false;
    ModelModes modes;
};
enum class ModelProtocol { http, tcp };
struct ModelQuestion {
    ModelProtocol protocol = ModelProtocol::http;
    std::optional<ModelSubject> peer;  // proved; of kind ServiceAccount
    std::uint16_t port = 80;
    ModelRequest request;
};

constexpr std::array<std::uint16_t, 3> k_pod_ports{80, 8080, 9090};
constexpr std::array<const char*, 2> k_namespaces{"shop", "bank"};
constexpr std::array<const char*, 3> k_accounts{"web", "cart", "ghost"};

// --- Making some ---

inline std::vector<std::uint16_t> random_ports(Dice& dice) {
    std::vector<std::uint16_t> ports;
    for (int i = dice.below(3); i > 0; --i) {
        ports.push_back(dice.pick(k_pod_ports));
    }
    return ports;
}

inline ModelSubject random_source(Dice& dice) {
    ModelSubject source{"ServiceAccount", "shop", dice.pick(k_accounts)};
    source.kind = dice.one_in(12) ? "Group" : source.kind;
    const int where = dice.below(6);
    source.name_space = where == 5 ? "" : where == 4 ? "bank" : "shop";
    return source;
}

inline ModelRule random_rule(Dice& dice) {
    ModelRule rule;
    rule.kind = dice.pick(std::array<const char*, 5>{
        "TCPRoute", "HTTPRouteGroup", "TCPRoute", "HTTPRouteGroup", "UDPRoute"
    });
    rule.kind = dice.one_in(30) ? "OddRoute" : rule.kind;
    rule.name = dice.pick(std::array<const char*, 4>{"a", "b", "c", "gone"});
    for (int i = std::max(dice.below(5) - 2, 0); i > 0; --i) {
        rule.matches.emplace_back(dice.pick(k_match_names));
    }
    return rule;
}

inline ModelTarget random_target(Dice& dice, std::size_t index) {
    ModelTarget target;
    target.name_space = dice.one_in(8) ? "bank" : "shop";
    target.name = 't' + std::to_string(index);
    if (!dice.one_in(25)) {
        ModelSubject destination{"ServiceAccount", "shop", "pay"};
        destination.name = dice.one_in(10) ? "other" : destination.name;
        destination.kind = dice.one_in(20) ? "Group" : destination.kind;
        const int where = dice.below(8);
        destination.name_space = where == 7 ? "bank" : where == 6 ? "" : "shop";
        target.destination = destination;
        if (dice.one_in(5)) {
            target.port = dice.pick(k_pod_ports);
        }
    }
    for (int i = dice.below(4); i > 0; --i) {
        target.sources.push_back(random_source(dice));
    }
    for (int i = dice.below(4); i > 0; --i) {
        target.rules.push_back(random_rule(dice));
    }
    target.is_broken = dice.one_in(20);
    return target;
}

/// Every route has its name in a namespace only once, as in a cluster.
inline ModelWorld random_world(Dice& dice) {
    ModelWorld world;
    for (const char* const name_space : k_namespaces) {
        for (const char* const name : {"a", "b", "c"}) {
            for (const char* const kind : {"TCPRoute", "UDPRoute"}) {
                if (!dice.one_in(8)) {
                    world.port_routes.push_back({kind, name_space, name, random_ports(dice)});
                    world.port_routes.back().is_broken = dice.one_in(20);
                }
            }
            if (!dice.one_in(8)) {
                world.groups.push_back({name_space, name, {}});
                for (int i = dice.below(4); i > 0; --i) {
                    world.groups.back().matches.push_back(random_match(dice));
                }
            }
        }
    }
    const auto targets = static_cast<std::size_t>(dice.below(6));
    for (std::size_t i = 0; i < targets; ++i) {
        world.targets.push_back(random_target(dice, i));
    }
    for (const std::uint16_t port : random_ports(dice)) {
        world.opaque_ports.insert(port);
    }
    world.allow_cross_namespace = dice.one_in(3);
    world.modes = {dice.one_in(4), dice.one_in(4)};
    return world;
}

inline ModelQuestion random_question(Dice& dice) {
    ModelQuestion question;
    question.protocol =
        dice.pick(std::array{ModelProtocol::http, ModelProtocol::http, ModelProtocol::tcp});
    if (!dice.one_in(10)) {
        question.peer = {"ServiceAccount", dice.one_in(5) ? "bank" : "shop", dice.pick(k_accounts)};
    }
    question.port = dice.pick(k_pod_ports);
    question.request = random_http_request(dice);
    return question;
}

// --- Their manifests, each in a random one of the versions that can say it (smi.md §1.1, §1.2) ---

inline std::string flow_text(const ModelSubject& subject, const std::string& more = {}) {
    return "{kind: " + subject.kind + ", name: " + subject.name +
           (subject.name_space.empty() ? "" : ", namespace: " + subject.name_space) + more + '}';
}

inline std::string manifest(const ModelPortRoute& route, Dice& dice) {
    std::vector<std::string> ports;
    for (const std::uint16_t port : route.ports) {
        ports.push_back(std::to_string(port));
    }
    if (route.is_broken) {
        ports.emplace_back(".nan");
    }
    std::string text = "---\napiVersion: specs.smi-spec.io/v1alpha";
    const bool is_marker = ports.empty() && route.kind == "TCPRoute" && dice.one_in(2);
    text += is_marker ? std::to_string(1 + dice.below(3)) : "4";
    text += "\nkind: " + route.kind + "\nmetadata: {name: " + route.name +
            ", namespace: " + route.name_space + "}\n";
    return text + (is_marker ? "" : "spec: {matches: {ports: " + flow_list(ports) + "}}\n");
}

inline std::string manifest(const ModelTarget& target, Dice& dice) {
    const int version = 1 + dice.below(4);
    std::vector<std::string> sources;
    for (const ModelSubject& source : target.sources) {
        sources.push_back(flow_text(source));
    }
    std::vector<std::string> rules;
    for (const ModelRule& rule : target.rules) {
        rules.push_back(
            "{kind: " + rule.kind + ", name: " + rule.name +
            (rule.matches.empty() ? "" : ", matches: " + flow_list(rule.matches)) + '}'
        );
    }
    if (target.is_broken) {
        rules.emplace_back("{kind: TCPRoute, name: [a]}");
    }
    std::string fields = "sources: " + flow_list(sources) +
                         (version == 1 ? ", specs: " : ", rules: ") + flow_list(rules);
    if (target.destination) {
        std::string port;
        if (target.port) {
            const char* const quote = dice.one_in(2) ? "\"" : "";
            port = std::string(", port: ") + quote + std::to_string(*target.port) + quote;
        }
        fields += ", destination: " + flow_text(*target.destination, port);
    }
    const std::string head = "apiVersion: access.smi-spec.io/v1alpha" + std::to_string(version) +
                             ", kind: TrafficTarget, metadata: {name: " + target.name +
                             ", namespace: " + target.name_space + "}, ";
    return "--- {" + head + (version == 1 ? fields : "spec: {" + fields + '}') + "}\n";
}

inline std::string manifests(const ModelWorld& world, Dice& dice) {
    std::string text;
    for (const ModelGroup& group : world.groups) {
        text += manifest(group, dice);
    }
    for (const ModelPortRoute& route : world.port_routes) {
        text += manifest(route, dice);
    }
    for (const ModelTarget& target : world.targets) {
        text += manifest(target, dice);
    }
    return text;
}

}  // namespace policy::test
