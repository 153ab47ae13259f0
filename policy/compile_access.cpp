// TrafficTargets: which are valid, which are for this workload, and what they allow.
#include "policy/compile_parts.hpp"

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>

namespace policy {
namespace {

constexpr std::string_view k_service_account = "ServiceAccount";

class TargetCompiler {
 public:
    TargetCompiler(CompileContext& context, const TrafficTarget& target)
        : context_(context), target_(target) {}

    /// nullopt: the target is invalid, or it is for another workload. Problems are told either
    /// way, so that every sidecar and `check` see the same ones.
    std::optional<CompiledTarget> compile() {
        if (target_.is_spoiled) {
            return std::nullopt;  // its decoder told why
        }
        const bool is_valid = check_shape();
        const bool is_here = resolve_destination();
        resolve_sources();
        const bool rules_are_known = resolve_rules(is_valid && is_here);
        if (!is_valid || !is_here || !rules_are_known) {
            return std::nullopt;
        }
        compiled_.name = target_.metadata.name;
        compiled_.port = target_.port;
        return std::move(compiled_);
    }

 private:
    /// A8, U21, U22: no destination, no rule or no source allows nobody.
    bool check_shape() {
        bool is_valid = true;
        const auto refuse = [&](std::string code, std::string message) {
            is_valid = false;
            report(Severity::error, target_.metadata.origin, std::move(code), std::move(message));
        };
        if (!target_.destination) {
            refuse(
                "empty_destination",
                "the target has no destination, so it allows nothing; name the ServiceAccount "
                "that is called"
            );
        }
        if (target_.rules.empty()) {
            refuse(
                "empty_rules",
                "the target has no rules, so it allows nothing; name a TCPRoute, UDPRoute or "
                "HTTPRouteGroup"
            );
        }
        if (target_.sources.empty()) {
            refuse(
                "empty_sources",
                "the target has no sources, so it allows nobody; name the ServiceAccounts that "
                "may call"
            );
        }
        return is_valid;
    }

    /// True when the destination is this workload (U9).
    bool resolve_destination() {
        if (!target_.destination) {
            return false;
        }
        const Subject& destination = *target_.destination;
        if (destination.kind != k_service_account) {
            report(
                Severity::error,
                destination.origin,
                "unknown_destination_kind",
                "a destination of kind \"" + destination.kind +
                    "\" cannot be resolved, so the target allows nothing; use ServiceAccount"
            );
            return false;
        }
        const std::string& own_namespace = target_.metadata.name.name_space;
        const std::string& name_space =
            destination.name_space.empty() ? own_namespace : destination.name_space;
        if (name_space != own_namespace && !context_.data.options.allow_cross_namespace_targets) {
            report(
                Severity::error,
                destination.origin,
                "cross_namespace_target",
                "the target is in namespace " + own_namespace + " but its destination is in " +
                    name_space + ", so it is ignored; move the target to " + name_space
            );
            return false;
        }
        const Workload& workload = context_.data.workload;
        return name_space == workload.name_space && destination.name == workload.service_account;
    }

    /// An unknown kind spoils only that source (smi.md §1.8).
    void resolve_sources() {
        for (const Subject& source : target_.sources) {
            if (source.kind != k_service_account) {
                report(
                    Severity::error,
                    source.origin,
                    "unknown_source_kind",
                    "a source of kind \"" + source.kind +
                        "\" cannot be resolved, so it allows nobody; use ServiceAccount"
                );
                continue;
            }
            const std::string& own_namespace = target_.metadata.name.name_space;
            if (source.name_space.empty()) {
                report(
                    Severity::warning,
                    source.origin,
                    "source_without_namespace",
                    "source " + source.name + " has no namespace and is taken to be in " +
                        own_namespace + "; write the namespace"
                );
            }
            Identity identity{
                context_.data.workload.trust_domain,
                source.name_space.empty() ? own_namespace : source.name_space,
                source.name,
            };
            if (std::find(compiled_.sources.begin(), compiled_.sources.end(), identity) ==
                compiled_.sources.end()) {
                compiled_.sources.push_back(std::move(identity));
            }
        }
    }

