// Manifests taken apart into their documents, to lose one or to spoil a field of one.
#pragma once

#include "policy/document.hpp"
#include "policy/inventory.hpp"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace policy::test {

/// A node as JSON; nothing when it has a scalar whose text would need more care than that.
class NodeWriter {
 public:
    std::optional<std::string> write(const Node& node) {
        text_.clear();
        is_plain_ = true;
        add(node);
        return is_plain_ ? std::optional(text_) : std::nullopt;
    }

 private:
    void add(const Node& node) {
        switch (node.kind) {
            case Node::Kind::null:
                text_ += "null";
                break;
            case Node::Kind::scalar:
                add_scalar(node);
                break;
            case Node::Kind::sequence:
                text_ += '[';
                for (const Node& item : node.items) {
                    add(item);
                    text_ += ", ";
                }
                text_ += ']';
                break;
            case Node::Kind::mapping:
                text_ += '{';
                for (const Node::Entry& entry : node.entries) {
                    add_string(entry.key.scalar);
                    text_ += ": ";
                    add(entry.value);
                    text_ += ", ";
                }
                text_ += '}';
                break;
        }
    }

    void add_scalar(const Node& node) {
        if (node.as_string()) {
            add_string(node.scalar);
            return;
        }
        // A number or a boolean; "0x, y" counts as a number too.
        is_plain_ = is_plain_ && std::all_of(node.scalar.begin(), node.scalar.end(), [](char c) {
                        return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
                               (c >= 'a' && c <= 'z') || c == '.' || c == '+' || c == '-';
                    });
        text_ += node.scalar;
    }

    void add_string(std::string_view string) {
        text_ += '"';
        for (const char c : string) {
            is_plain_ = is_plain_ && c >= 0x20 && c < 0x7f;
            text_ += c == '"' || c == '\\' ? "\\" : "";
            text_ += c;
        }
        text_ += '"';
    }

    std::string text_;
    bool is_plain_ = true;
};

/// One document with an object of SMI in it, which is no List.
inline bool is_policy(const Node& document) {
    const Node* const api_version = document.find("apiVersion");
    const Node* const kind = document.find("kind");
    return api_version != nullptr && kind != nullptr &&
           api_version->scalar.find("smi-spec.io/") != std::string::npos &&
           !kind->scalar.ends_with("List");
}

inline void collect_values(Node& node, std::vector<Node*>& values) {
    for (Node& item : node.items) {
        values.push_back(&item);
        collect_values(item, values);
    }
    for (Node::Entry& entry : node.entries) {
        values.push_back(&entry.value);
        collect_values(entry.value, values);
    }
}

/// What no field takes: a list in a list, or no number.
inline Node unreadable_value(bool is_list) {
    Node node;
    if (is_list) {
        node.kind = Node::Kind::sequence;
        node.items.emplace_back().kind = Node::Kind::sequence;
    } else {
        node.kind = Node::Kind::scalar;
        node.scalar = ".nan";
    }
    return node;
}

/// `document` with one value made unreadable, which `choice` picks.
inline Node spoiled(Node document, std::size_t choice) {
    std::vector<Node*> values;
    collect_values(document, values);
    if (!values.empty()) {
        *values[choice / 2 % values.size()] = unreadable_value(choice % 2 == 0);
    }
    return document;
}

/// Every document as a file of its own; nothing when one of them cannot be written.
inline std::optional<Inventory> inventory_of(const std::vector<Node>& documents) {
    Inventory inventory("shop");
    for (std::size_t i = 0; i < documents.size(); ++i) {
        const auto text = NodeWriter().write(documents[i]);
        if (!text) {
            return std::nullopt;
        }
        inventory.replace_file(std::to_string(1000 + i) + ".yaml", *text);
    }
    return inventory;
}

}  // namespace policy::test
