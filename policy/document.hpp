// YAML and JSON text → a tree with places. The only user of yaml-cpp; also read by the
// configuration loader. Hostile text gives problems within bounds, never an exception.
#pragma once

#include "policy/problem.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace policy {

struct DocumentLimits {
    std::size_t text_bytes_max = 16 * 1024 * 1024;
    std::size_t nodes_max = 1'000'000;  // aliases count each time they are expanded
    std::size_t depth_max = 64;
};

/// A YAML node with the place where it began. A plain tree of values; owned by whoever parsed it.
class Node {
 public:
    enum class Kind : std::uint8_t { null, scalar, sequence, mapping };
    struct Entry;

    Kind kind = Kind::null;
    int line = 0;
    int column = 0;
    std::string scalar;          // text of a scalar
    bool quoted = false;         // "1" (quoted or !!str) is a string, 1 is a number
    std::vector<Node> items;     // of a sequence
    std::vector<Entry> entries;  // of a mapping, in file order, keys unique

    /// The value of `key`, or nullptr when this is no mapping or has no such key.
    [[nodiscard]] const Node* find(std::string_view key) const;
    [[nodiscard]] bool is_null() const { return kind == Kind::null; }
    [[nodiscard]] bool is_scalar() const { return kind == Kind::scalar; }
    [[nodiscard]] bool is_sequence() const { return kind == Kind::sequence; }
    [[nodiscard]] bool is_mapping() const { return kind == Kind::mapping; }
    /// Strict readings: nullopt unless the scalar is exactly of that type (YAML 1.2 core schema).
    [[nodiscard]] std::optional<long long> as_integer() const;
    [[nodiscard]] std::optional<bool> as_bool() const;
    /// Nullopt for a plain scalar that reads as a number or a boolean: it lacks its quotes.
    [[nodiscard]] std::optional<std::string_view> as_string() const;
};

struct Node::Entry {
    Node key;  // always a scalar
    Node value;
};

struct ParsedText {
    std::vector<Node> documents;    // empty documents are left out
    std::vector<Problem> problems;  // not empty: the text did not parse as a whole
};

/// Parses one or more YAML documents (JSON is YAML). Duplicate keys, unknown anchors, excess of a
/// limit and syntax errors become problems that name `file`, line and column.
[[nodiscard]] ParsedText parse_text(
    std::string_view text, const std::string& file, const DocumentLimits& limits = {}
);

}  // namespace policy
