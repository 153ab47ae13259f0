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
        if (to.kind == "IdentityBinding") {
            const ModelBinding* binding = find_binding(name_space, to.name);
            return is_near && binding != nullptr &&
                   (means(*binding, {"cluster.local", "shop", "pay"}) ||
                    selects(*binding, {"shop", "pay-1", "pay", ""}));
        }
        return to.kind == "ServiceAccount" && is_near && name_space == "shop" && to.name == "pay";
    }

    [[nodiscard]] const ModelBinding* find_binding(
        const std::string& name_space, const std::string& name
    ) const {
        for (const ModelBinding& binding : world_.bindings) {
            if (binding.name_space == name_space && binding.name == name) {
                return &binding;
            }
        }
        return nullptr;
    }

    /// I2: the two together are wholly invalid; §1.8: so is an empty selector.
    [[nodiscard]] static bool is_valid(const ModelBinding& binding) {
        return !binding.is_broken && !(binding.pod_label && binding.service_account) &&
               binding.pod_label != "";
    }

    /// I1, an OR; I3, the account is in the binding's namespace; I4, no other namespace of our own
    /// trust domain is spoken of.
    [[nodiscard]] static bool means(const ModelBinding& binding, const Identity& peer) {
        const bool is_account =
            binding.service_account &&
            peer == Identity{"cluster.local", binding.name_space, *binding.service_account};
        const bool is_listed =
            std::any_of(binding.ids.begin(), binding.ids.end(), [&](std::size_t index) {
                const ModelId& id = model_ids()[index];
                const bool is_own = id.means && id.means->trust_domain == "cluster.local";
                return id.means == peer &&
                       !(is_own && !id.name_space.empty() && id.name_space != binding.name_space);
            });
        return is_valid(binding) && (is_account || is_listed);
    }

    [[nodiscard]] static bool selects(const ModelBinding& binding, const ModelPod& pod) {
        return is_valid(binding) && binding.pod_label && *binding.pod_label == pod.label &&
               binding.name_space == pod.name_space;
    }

    /// §1.6 on podLabelSelector as a source: an SVID of the binding's namespace, and the address
    /// of a pod (of one only) that is selected.
    [[nodiscard]] static bool selects_peer(
        const ModelBinding& binding, const Identity& peer, const std::optional<std::string>& address
    ) {
        const auto is_there = [&](const ModelPod& pod) { return address == pod.address; };
        const bool is_one = std::count_if(k_pods.begin(), k_pods.end(), is_there) == 1;
        return is_one && peer.trust_domain == "cluster.local" && peer.path.empty() &&
               peer.name_space == binding.name_space &&
               selects(binding, *std::find_if(k_pods.begin(), k_pods.end(), is_there));
    }

    /// §1.7 src(t, peer), A3, A11; U10 no namespace; §1.8 an unknown kind spoils only its source.
    [[nodiscard]] bool lists(const ModelTarget& target, const ModelQuestion& question) const {
        if (!question.peer) {
            return false;
        }
        for (const ModelSubject& source : target.sources) {
            const std::string name_space =
                source.name_space.empty() ? target.name_space : source.name_space;
            if (source.kind == "ServiceAccount" &&
                question.peer == Identity{"cluster.local", name_space, source.name}) {
                return true;
            }
            const ModelBinding* binding = find_binding(name_space, source.name);
            if (source.kind == "IdentityBinding" && binding != nullptr &&
                (means(*binding, *question.peer) ||
                 selects_peer(*binding, *question.peer, question.address))) {
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
            case ModelProtocol::udp:  // A9
                return has_rule(target, "UDPRoute") && opens(target, "UDPRoute", question.port);
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
    const Identity* const proved = question.peer ? &*question.peer : nullptr;
    const auto address = question.address ? parse_ip(*question.address) : std::nullopt;
    if (question.protocol == ModelProtocol::tcp) {
        return decide_tcp(snapshot, {proved, question.port, address});
    }
    if (question.protocol == ModelProtocol::udp) {
        return decide_udp(snapshot, {proved, question.port, address});
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
    facts.peer_address = address;
    return decide_http(snapshot, facts);
}

inline std::string describe(const ModelQuestion& question) {
    constexpr std::array<const char*, 3> words{"http", "bytes", "a datagram"};
    std::string text = words[static_cast<std::size_t>(question.protocol)];
    text += " from " + (question.peer ? question.peer->uri() : "nobody") + " at " +
            question.address.value_or("an unknown address");
    text += " to port " + std::to_string(question.port) + ' ' + question.request.method + ' ' +
            question.request.path + " at \"" + question.request.authority + '"';
    for (const std::string& value : question.request.x_values) {
        text += ", x: \"" + value + '"';
    }
    return text;
}

}  // namespace policy::test
