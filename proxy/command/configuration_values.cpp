#include "proxy/command/configuration_values.hpp"

#include "proxy/command/configuration_table.hpp"
#include "proxy/command/nearest_name.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <string_view>
#include <utility>

namespace proxy::command {
namespace {

using policy::Node;
using policy::Origin;

const ConfigurationKey* find_key(std::string_view path) {
    for (const ConfigurationKey& key : configuration_keys()) {
        if (key.path == path) {
            return &key;
        }
    }
    return nullptr;
}

bool is_section(std::string_view path) {
    return std::ranges::any_of(configuration_keys(), [path](const ConfigurationKey& key) {
        return key.path.size() > path.size() && key.path.starts_with(path) &&
               key.path[path.size()] == '.';
    });
}

/// Every key and every section, for suggestions.
std::vector<std::string> all_paths() {
    std::set<std::string> paths;
    for (const ConfigurationKey& key : configuration_keys()) {
        paths.insert(key.path);
        for (std::size_t dot = key.path.find('.'); dot != std::string::npos;
             dot = key.path.find('.', dot + 1)) {
            paths.insert(key.path.substr(0, dot));
        }
    }
    return {paths.begin(), paths.end()};
}

/// What may stand directly in `section` ("" is the file itself): "source, certificate, key".
std::string children_of(std::string_view section) {
    std::string names;
    for (const std::string& path : all_paths()) {
        const std::size_t dot = path.rfind('.');
        const std::string parent = dot == std::string::npos ? "" : path.substr(0, dot);
        if (parent == section) {
            names += (names.empty() ? "" : ", ") +
                     (dot == std::string::npos ? path : path.substr(dot + 1));
        }
    }
    return names;
}

std::string_view trimmed(std::string_view text) {
    const std::size_t begin = text.find_first_not_of(" \t\n");
    if (begin == std::string_view::npos) {
        return {};
    }
    return text.substr(begin, text.find_last_not_of(" \t\n") - begin + 1);
}

std::vector<std::string> split(std::string_view text, char separator) {
    std::vector<std::string> parts;
    std::size_t begin = 0;
    while (true) {
        const std::size_t end = std::min(text.find(separator, begin), text.size());
        parts.emplace_back(trimmed(text.substr(begin, end - begin)));
        if (end == text.size()) {
            return parts;
        }
        begin = end + 1;
    }
}

/// Walks a file's tree and fills the values.
class FileWalk {
 public:
    FileWalk(const std::string& file, ConfigurationValues& values) : file_(file), values_(values) {}

    void walk(const Node& section, const std::string& path) {
        values_.sections[path] = place_of(section);
        if (section.is_null()) {
            return;  // "policy:" with nothing below it
        }
        if (!section.is_mapping()) {
            const std::string name = path.empty() ? "The configuration" : path;
            report(
                section,
                "bad_shape",
                fmt::format("{} must be a mapping with the keys {}.", name, children_of(path))
            );
            return;
        }
        for (const Node::Entry& entry : section.entries) {
            const std::string below =
                path.empty() ? entry.key.scalar : path + "." + entry.key.scalar;
            if (const ConfigurationKey* key = find_key(below)) {
                take(*key, entry);
            } else if (is_section(below)) {
                walk(entry.value, below);
            } else {
                report_unknown(entry.key, path, below);
            }
        }
    }

 private:
    [[nodiscard]] Origin place_of(const Node& node) const {
        return {file_, node.line, node.column};
    }

    void report(const Node& node, std::string code, std::string message) {
        values_.problems.push_back(
            {policy::Severity::error, place_of(node), {}, std::move(code), std::move(message)}
        );
    }

    void report_unknown(const Node& node, const std::string& section, const std::string& path) {
        const std::string nearest = nearest_name(path, all_paths());
        const std::string way_out = nearest.empty() ? "the keys here are " + children_of(section)
                                                    : "did you mean " + nearest + "?";
        report(
            node,
            "unknown_key",
            fmt::format("There is no key {}: {}{}", path, way_out, nearest.empty() ? "." : "")
        );
    }

    void take(const ConfigurationKey& key, const Node::Entry& entry) {
        KeyValue value;
        value.name = key.path;
        value.origin = place_of(entry.value);
        const std::size_t problems_before = values_.problems.size();
        if (key.is_list) {
            take_list(key, entry.value, value);
        } else {
            take_scalar(key, entry, value);
        }
        if (values_.problems.size() != problems_before) {
            values_.bad.insert(key.path);
        }
        // Kept even when refused, so that nothing calls the key missing.
        values_.by_path[key.path] = std::move(value);
    }

    void take_scalar(const ConfigurationKey& key, const Node::Entry& entry, KeyValue& value) {
        if (entry.value.is_scalar()) {
            value.items.push_back({{entry.value.scalar}, value.origin});
            return;
        }
        const Node& at = entry.value.is_null() ? entry.key : entry.value;
        const std::string what = entry.value.is_null() ? "has no value" : "takes a single value";
        report(at, "bad_shape", fmt::format("{} {}: write {}.", key.path, what, key.form));
    }

