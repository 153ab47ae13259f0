// IdentityBindings: whom each of them means (smi.md §1.5 I1–I5, §1.8).
#include "policy/compile_parts.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <string_view>
#include <tuple>
#include <utility>

namespace policy {
namespace {

constexpr std::string_view k_scheme = "spiffe://";
constexpr std::string_view k_namespace_segment = "/ns/";

/// The namespace that an ID speaks of, in whatever form; empty when it names none.
std::string_view namespace_of(const Identity& identity) {
    if (identity.path.empty()) {
        return identity.name_space;
    }
    std::string_view path = identity.path;
    if (!path.starts_with(k_namespace_segment)) {
        return {};
    }
    path.remove_prefix(k_namespace_segment.size());
    return path.substr(0, path.find('/'));
}

/// What all bindings share while they are compiled.
struct Shared {
    Room room;
    /// Namespace, label, value → the pods that have it. Views the catalog.
    using Label = std::tuple<std::string_view, std::string_view, std::string_view>;
    std::map<Label, std::vector<const Pod*>> pods_by_label;
};

class BindingCompiler {
 public:
    BindingCompiler(CompileContext& context, Shared& shared, const IdentityBinding& binding)
        : context_(context), shared_(shared), binding_(binding) {}

    BindingMeaning compile() {
        BindingMeaning meaning;
        if (binding_.is_spoiled || !check_shape()) {
            return meaning;
        }
        const std::string& trust_domain = context_.data.workload.trust_domain;
        if (!binding_.service_account.empty()) {
            meaning.identities.push_back({trust_domain, name_space(), binding_.service_account});
        }
        for (const IdentityBinding::SpiffeId& id : binding_.spiffe_ids) {
            if (auto identity = read_id(id)) {
                meaning.identities.push_back(std::move(*identity));
            }
        }
        std::sort(meaning.identities.begin(), meaning.identities.end());
        if (binding_.pod_labels) {
            select_pods(meaning);
        }
        return meaning;
    }

 private:
    [[nodiscard]] const std::string& name_space() const {
        return binding_.metadata.name.name_space;
    }

    bool check_shape() {
        if (binding_.pod_labels && !binding_.service_account.empty()) {  // I2
            report(
                Severity::error,
                binding_.schemes_origin,
                "conflicting_schemes",
                "podLabelSelector and serviceAccount exclude each other, so the binding means "
                "nobody; keep one of them, or write two bindings"
            );
            return false;
        }
        if (!binding_.pod_labels && binding_.service_account.empty() &&
            binding_.spiffe_ids.empty()) {
            report(
                Severity::error,
                binding_.schemes_origin,
                "empty_schemes",
                "the binding has no schemes, so it means nobody; write serviceAccount, "
                "spiffeIdentities or podLabelSelector under spec.schemes"
            );
            return false;
        }
        return true;
    }

    /// The ID when it may be bound here. A binding makes no statement about other namespaces of
    /// our own trust domain (I4); what a foreign domain's paths mean is that domain's business.
    std::optional<Identity> read_id(const IdentityBinding::SpiffeId& id) {
        const bool has_scheme = id.text.starts_with(k_scheme);
        auto identity = parse_spiffe_id(has_scheme ? id.text : std::string(k_scheme) + id.text);
        if (!identity) {
            report(
                Severity::error,
                id.origin,
                "invalid_spiffe_id",
                "\"" + id.text + "\" means nobody: " + identity.error() +
                    "; write spiffe://TRUST-DOMAIN/PATH"
            );
            return std::nullopt;
        }
        const std::string_view spoken_of = namespace_of(*identity);
        if (identity->trust_domain == context_.data.workload.trust_domain && !spoken_of.empty() &&
            spoken_of != name_space()) {
            report(
                Severity::error,
                id.origin,
                "identity_of_other_namespace",
                "\"" + id.text + "\" is of namespace " + std::string(spoken_of) +
                    ", for which a binding in " + name_space() +
                    " cannot speak, so it means nobody; move it to a binding in " +
                    std::string(spoken_of)
            );
            return std::nullopt;
        }
        if (!has_scheme) {
            report(
                Severity::warning,
                id.origin,
                "missing_spiffe_scheme",
                "\"" + id.text + "\" has no scheme and is read as " + identity->uri() +
                    "; write it so"
            );
        }
        return *identity;
    }

