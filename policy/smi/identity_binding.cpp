// IdentityBinding: who is meant, said by pod labels, SPIFFE IDs or a service account.
#include "policy/smi/access.hpp"

#include <utility>

namespace policy::smi {
namespace {

/// Whatever else stands in a selector narrows it: to overlook that would let more pods in.
void refuse_other_selectors(const Field& selector, ObjectReader& reader) {
    for (const Node::Entry& entry : selector.node->entries) {
        if (entry.key.scalar != "matchLabels") {
            reader.error(
                entry.key,
                "unknown_selector",
                selector.path + '.' + entry.key.scalar +
                    " is no selector that can be read, so the binding means nobody: write "
                    "matchLabels"
            );
        }
    }
}

void read_pod_labels(const Field& schemes, ObjectReader& reader, IdentityBinding& binding) {
    const auto selector = reader.mapping(schemes, "podLabelSelector");
    if (!selector) {
        return;
    }
    binding.pod_labels_at = reader.place(schemes, "podLabelSelector");
    refuse_other_selectors(*selector, reader);
    binding.pod_labels = reader.string_map(*selector, "matchLabels");
    if (binding.pod_labels->empty()) {
        reader.error(
            *selector->node,
            "empty_selector",
            selector->path +
                ".matchLabels is empty, which selects nobody: write the labels of "
                "the pods"
        );
    }
}

void read_schemes(const Field& schemes, ObjectReader& reader, IdentityBinding& binding) {
    reader.warn_unknown(schemes, {"podLabelSelector", "spiffeIdentities", "serviceAccount"});
    binding.schemes_origin = reader.origin(*schemes.node);
    read_pod_labels(schemes, reader, binding);
    for (const Field& item :
         reader.list(schemes, "spiffeIdentities").value_or(std::vector<Field>{})) {
        if (auto text = reader.as_string(item)) {
            binding.spiffe_ids.push_back({std::move(*text), reader.origin(*item.node)});
        }
    }
    if (reader.any(schemes, "serviceAccount")) {
        binding.service_account = reader.required_string(schemes, "serviceAccount");
    }
}

}  // namespace

void decode_identity_binding_v1alpha4(
    const Field& object, Metadata metadata, ObjectReader& reader, std::vector<Resource>& out
) {
    const std::size_t errors_before = reader.errors();
    IdentityBinding binding;
    binding.metadata = std::move(metadata);
    reader.warn_unknown(object, {"apiVersion", "kind", "metadata", "spec", "status"});
    if (const auto spec = reader.mapping(object, "spec")) {
        reader.warn_unknown(*spec, {"schemes"});
        if (const auto schemes = reader.mapping(*spec, "schemes")) {
            read_schemes(*schemes, reader, binding);
        }
    }
    binding.is_spoiled = reader.errors() != errors_before;
    out.emplace_back(std::move(binding));
}

}  // namespace policy::smi
