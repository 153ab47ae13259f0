// TrafficTargets: which are valid, which are for this workload, and what they allow.
#include "policy/compile_parts.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string_view>
#include <utility>

namespace policy {
namespace {

constexpr std::string_view k_service_account = "ServiceAccount";
constexpr std::string_view k_identity_binding = "IdentityBinding";

/// What all targets share while they are compiled.
struct Shared {
    Room room;
    /// The names in a group; made for those that are referred to by names.
    std::map<const HttpRouteGroup*, std::set<std::string_view>> match_names;
};

class TargetCompiler {
 public:
    TargetCompiler(CompileContext& context, Shared& shared, const TrafficTarget& target)
        : context_(context), shared_(shared), target_(target) {}

    /// nullopt: the target is invalid, or it is for another workload. Problems are told either
    /// way, so that every sidecar and `check` see the same ones.
    std::optional<CompiledTarget> compile() {
        if (target_.is_spoiled) {
            invalid_because_ = "a field of it cannot be read, so it allows nothing";
        }
        const bool is_here = resolve_destination();
        if (!target_.is_spoiled) {  // else its decoder told why
            check_shape();
            resolve_sources(is_here);
            resolve_rules(is_here);
        }
        if (!is_here) {
            return std::nullopt;
        }
        if (invalid_because_.empty()) {
            list_rules();
        }
        if (!invalid_because_.empty()) {
            context_.data.invalid_targets.push_back({target_.metadata.name, invalid_because_});
            return std::nullopt;
        }
        compiled_.name = target_.metadata.name;
        compiled_.port = target_.port;
        return std::move(compiled_);
    }

 private:
    /// A8, U21, U22: no destination, no rule or no source allows nobody.
    void check_shape() {
        const auto refuse = [&](const Place& place, std::string code, std::string message) {
            invalidate(at(place), std::move(code), std::move(message));
        };
        if (!target_.destination) {
            refuse(
                target_.destination_at,
                "empty_destination",
                "the target has no destination, so it allows nothing; name the ServiceAccount "
                "that is called"
            );
        }
        if (target_.rules.empty()) {
            refuse(
                target_.rules_at,
                "empty_rules",
                "the target has no rules, so it allows nothing; name a TCPRoute, UDPRoute or "
                "HTTPRouteGroup"
            );
        }
        if (target_.sources.empty()) {
            refuse(
                target_.sources_at,
                "empty_sources",
                "the target has no sources, so it allows nobody; name the ServiceAccounts that "
                "may call"
            );
        }
    }

    /// True when the destination is this workload (U9).
    bool resolve_destination() {
        if (!target_.destination) {
            return false;
        }
        const Subject& destination = *target_.destination;
        const bool is_binding = destination.kind == k_identity_binding;
        if (destination.kind != k_service_account && !is_binding) {
            report(
                Severity::error,
                at(destination.kind_at),
                "unknown_destination_kind",
                "a destination of kind \"" + destination.kind +
                    "\" cannot be resolved, so the target allows nothing; use ServiceAccount or "
                    "IdentityBinding"
            );
            return false;
        }
        const ObjectName name = full_name(destination);
        const Workload& workload = context_.data.workload;
        const bool is_here =
            is_binding ? is_bound_here(destination, name)
                       : name == ObjectName{workload.name_space, workload.service_account};
        if (name.name_space != own_namespace() &&
            !context_.data.options.allow_cross_namespace_targets) {
            refuse_other_namespace(destination, name.name_space);
        }
        return is_here;
    }

    bool is_bound_here(const Subject& destination, const ObjectName& name) {
        const BindingMeaning* meaning = find_binding(destination, name, "the target");
        const Workload& workload = context_.data.workload;
        const Identity own{workload.trust_domain, workload.name_space, workload.service_account};
        return meaning != nullptr &&
               (meaning->selects_own_pod || std::ranges::binary_search(meaning->identities, own));
    }

