// What the versions of HTTPRouteGroup share.
#include "policy/smi/matches_field.hpp"
#include "policy/smi/specs.hpp"

#include <algorithm>
#include <array>
#include <set>
#include <string_view>
#include <utility>

namespace policy::smi {
namespace {

/// Those of the published CRD.
constexpr std::array<std::string_view, 10> k_methods{
    "*", "GET", "HEAD", "PUT", "POST", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"
};

/// U29: methods are case-sensitive (RFC 9110 §9.1), so a lower-case one would never match.
std::string read_method(std::string method, const Field& field, ObjectReader& reader) {
    std::string upper = method;
    std::transform(upper.begin(), upper.end(), upper.begin(), [](char c) {
        return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    });
    if (upper != method) {
        reader.warn(
            *field.node,
            "method_case",
            field.path + " is \"" + method + "\", read as \"" + upper + "\": write it so"
        );
    }
    if (std::find(k_methods.begin(), k_methods.end(), upper) == k_methods.end()) {
        reader.warn(
            *field.node,
            "unknown_method",
            field.path + " is \"" + upper +
                "\", which is no method that SMI lists and matches only requests with that very "
                "word: correct it if it is misspelt"
        );
    }
    return upper;
}

std::vector<std::string> read_methods(const Field& match, ObjectReader& reader) {
    std::vector<std::string> methods;
    const auto items = reader.list(match, "methods");
    if (items && items->empty()) {
        const Field field = *reader.any(match, "methods");
        reader.warn(
            *field.node,
            "empty_methods",
            field.path + " is empty and so allows every method: write [\"*\"] to say so"
        );
    }
    for (const Field& item : items.value_or(std::vector<Field>{})) {
        if (auto method = reader.as_string(item)) {
            methods.push_back(read_method(std::move(*method), item, reader));
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
            conditions.push_back({entry.key.scalar, std::move(*pattern), reader.origin(entry.value)}
            );
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
        reader.refuse_unknown(field, {"name", "pathRegex", "methods", "headers"});
        match.name = reader.required_string(field, "name");
        match.path_regex = reader.string(field, "pathRegex");
        match.origin = origin_in(match.origin, reader.place(field, "pathRegex"));
        match.methods = read_methods(field, reader);
        match.headers = read_headers(field, reader);
    }
    match.is_spoiled = reader.errors() != errors_before;
    return match;
}

/// U30: all of them count. Whoever wrote the second one may not know of the first.
void warn_of_sameness(
    const HttpRouteGroup& group, const std::vector<Field>& items, ObjectReader& reader
) {
    std::set<std::string_view> names;
    for (std::size_t i = 0; i < items.size(); ++i) {
        const std::string& name = group.matches[i].name;
        if (!name.empty() && !names.insert(name).second) {
            reader.warn(
                *items[i].node->find("name"),
                "duplicate_match",
                items[i].path + " has the name \"" + name +
                    "\" of an earlier match, and a reference by that name means both: give each a "
                    "name of its own"
            );
        }
    }
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
    if (items && items->empty()) {
        const Field field = *reader.any(*parent, "matches");
        reader.error(
            *field.node,
            "empty_matches",
            field.path +
                " is empty, so the group matches nothing: write a match, one with only a "
                "name for all requests"
        );
    }
    group.is_spoiled = reader.errors() != errors_before;
    // An unreadable match spoils itself: matches are alternatives, the others stand.
    for (const Field& item : items.value_or(std::vector<Field>{})) {
        group.matches.push_back(read_match(item, reader));
    }
    warn_of_sameness(group, items.value_or(std::vector<Field>{}), reader);
    return group;
}

}  // namespace policy::smi
