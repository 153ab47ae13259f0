#include "policy/object_reader.hpp"

#include <algorithm>
#include <limits>
#include <utility>

namespace policy {
namespace {

std::string child_path(const Field& parent, std::string_view name) {
    return parent.path.empty() ? std::string(name) : parent.path + '.' + std::string(name);
}

std::string_view describe(const Node& node) {
    switch (node.kind) {
        case Node::Kind::null:
            return "empty";
        case Node::Kind::sequence:
            return "a list";
        case Node::Kind::mapping:
            return "a mapping";
        case Node::Kind::scalar:
            break;
    }
    if (node.as_bool()) {
        return "a boolean";
    }
    return node.as_string() ? "a string" : "a number";
}

}  // namespace

ObjectReader::ObjectReader(
    std::string file, std::string object, Null null_meaning, ProblemList& problems
)
    : file_(std::move(file)),
      object_(std::move(object)),
      null_meaning_(null_meaning),
      problems_(problems) {}

void ObjectReader::report(
    Severity severity, const Node& at, std::string_view code, std::string message
) {
    problems_.add({severity, origin(at), object_, std::string(code), std::move(message)});
}

void ObjectReader::error(const Node& at, std::string_view code, std::string message) {
    ++errors_;
    report(Severity::error, at, code, std::move(message));
}

void ObjectReader::warn(const Node& at, std::string_view code, std::string message) {
    report(Severity::warning, at, code, std::move(message));
}

Origin ObjectReader::origin(const Node& at) const {
    return {file_, at.line, at.column};
}

Place ObjectReader::place(const Field& parent, std::string_view name) {
    const Node* const value = parent.node->find(name);
    const Node& at = value != nullptr ? *value : *parent.node;
    return {at.line, at.column};
}

void ObjectReader::wrong_type(const Field& field, std::string_view expected) {
    std::string message = field.path + " is " + std::string(describe(*field.node)) + ": ";
    if (field.node->is_null()) {
        message += "write " + std::string(expected) + " or remove the line";
    } else {
        message += "write " + std::string(expected) + " instead";
    }
    error(*field.node, "wrong_type", std::move(message));
}

std::optional<Field> ObjectReader::any(const Field& parent, std::string_view name) {
    const Node* node = parent.node->find(name);
    if (node == nullptr || (node->is_null() && null_meaning_ == Null::is_absent)) {
        return std::nullopt;
    }
    return Field{node, child_path(parent, name)};
}

bool ObjectReader::require_mapping(const Field& field) {
    if (!field.node->is_mapping()) {
        wrong_type(field, "a mapping (\"key: value\" lines)");
        return false;
    }
    return true;
}

std::optional<Field> ObjectReader::mapping(const Field& parent, std::string_view name) {
    auto field = any(parent, name);
    if (!field || !require_mapping(*field)) {
        return std::nullopt;
    }
    return field;
}

std::optional<std::vector<Field>> ObjectReader::list(const Field& parent, std::string_view name) {
    const auto field = any(parent, name);
    if (!field) {
        return std::nullopt;
    }
    if (!field->node->is_sequence()) {
        wrong_type(*field, "a list (\"- item\" lines or [item, ...])");
        return std::nullopt;
    }
    std::vector<Field> items;
    items.reserve(field->node->items.size());
    for (const Node& item : field->node->items) {
        items.push_back({&item, field->path + '[' + std::to_string(items.size()) + ']'});
    }
    return items;
}

std::vector<Field> ObjectReader::list_of_mappings(const Field& parent, std::string_view name) {
    std::vector<Field> items = list(parent, name).value_or(std::vector<Field>{});
    std::erase_if(items, [this](const Field& item) { return !require_mapping(item); });
    return items;
}

std::optional<std::string> ObjectReader::as_string(const Field& field) {
    const auto text = field.node->as_string();
    if (text) {
        return std::string(*text);
    }
    if (field.node->is_scalar()) {
        wrong_type(field, "it in quotes, \"" + field.node->scalar + "\",");
    } else {
        wrong_type(field, "a string");
    }
    return std::nullopt;
}

std::optional<std::string> ObjectReader::string(const Field& parent, std::string_view name) {
    const auto field = any(parent, name);
    return field ? as_string(*field) : std::nullopt;
}

std::string ObjectReader::required_string(const Field& parent, std::string_view name) {
    const auto field = any(parent, name);
    if (!field) {
        error(*parent.node, "missing_field", child_path(parent, name) + " is missing: add it");
        return {};
    }
    const auto text = as_string(*field);
    if (text && text->empty()) {
        error(*field->node, "missing_field", field->path + " is empty: write a name");
    }
    return text.value_or("");
}

std::vector<std::string> ObjectReader::strings(const Field& parent, std::string_view name) {
    std::vector<std::string> texts;
    for (const Field& item : list(parent, name).value_or(std::vector<Field>{})) {
        if (auto text = as_string(item)) {
            texts.push_back(std::move(*text));
        }
    }
    return texts;
}

std::optional<std::uint16_t> ObjectReader::as_port(const Field& field) {
    const auto number = field.node->as_integer();
    if (!number) {
        wrong_type(field, "a port number without quotes, 1 to 65535,");
        return std::nullopt;
    }
    if (*number < 1 || *number > std::numeric_limits<std::uint16_t>::max()) {
        error(
            *field.node,
            "invalid_value",
            field.path + " is " + field.node->scalar + ": write a port number from 1 to 65535"
        );
        return std::nullopt;
    }
    return static_cast<std::uint16_t>(*number);
}

std::optional<std::uint16_t> ObjectReader::port(const Field& parent, std::string_view name) {
    const auto field = any(parent, name);
    return field ? as_port(*field) : std::nullopt;
}

std::map<std::string, std::string> ObjectReader::string_map(
    const Field& parent, std::string_view name
) {
    std::map<std::string, std::string> map;
    const auto field = mapping(parent, name);
    if (!field) {
        return map;
    }
    for (const Node::Entry& entry : field->node->entries) {
        const Field value{&entry.value, field->path + '.' + entry.key.scalar};
        if (auto text = as_string(value)) {
            map.emplace(entry.key.scalar, std::move(*text));
        }
    }
    return map;
}

ObjectReader::UnknownKeys ObjectReader::find_unknown(
    const Field& parent, std::initializer_list<std::string_view> known
) {
    UnknownKeys unknown;
    for (const Node::Entry& entry : parent.node->entries) {
        const std::string_view key = entry.key.scalar;
        if (std::find(known.begin(), known.end(), key) == known.end()) {
            unknown.push_back(&entry);
        }
    }
    return unknown;
}

void ObjectReader::warn_unknown(
    const Field& parent, std::initializer_list<std::string_view> known
) {
    for (const Node::Entry* entry : find_unknown(parent, known)) {
        warn(
            entry->key,
            "unknown_field",
            child_path(parent, entry->key.scalar) +
                " is no field of this kind and is ignored: check its spelling and indentation"
        );
    }
}

void ObjectReader::refuse_unknown(
    const Field& parent, std::initializer_list<std::string_view> known
) {
    for (const Node::Entry* entry : find_unknown(parent, known)) {
        error(
            entry->key,
            "unknown_field",
            child_path(parent, entry->key.scalar) +
                " is no field of this kind; it may be a constraint that is misspelt, so nothing "
                "of this is allowed: check its spelling and indentation, or remove it"
        );
    }
}

}  // namespace policy