    void refuse_other_namespace(const Subject& destination, const std::string& name_space) {
        invalidate(
            at(destination.namespace_at),
            "cross_namespace_target",
            "the target is in namespace " + own_namespace() + " but its destination is in " +
                name_space + ", so it is ignored; move the target to " + name_space
        );
    }

    /// An unknown kind spoils only that source (smi.md §1.8). `is_used`: the target takes part.
    void resolve_sources(bool is_used) {
        for (const Subject& source : target_.sources) {
            if (source.kind != k_service_account && source.kind != k_identity_binding) {
                report(
                    Severity::error,
                    at(source.kind_at),
                    "unknown_source_kind",
                    "a source of kind \"" + source.kind +
                        "\" cannot be resolved, so it allows nobody; use ServiceAccount or "
                        "IdentityBinding"
                );
                continue;
            }
            if (source.name_space.empty()) {
                report(
                    Severity::warning,
                    at(source.namespace_at),
                    "source_without_namespace",
                    "source " + source.name + " has no namespace and is taken to be in " +
                        own_namespace() + "; write the namespace"
                );
            }
            resolve_source(source, full_name(source), is_used);
        }
    }

    void resolve_source(const Subject& source, const ObjectName& name, bool is_used) {
        if (source.kind == k_service_account) {
            add_source({context_.data.workload.trust_domain, name.name_space, name.name});
            return;
        }
        const BindingMeaning* meaning = find_binding(source, name, "this source");
        if (meaning == nullptr || !is_used ||
            !take(meaning->identities.size() + meaning->pod_addresses.size())) {
            return;
        }
        for (const Identity& identity : meaning->identities) {
            add_source(identity);
        }
        if (!meaning->pod_addresses.empty()) {
            compiled_.pod_sources.push_back({name, meaning->pod_addresses});
        }
    }

    void add_source(Identity identity) {
        if (seen_.insert(identity).second) {
            compiled_.sources.push_back(std::move(identity));
        }
    }

    /// Null, with a problem, when there is none.
    const BindingMeaning* find_binding(
        const Subject& subject, const ObjectName& name, std::string_view what
    ) {
        const auto found = context_.bindings.find(name);
        if (found != context_.bindings.end()) {
            return &found->second;
        }
        report(
            Severity::error,
            at(subject.name_at),
            "unresolved_reference",
            "there is no IdentityBinding " + name.name + " in namespace " + name.name_space +
                ", so " + std::string(what) + " allows nothing; create it or correct the name"
        );
        return nullptr;
    }

    [[nodiscard]] const std::string& own_namespace() const {
        return target_.metadata.name.name_space;
    }

    /// Without a namespace it is the target's own (U9, U10).
    [[nodiscard]] ObjectName full_name(const Subject& subject) const {
        return {subject.name_space.empty() ? own_namespace() : subject.name_space, subject.name};
    }

    /// An unknown kind of rule spoils the target (U23).
    void resolve_rules(bool is_used) {
        for (const RuleReference& rule : target_.rules) {
            if (rule.kind == "TCPRoute") {
                compiled_.has_tcp = true;
                add_ports(rule, context_.catalog.tcp_routes, is_used, compiled_.tcp_ports);
            } else if (rule.kind == "UDPRoute") {
                compiled_.has_udp = true;
                add_ports(rule, context_.catalog.udp_routes, is_used, compiled_.udp_ports);
            } else if (rule.kind == "HTTPRouteGroup") {
                compiled_.has_http = true;
                add_group(rule, is_used);
            } else {
                invalidate(
                    at(rule.kind_at),
                    "unknown_rule_kind",
                    "a rule of kind \"" + rule.kind +
                        "\" is not known, so the whole target allows nothing; use TCPRoute, "
                        "UDPRoute or HTTPRouteGroup"
                );
            }
        }
    }