    /// Pods that share their address with others cannot be told from them, so that they are not
    /// selected, nor are those on their node's network: whoever else is there need not be known.
    /// One that is unknown is selected by nobody.
    void select_pods(BindingMeaning& meaning) {
        const Workload& workload = context_.data.workload;
        bool is_any_found = false;
        const std::vector<const Pod*>& candidates = find_candidates();
        if (!shared_.room.take(candidates.size())) {
            report_too_large();
            return;
        }
        for (const Pod* pod : candidates) {
            if (!is_selected(*pod)) {
                continue;
            }
            is_any_found = true;
            meaning.selects_own_pod |=
                pod->metadata.name == ObjectName{workload.name_space, workload.pod};
            if (pod->is_on_host_network) {
                continue;
            }
            for (const IpAddress& ip : pod->addresses) {
                const auto alone = context_.catalog.pods_by_ip.find(ip);
                if (alone != context_.catalog.pods_by_ip.end() && alone->second == pod) {
                    meaning.pod_addresses.push_back(ip);
                }
            }
        }
        std::sort(meaning.pod_addresses.begin(), meaning.pod_addresses.end());
        if (!is_any_found) {
            report(
                Severity::warning,
                origin_in(binding_.metadata.origin, binding_.pod_labels_at),
                "selector_without_pods",
                "no known Pod in namespace " + name_space() +
                    " has all labels of podLabelSelector, so it means nobody until one has; "
                    "see that the Pods are among the resources"
            );
        }
    }

    /// The fewest pods that have one of the labels: those with all of them are among these.
    [[nodiscard]] const std::vector<const Pod*>& find_candidates() const {
        static const std::vector<const Pod*> nobody;
        const std::vector<const Pod*>* fewest = nullptr;
        for (const auto& [label, value] : *binding_.pod_labels) {
            const auto found = shared_.pods_by_label.find({name_space(), label, value});
            if (found == shared_.pods_by_label.end()) {
                return nobody;
            }
            if (fewest == nullptr || found->second.size() < fewest->size()) {
                fewest = &found->second;
            }
        }
        return fewest == nullptr ? nobody : *fewest;
    }

    void report_too_large() {
        report(
            Severity::error,
            origin_in(binding_.metadata.origin, binding_.pod_labels_at),
            "policy_too_large",
            "with this podLabelSelector, more than " + std::to_string(Room::units_max) +
                " pods would have to be looked at, so it selects nobody; use fewer selectors, or "
                "service accounts"
        );
    }

    [[nodiscard]] bool is_selected(const Pod& pod) const {
        const auto& labels = *binding_.pod_labels;
        return !labels.empty() &&
               std::all_of(labels.begin(), labels.end(), [&](const auto& wanted) {
                   const auto found = pod.metadata.labels.find(wanted.first);
                   return found != pod.metadata.labels.end() && found->second == wanted.second;
               });
    }

    void report(Severity severity, const Origin& origin, std::string code, std::string message) {
        context_.problems.add(
            {severity,
             origin.line > 0 ? origin : binding_.metadata.origin,
             object_text("IdentityBinding", binding_.metadata.name),
             std::move(code),
             std::move(message)}
        );
    }

    CompileContext& context_;
    Shared& shared_;
    const IdentityBinding& binding_;
};

}  // namespace

void compile_bindings(CompileContext& context) {
    Shared shared;
    if (!context.catalog.bindings.empty()) {
        for (const auto& [name, pod] : context.catalog.pods) {
            for (const auto& [label, value] : pod->metadata.labels) {
                shared.pods_by_label[{name.name_space, label, value}].push_back(pod);
            }
        }
    }
    for (const auto& [name, binding] : context.catalog.bindings) {
        context.bindings.emplace(name, BindingCompiler(context, shared, *binding).compile());
    }
}

}  // namespace policy
