#include "policy/smi/split.hpp"

#include "policy/smi/weight.hpp"

#include <algorithm>
#include <utility>

namespace policy::smi {
namespace {

/// Bad weights exclude their backend, not the split (smi.md §1.8), so this error spoils nothing.
std::optional<std::uint64_t> read_weight(
    const Field& backend, const SplitShape& shape, ObjectReader& reader
) {
    const Node* const node = backend.node->find("weight");
    if (node == nullptr && shape.weights_are_quantities) {
        return 0;
    }
    if (node == nullptr) {
        reader.error(
            *backend.node,
            "missing_field",
            backend.path + ".weight is missing, so this backend gets nothing: add a whole number"
        );
        return std::nullopt;
    }
    // Strings are quantities in every version: a cluster that stores one version and serves
    // another without conversion gives "100" where a number is due.
    const bool is_string = node->as_string().has_value();
    const auto milli = node->is_scalar() ? parse_weight_milli(node->scalar) : std::nullopt;
    if (milli && (is_string || shape.weights_are_quantities || *milli % 1000 == 0)) {
        return milli;
    }
    reader.error(
        *node,
        "invalid_weight",
        backend.path +
            ".weight is no weight, so this backend gets nothing: write a whole number "
            "from 0 to 1000000000000"
    );
    return std::nullopt;
}

void warn_of_sameness(
    const std::vector<SplitBackend>& earlier,
    const SplitBackend& backend,
    const Field& field,
    ObjectReader& reader
) {
    const auto same = std::find_if(earlier.begin(), earlier.end(), [&](const SplitBackend& other) {
        return other.service == backend.service;
    });
    if (same != earlier.end() && !backend.service.empty()) {
        reader.warn(
            *field.node->find("service"),
            "duplicate_backend",
            field.path + " is service \"" + backend.service +
                "\" once more, and the weights are added: write it once, with their sum"
        );
    }
}

struct Backends {
    std::vector<SplitBackend> list;
    bool is_spoiled = false;
};

Backends read_backends(const Field& spec, const SplitShape& shape, ObjectReader& reader) {
    Backends backends;
    const std::size_t errors_before = reader.errors();
    const std::vector<Field> items = reader.list_of_mappings(spec, "backends");
    if (spec.node->find("backends") == nullptr) {
        reader.error(*spec.node, "missing_field", "spec.backends is missing: list the backends");
    }
    backends.is_spoiled = reader.errors() != errors_before;
    for (const Field& item : items) {
        reader.warn_unknown(item, {"service", "weight"});
        const std::size_t errors_before_name = reader.errors();
        SplitBackend backend;
        backend.service = reader.required_string(item, "service");
        backends.is_spoiled |= reader.errors() != errors_before_name;
        backend.weight_milli = read_weight(item, shape, reader);
        backend.service_at = reader.place(item, "service");
        warn_of_sameness(backends.list, backend, item, reader);
        backends.list.push_back(std::move(backend));
    }
    return backends;
}

std::vector<SplitMatch> read_matches(
    const Field& spec, const SplitShape& shape, ObjectReader& reader
) {
    std::vector<SplitMatch> matches;
    const auto field = reader.any(spec, "matches");
    if (field && !shape.has_matches) {
        reader.warn(
            *field->node,
            "misplaced_field",
            "spec.matches is no field of this version; it is honoured all the same: write "
            "v1alpha3 or later"
        );
    }
    for (const Field& item : reader.list_of_mappings(spec, "matches")) {
        reader.warn_unknown(item, {"kind", "name", "apiGroup"});
        SplitMatch match;
        match.kind = reader.required_string(item, "kind");
        match.name = reader.required_string(item, "name");
        match.kind_at = reader.place(item, "kind");
        match.name_at = reader.place(item, "name");
        matches.push_back(std::move(match));
    }
    return matches;
}

}  // namespace

TrafficSplit read_split(
    const Field& object, Metadata metadata, const SplitShape& shape, ObjectReader& reader
) {
    reader.warn_unknown(object, {"apiVersion", "kind", "metadata", "spec", "status"});
    TrafficSplit split;
    split.metadata = std::move(metadata);
    const auto spec = reader.mapping(object, "spec");
    if (!spec) {
        if (object.node->find("spec") == nullptr) {
            reader.error(*object.node, "missing_field", "spec is missing: add it");
        }
        split.is_spoiled = true;
        return split;
    }
    reader.warn_unknown(*spec, {"service", "backends", "matches"});
    const std::size_t errors_before = reader.errors();
    split.service = reader.required_string(*spec, "service");
    split.matches = read_matches(*spec, shape, reader);
    split.is_spoiled = reader.errors() != errors_before;
    Backends backends = read_backends(*spec, shape, reader);
    split.is_spoiled |= backends.is_spoiled;
    split.service_at = reader.place(*spec, "service");
    split.backends_at = reader.place(*spec, "backends");
    split.backends = std::move(backends.list);
    return split;
}

}  // namespace policy::smi