    /// Routes are in the target's namespace (U11). One that is missing adds no port, so whatever
    /// needs it is denied (U20).
    template <class Route>
    void add_ports(
        const RuleReference& rule,
        const std::map<ObjectName, const Route*>& routes,
        bool is_used,
        PortSet& ports
    ) {
        const auto found = routes.find({own_namespace(), rule.name});
        if (found == routes.end()) {
            report_unresolved(rule);
            return;
        }
        const Route& route = *found->second;
        if (route.is_spoiled || !is_used || !take(route.ports.size())) {
            return;  // its decoder told why; nobody asks; there is no room
        }
        if (route.ports.empty()) {
            ports.add_all();  // A6, U25
        }
        ports.add(route.ports);
    }

    void add_group(const RuleReference& reference, bool is_used) {
        const ObjectName name{own_namespace(), reference.name};
        const auto found = context_.catalog.groups.find(name);
        if (found == context_.catalog.groups.end()) {
            report_unresolved(reference);
            return;
        }
        for (std::size_t i = 0; i < reference.matches.size(); ++i) {
            const std::string& match = reference.matches[i];
            if (!names_of(*found->second).contains(match)) {
                report(
                    Severity::error,
                    at(reference.matches_at[i]),
                    "unresolved_match",
                    "HTTPRouteGroup " + reference.name + " has no match \"" + match +
                        "\", so that name allows nothing; add the match or correct the name"
                );
            }
        }
        if (is_used) {
            selections_.push_back({context_.groups.use(name), reference.matches});
        }
    }

    const std::set<std::string_view>& names_of(const HttpRouteGroup& group) {
        const auto [place, is_new] = shared_.match_names.try_emplace(&group);
        if (is_new) {
            for (const HttpMatch& match : group.matches) {
                place->second.insert(match.name);
            }
        }
        return place->second;
    }

    void report_unresolved(const RuleReference& rule) {
        report(
            Severity::error,
            at(rule.name_at),
            "unresolved_reference",
            "there is no " + rule.kind + " " + rule.name + " in namespace " + own_namespace() +
                ", so this rule allows nothing; create it or correct the name"
        );
    }

    [[nodiscard]] Origin at(const Place& place) const {
        return origin_in(target_.metadata.origin, place);
    }

    void list_rules() {
        compiled_.http = context_.rules.list(selections_, shared_.room);
        if (compiled_.http == nullptr) {
            refuse_size();
        }
    }

    /// False when the snapshot has no room for that much more; the target is then invalid.
    bool take(std::size_t units) {
        if (shared_.room.take(units)) {
            return true;
        }
        refuse_size();
        return false;
    }

    void refuse_size() {
        invalidate(
            target_.metadata.origin,
            "policy_too_large",
            "with what this target refers to, the policy would be larger than " +
                std::to_string(Room::units_max) +
                " entries, so it allows nothing; refer to smaller routes, groups or bindings"
        );
    }

    /// An error that leaves the target without any effect.
    void invalidate(const Origin& origin, std::string code, std::string message) {
        if (invalid_because_.empty()) {
            invalid_because_ = message;
        }
        report(Severity::error, origin, std::move(code), std::move(message));
    }

    void report(Severity severity, const Origin& origin, std::string code, std::string message) {
        context_.problems.add(
            {severity,
             origin.line > 0 ? origin : target_.metadata.origin,
             object_text("TrafficTarget", target_.metadata.name),
             std::move(code),
             std::move(message)}
        );
    }

    CompileContext& context_;
    Shared& shared_;
    const TrafficTarget& target_;
    CompiledTarget compiled_;
    RuleTable::Selections selections_;
    std::set<Identity> seen_;      // compiled_.sources
    std::string invalid_because_;  // empty: valid so far
};

/// A target's paths matter on the ports on which its HTTP matches can be reached.
void add_path_rule_ports(const CompiledTarget& target, PortSet& ports) {
    if (!target.http->has_path_conditions) {
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
    Shared shared;
    for (const auto& [name, target] : context.catalog.targets) {
        auto compiled = TargetCompiler(context, shared, *target).compile();
        if (!compiled) {
            continue;
        }
        add_path_rule_ports(*compiled, data.path_rule_ports);
        data.targets.push_back(std::move(*compiled));
    }
}

}  // namespace policy
