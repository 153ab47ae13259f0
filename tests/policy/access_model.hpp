// Small random worlds for access, and their manifests. What they mean is said in access_oracle.hpp.
#pragma once

#include "policy/identity.hpp"
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
struct ModelBinding {
    std::string name_space, name;
    std::optional<std::string> service_account;
    std::vector<std::size_t> ids;          // of model_ids()
    std::optional<std::string> pod_label;  // value of "app"; "" is an empty matchLabels
    bool is_broken = false;                // a further selector narrows it, in a way nobody reads
};
/// A world as seen by the workload shop/pay in pod pay-1, beside the pods of k_pods.
struct ModelWorld {
    std::vector<ModelTarget> targets;
    std::vector<ModelBinding> bindings;
    std::vector<ModelGroup> groups;
    std::vector<ModelPortRoute> port_routes;
    std::set<std::uint16_t> opaque_ports;
    bool allow_cross_namespace = false;
    ModelModes modes;
};
enum class ModelProtocol { http, tcp, udp };
struct ModelQuestion {
    ModelProtocol protocol = ModelProtocol::http;
    std::optional<Identity> peer;        // as proved
    std::optional<std::string> address;  // where it comes from, when that is known
    std::uint16_t port = 80;
    ModelRequest request;
};

constexpr std::array<std::uint16_t, 3> k_pod_ports{80, 8080, 9090};
constexpr std::array<const char*, 2> k_namespaces{"shop", "bank"};
constexpr std::array<const char*, 3> k_accounts{"web", "cart", "ghost"};
constexpr std::array<const char*, 2> k_binding_names{"x", "y"};

struct ModelPod {
    const char *name_space, *name, *label, *address;
};
constexpr std::array<ModelPod, 6> k_pods{{
    {"shop", "web-1", "web", "10.1.0.1"},
    {"shop", "cart-1", "cart", "10.1.0.2"},
    {"shop", "twin-1", "web", "10.1.0.3"},
    {"shop", "twin-2", "cart", "10.1.0.3"},  // nobody can tell the two apart
    {"bank", "web-1", "web", "10.1.0.4"},
    {"shop", "pay-1", "pay", "10.1.0.5"},
}};
constexpr std::array<const char*, 6> k_addresses{
    "10.1.0.1", "10.1.0.2", "10.1.0.3", "10.1.0.4", "10.1.0.5", "10.1.0.6"
};

/// A SPIFFE ID as a binding may write it, and whom that is: nobody when it is none.
struct ModelId {
    std::string text;
    std::optional<Identity> means;
    std::string name_space;  // that it speaks of, in whatever form
};
inline const std::vector<ModelId>& model_ids() {
    static const std::vector<ModelId> ids{
        {"spiffe://cluster.local/ns/shop/sa/web", Identity{"cluster.local", "shop", "web"}, "shop"},
        {"cluster.local/ns/bank/sa/cart", Identity{"cluster.local", "bank", "cart"}, "bank"},
        {"spiffe://cluster.local/ns/shop/sa/pay", Identity{"cluster.local", "shop", "pay"}, "shop"},
        {"spiffe://other.org/ns/bank/sa/web", Identity{"other.org", "bank", "web"}, "bank"},
        {"spiffe://cluster.local/job", Identity{"cluster.local", "", "", "/job"}, ""},
        {"cluster.local/ns/bank/job", Identity{"cluster.local", "", "", "/ns/bank/job"}, "bank"},
        {"spiffe://Cluster.local/ns/shop/sa/web", std::nullopt, ""},
        {"cluster.local/ns/shop/sa/web/", std::nullopt, ""},
    };
    return ids;
}

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
    if (dice.one_in(3)) {
        source.kind = "IdentityBinding";
        source.name = dice.one_in(6) ? "gone" : dice.pick(k_binding_names);
    }
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
        if (dice.one_in(4)) {
            destination.kind = "IdentityBinding";
            destination.name = dice.pick(k_binding_names);
        }
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

inline ModelBinding random_binding(Dice& dice, std::string name_space, std::string name) {
    ModelBinding binding;
    binding.name_space = std::move(name_space);
    binding.name = std::move(name);
    const int schemes = dice.below(8);
    if (schemes == 0 || schemes == 4 || schemes == 7) {
        binding.service_account = dice.pick(std::array<const char*, 3>{"web", "pay", "cart"});
    }
    if (schemes == 1 || schemes == 5 || schemes == 7) {
        binding.pod_label = dice.pick(std::array<const char*, 4>{"web", "cart", "pay", ""});
    }
    if (schemes == 2 || schemes == 4 || schemes == 5) {
        for (int i = 1 + dice.below(3); i > 0; --i) {
            binding.ids.push_back(
                static_cast<std::size_t>(dice.below(static_cast<int>(model_ids().size())))
            );
        }
    }
    binding.is_broken = dice.one_in(15);
    return binding;
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
    for (const char* const name_space : k_namespaces) {
        for (const char* const name : k_binding_names) {
            if (!dice.one_in(8)) {
                world.bindings.push_back(random_binding(dice, name_space, name));
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
    question.protocol = dice.pick(
        std::array{ModelProtocol::http, ModelProtocol::http, ModelProtocol::tcp, ModelProtocol::udp}
    );
    const int who = dice.below(10);
    if (who < 6) {
        question.peer =
            Identity{"cluster.local", dice.one_in(5) ? "bank" : "shop", dice.pick(k_accounts)};
    } else if (who < 9) {
        const std::vector<ModelId>& ids = model_ids();
        question.peer =
            ids[static_cast<std::size_t>(dice.below(static_cast<int>(ids.size())))].means;
    }
    if (!dice.one_in(6)) {
        question.address = dice.pick(k_addresses);
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

inline std::string manifest(const ModelBinding& binding) {
    std::vector<std::string> schemes;
    if (binding.service_account) {
        schemes.push_back("serviceAccount: " + *binding.service_account);
    }
    std::vector<std::string> ids;
    for (const std::size_t id : binding.ids) {
        ids.push_back('"' + model_ids()[id].text + '"');
    }
    if (!ids.empty()) {
        schemes.push_back("spiffeIdentities: " + flow_list(ids));
    }
    if (binding.pod_label || binding.is_broken) {
        const std::string label = binding.pod_label.value_or("web");
        schemes.push_back(
            "podLabelSelector: {matchLabels: {" + (label.empty() ? "" : "app: " + label) + '}' +
            (binding.is_broken ? ", matchExpressions: []}" : "}")
        );
    }
    const std::string list = flow_list(schemes);
    return "---\napiVersion: access.smi-spec.io/v1alpha4\nkind: IdentityBinding\nmetadata: "
           "{name: " +
           binding.name + ", namespace: " + binding.name_space + "}\nspec: {schemes: {" +
           list.substr(1, list.size() - 2) + "}}\n";
}

inline std::string manifest(const ModelPod& pod) {
    return std::string("---\napiVersion: v1\nkind: Pod\nmetadata: {name: ") + pod.name +
           ", namespace: " + pod.name_space + ", labels: {app: " + pod.label +
           "}}\nstatus: {podIP: " + pod.address + "}\n";
}

inline std::string manifests(const ModelWorld& world, Dice& dice) {
    std::string text;
    for (const ModelPod& pod : k_pods) {
        text += manifest(pod);
    }
    for (const ModelBinding& binding : world.bindings) {
        text += manifest(binding);
    }
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