    /// False when a rule's kind is unknown, which spoils the target (U23). `is_used`: the target
    /// will take part, so its groups must be kept.
    bool resolve_rules(bool is_used) {
        bool all_known = true;
        for (const RuleReference& rule : target_.rules) {
            if (rule.kind == "TCPRoute") {
                compiled_.has_tcp = true;
                add_ports(rule, context_.catalog.tcp_routes, compiled_.tcp_ports);
            } else if (rule.kind == "UDPRoute") {
                compiled_.has_udp = true;
                add_ports(rule, context_.catalog.udp_routes, compiled_.udp_ports);
            } else if (rule.kind == "HTTPRouteGroup") {
                compiled_.has_http = true;
                add_group(rule, is_used);
            } else {
                all_known = false;
                report(
                    Severity::error,
                    rule.origin,
                    "unknown_rule_kind",
                    "a rule of kind \"" + rule.kind +
                        "\" is not known, so the whole target allows nothing; use TCPRoute, "
                        "UDPRoute or HTTPRouteGroup"
                );
            }
        }
        return all_known;
    }

    /// Routes are in the target's namespace (U11). One that is missing adds no port, so whatever
    /// needs it is denied (U20).
    template <class Route>
    void add_ports(
        const RuleReference& rule, const std::map<ObjectName, const Route*>& routes, PortSet& ports
    ) {
        const auto found = routes.find({target_.metadata.name.name_space, rule.name});
        if (found == routes.end()) {
            report_unresolved(rule);
            return;
        }
        const Route& route = *found->second;
        if (route.is_spoiled) {
            return;  // its decoder told why
        }
        if (route.ports.empty()) {
            ports.add_all();  // A6, U25
        }
        for (const std::uint16_t port : route.ports) {
            ports.add(port);
        }
    }

    void add_group(const RuleReference& reference, bool is_used) {
        const ObjectName name{target_.metadata.name.name_space, reference.name};
        const auto found = context_.data.groups.find(name);
        if (found == context_.data.groups.end()) {
            report_unresolved(reference);
            return;
        }
        if (is_used) {
            context_.used_groups.insert(name);
        }
        const std::vector<HttpRule>& rules = found->second.rules;
        if (reference.matches.empty()) {
            add_rules(rules, nullptr);  // A4
        }
        for (const std::string& match : reference.matches) {
            if (!add_rules(rules, &match)) {
                report(
                    Severity::error,
                    reference.origin,
                    "unresolved_match",
                    "HTTPRouteGroup " + reference.name + " has no match \"" + match +
                        "\", so that name allows nothing; add the match or correct the name"
                );
            }
        }
    }

    /// Adds the rules called `name`, all of them for null; true when there is any (U30: several
    /// may share a name).
    bool add_rules(const std::vector<HttpRule>& rules, const std::string* name) {
        bool is_found = false;
        for (const HttpRule& rule : rules) {
            if (name != nullptr && rule.name != *name) {
                continue;
            }
            is_found = true;
            if (!rule.is_never) {
                compiled_.http_rules.push_back(&rule);
            }
        }
        return is_found;
    }

    void report_unresolved(const RuleReference& rule) {
        report(
            Severity::error,
            rule.origin,
            "unresolved_reference",
            "there is no " + rule.kind + " " + rule.name + " in namespace " +
                target_.metadata.name.name_space +
                ", so this rule allows nothing; create it or correct the name"
        );
    }

    void report(Severity severity, const Origin& origin, std::string code, std::string message) {
        context_.problems.push_back(
            {severity,
             origin.line > 0 ? origin : target_.metadata.origin,
             object_text("TrafficTarget", target_.metadata.name),
             std::move(code),
             std::move(message)}
        );
    }

    CompileContext& context_;
    const TrafficTarget& target_;
    CompiledTarget compiled_;
};

/// A target's paths matter on the ports on which its HTTP matches can be reached.
void add_path_rule_ports(const CompiledTarget& target, PortSet& ports) {
    const bool has_paths =
        std::any_of(target.http_rules.begin(), target.http_rules.end(), [](const HttpRule* rule) {
            return rule->has_path_condition();
        });
    if (!has_paths) {
        return;
    }
    if (target.port) {
        ports.add(*target.port);
    } else if (!target.has_tcp || target.tcp_ports.is_all()) {
        ports.add_all();
    } else {
        for (const std::uint16_t port : target.tcp_ports.ports()) {
            ports.add(port);
        }
    }
}

}  // namespace

void compile_access(CompileContext& context) {
    SnapshotData& data = context.data;
    for (const auto& [name, target] : context.catalog.targets) {
        auto compiled = TargetCompiler(context, *target).compile();
        if (!compiled) {
            continue;
        }
        const auto index = static_cast<std::uint32_t>(data.targets.size());
        for (const Identity& source : compiled->sources) {
            data.targets_by_source[source].push_back(index);
        }
        add_path_rule_ports(*compiled, data.path_rule_ports);
        data.targets.push_back(std::move(*compiled));
    }
}

}  // namespace policy