    void take_list(const ConfigurationKey& key, const Node& node, KeyValue& value) {
        if (!node.is_sequence()) {
            report(
                node,
                "bad_shape",
                fmt::format("{} takes a list: write [{}].", key.path, form_of(key))
            );
            return;
        }
        for (const Node& item : node.items) {
            if (key.fields.empty() ? take_plain_item(item, value) : take_item(key, item, value)) {
                continue;
            }
            report(
                item, "bad_shape", fmt::format("An item of {} must be {}.", key.path, form_of(key))
            );
        }
    }

    static bool take_plain_item(const Node& item, KeyValue& value) {
        if (item.is_scalar()) {
            value.items.push_back({{item.scalar}, {value.origin.file, item.line, item.column}});
        }
        return item.is_scalar();
    }

    static bool take_item(const ConfigurationKey& key, const Node& item, KeyValue& value) {
        if (!item.is_mapping()) {
            return false;
        }
        Parts parts;
        std::size_t found = 0;
        for (const std::string& field : key.fields) {
            const Node* part = item.find(field);
            const bool may_be_absent = key.has_optional_fields && !parts.empty();
            if (part == nullptr ? !may_be_absent : !part->is_scalar()) {
                return false;
            }
            found += part != nullptr ? 1 : 0;
            parts.push_back(part != nullptr ? part->scalar : std::string());
        }
        if (found != item.entries.size()) {
            return false;  // it has fields that we do not know
        }
        while (key.has_optional_fields && parts.back().empty() && parts.size() > 1) {
            parts.pop_back();
        }
        value.items.push_back({std::move(parts), {value.origin.file, item.line, item.column}});
        return true;
    }

    /// How an item is written in the file: "{listen: …, application: …}".
    static std::string form_of(const ConfigurationKey& key) {
        if (key.fields.empty()) {
            return key.form.substr(0, key.form.find(' '));
        }
        if (key.has_optional_fields) {
            const std::vector<std::string> others(key.fields.begin() + 1, key.fields.end());
            return fmt::format(
                "{{{}: …}} with any of {}", key.fields.front(), fmt::join(others, ", ")
            );
        }
        return fmt::format("{{{}: …}}", fmt::join(key.fields, ": …, "));
    }

    const std::string& file_;
    ConfigurationValues& values_;
};

KeyValue parse_variable(
    const ConfigurationKey& key, const std::string& name, const std::string& text
) {
    KeyValue value;
    value.name = name;
    if (!key.is_list) {
        value.items.push_back({{text}, {}});
        return value;
    }
    if (trimmed(text).empty()) {
        return value;
    }
    for (const std::string& item : split(text, ',')) {
        value.items.push_back({key.fields.size() > 1 ? split(item, '=') : Parts{item}, {}});
    }
    return value;
}

}  // namespace

Origin ConfigurationValues::origin_of(const std::string& path) const {
    if (const auto value = by_path.find(path); value != by_path.end()) {
        return value->second.origin;
    }
    std::string section = path;
    while (!section.empty()) {
        const std::size_t dot = section.rfind('.');
        section.resize(dot == std::string::npos ? 0 : dot);
        if (const auto found = sections.find(section); found != sections.end()) {
            return found->second;
        }
    }
    return {file, 1, 1};
}

void collect_file_values(const Node& root, const std::string& file, ConfigurationValues& values) {
    FileWalk(file, values).walk(root, "");
}

void collect_environment_values(
    const std::map<std::string, std::string>& environment, ConfigurationValues& values
) {
    std::map<std::string, const ConfigurationKey*> keys;
    std::vector<std::string> names;
    for (const ConfigurationKey& key : configuration_keys()) {
        names.push_back(key.environment_name());
        keys[names.back()] = &key;
    }
    const auto report = [&values](std::string code, std::string message) {
        values.problems.push_back(
            {policy::Severity::error, {}, {}, std::move(code), std::move(message)}
        );
    };
    for (const auto& [name, text] : environment) {
        const auto found = keys.find(name);
        if (found == keys.end()) {
            const std::string nearest = nearest_name(name, names);
            report(
                "unknown_variable",
                fmt::format(
                    "The environment variable {} is no key of ours: {}",
                    name,
                    nearest.empty() ? "unset it." : "did you mean " + nearest + "?"
                )
            );
            continue;
        }
        const ConfigurationKey& key = *found->second;
        KeyValue value = parse_variable(key, name, text);
        const std::size_t parts_max = std::max<std::size_t>(1, key.fields.size());
        const std::size_t parts_min = key.has_optional_fields ? 1 : parts_max;
        if (std::ranges::any_of(value.items, [&](const KeyValue::Item& item) {
                return item.parts.size() < parts_min || item.parts.size() > parts_max;
            })) {
            report("bad_value", fmt::format("{}: \"{}\" is not {}.", name, text, key.form));
            value.items.clear();
            values.bad.insert(key.path);
        }
        values.by_path[key.path] = std::move(value);
    }
}

}  // namespace proxy::command
