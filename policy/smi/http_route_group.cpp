// What the versions of HTTPRouteGroup share.
#include "policy/smi/matches_field.hpp"
#include "policy/smi/specs.hpp"

#include <algorithm>
#include <utility>

namespace policy::smi {
namespace {

std::vector<std::string> read_methods(const Field& match, ObjectReader& reader) {
    std::vector<std::string> methods = reader.strings(match, "methods");
    const auto field = reader.any(match, "methods");
    if (!field) {
        return methods;
    }
    if (field->node->is_sequence() && field->node->items.empty()) {
        reader.warn(
            *field->node,
            "empty_methods",
            field->path + " is empty and so allows every method: write [\"*\"] to say so"
        );
    }
    // U29: methods are case-sensitive (RFC 9110 §9.1), so a lower-case one would never match.
    for (std::string& method : methods) {
        std::string upper = method;
        std::transform(upper.begin(), upper.end(), upper.begin(), [](char c) {
            return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
        });
        if (upper != method) {
            reader.warn(
                *field->node,
                "method_case",
                field->path + " has \"" + method + "\", read as \"" + upper + "\": write it so"
            );
            method = std::move(upper);
        }
    }
    return methods;
}

void read_header_map(
    const Field& field, ObjectReader& reader, std::vector<HeaderCondition>& conditions
) {
    for (const Node::Entry& entry : field.node->entries) {
        const Field value{&entry.value, field.path + '.' + entry.key.scalar};
        if (entry.key.scalar.empty()) {
            reader.error(entry.key, "invalid_value", field.path + " has a header without a name");
        } else if (auto pattern = reader.as_string(value)) {
            conditions.push_back({entry.key.scalar, std::move(*pattern), reader.origin(entry.key)});
        }
    }
}

/// A map (the spec's text) or a list of maps (the SDK's CRD): all conditions must hold (S4).
std::vector<HeaderCondition> read_headers(const Field& match, ObjectReader& reader) {
    std::vector<HeaderCondition> conditions;
    const auto field = reader.any(match, "headers");
    if (!field) {
        return conditions;
    }
    if (field->node->is_sequence()) {
        for (const Field& item : reader.list_of_mappings(match, "headers")) {
            read_header_map(item, reader, conditions);
        }
    } else if (reader.require_mapping(*field)) {
        read_header_map(*field, reader, conditions);
    }
    return conditions;
}

HttpMatch read_match(const Field& field, ObjectReader& reader) {
    const std::size_t errors_before = reader.errors();
    HttpMatch match;
    match.origin = reader.origin(*field.node);
    if (reader.require_mapping(field)) {
        reader.warn_unknown(field, {"name", "pathRegex", "methods", "headers"});
        match.name = reader.required_string(field, "name");
        match.path_regex = reader.string(field, "pathRegex");
        match.methods = read_methods(field, reader);
        match.headers = read_headers(field, reader);
    }
    match.is_spoiled = reader.errors() != errors_before;
    return match;
}

}  // namespace

HttpRouteGroup read_http_route_group(
    const Field& object, Metadata metadata, MatchesPlace place, ObjectReader& reader
) {
    const std::size_t errors_before = reader.errors();
    HttpRouteGroup group;
    group.metadata = std::move(metadata);
    const auto parent = parent_of_matches(object, place, reader);
    const auto items = parent ? reader.list(*parent, "matches") : std::nullopt;
    if (!items && reader.errors() == errors_before) {
        reader.error(
            *object.node,
            "missing_field",
            "the group has no matches, so it matches nothing: list them under " +
                std::string(place == MatchesPlace::spec ? "spec.matches" : "matches")
        );
    }
    group.is_spoiled = reader.errors() != errors_before;
    // An unreadable match spoils itself: matches are alternatives, the others stand.
    for (const Field& item : items.value_or(std::vector<Field>{})) {
        group.matches.push_back(read_match(item, reader));
    }
    return group;
}

}  // namespace policy::smi
