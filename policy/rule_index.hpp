// Many HTTP matches, found by their path.
#pragma once

#include "policy/http_rule.hpp"
#include "policy/matcher_set.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

namespace policy {

/// Sorted by the text with which a match's path must start; a request looks at the matches whose
/// text its own path starts with, so that the others cost it nothing. Immutable.
class RuleIndex {
 public:
    struct Entry {
        const HttpRule* rule = nullptr;  // outlives the index
        std::uint32_t tag = 0;           // the caller's
    };

    RuleIndex() = default;
    /// Rules that never match are left out.
    explicit RuleIndex(std::vector<Entry> entries);

    /// A rule that fits `request` and whose tag `accept` takes: of the longest such text first,
    /// and among equals of the lowest tag. Null when there is none.
    template <class Accept>
    [[nodiscard]] const Entry* find(const HttpView& request, const Accept& accept) const;

 private:
    using Place = std::uint32_t;
    static constexpr Place k_none = 0xffffffffU;

    /// Paths that need more than a look at their start, each pattern once.
    struct Patterns {
        MatcherSet set;
        std::vector<Place> ends;  // of the entries of pattern i; they follow those of i - 1
    };
    /// The entries of one text: exact ones in [first, exact_end), then those that take anything
    /// behind it up to prefix_end, then those of `patterns`.
    struct Node {
        std::string_view text;
        Place parent = k_none;  // of the longest shorter text that this one starts with
        Place first = 0;
        Place exact_end = 0;
        Place prefix_end = 0;
        std::unique_ptr<const Patterns> patterns;
    };

    [[nodiscard]] Place append_node(Place first);
    [[nodiscard]] Place find_parent(std::string_view text) const;
    [[nodiscard]] Place deepest(std::string_view path) const;
    template <class Accept>
    [[nodiscard]] const Entry* find_in(
        Place first, Place last, const HttpView& request, const Accept& accept
    ) const;
    template <class Accept>
    [[nodiscard]] const Entry* find_at(
        const Node& node, const HttpView& request, const Accept& accept
    ) const;

    std::vector<Entry> any_path_;  // without a path condition
    std::vector<Entry> entries_;   // with one, in the order of the nodes
    std::vector<Node> nodes_;      // sorted by text
};

template <class Accept>
const RuleIndex::Entry* RuleIndex::find(const HttpView& request, const Accept& accept) const {
    // "*" and CONNECT have no path: even a pattern like "(/a)?" is no permission for them.
    Place place = request.path.empty() ? k_none : deepest(request.path);
    for (; place != k_none; place = nodes_[place].parent) {
        const Node& node = nodes_[place];
        if (!request.path.starts_with(node.text)) {
            continue;
        }
        if (const Entry* entry = find_at(node, request, accept)) {
            return entry;
        }
    }
    for (const Entry& entry : any_path_) {
        if (accept(entry.tag) && matches_besides_path(*entry.rule, request)) {
            return &entry;
        }
    }
    return nullptr;
}

template <class Accept>
const RuleIndex::Entry* RuleIndex::find_at(
    const Node& node, const HttpView& request, const Accept& accept
) const {
    const bool is_exact = node.text.size() == request.path.size();
    const Place first = is_exact ? node.first : node.exact_end;
    if (const Entry* entry = find_in(first, node.prefix_end, request, accept)) {
        return entry;
    }
    if (node.patterns == nullptr) {
        return nullptr;
    }
    const auto& ends = node.patterns->ends;
    for (const int hit : node.patterns->set.matching(request.path)) {
        const auto pattern = static_cast<std::size_t>(hit);
        const Place begin = pattern == 0 ? node.prefix_end : ends[pattern - 1];
        if (const Entry* entry = find_in(begin, ends[pattern], request, accept)) {
            return entry;
        }
    }
    return nullptr;
}

template <class Accept>
const RuleIndex::Entry* RuleIndex::find_in(
    Place first, Place last, const HttpView& request, const Accept& accept
) const {
    for (Place place = first; place < last; ++place) {
        const Entry& entry = entries_[place];
        if (accept(entry.tag) && matches_besides_path(*entry.rule, request)) {
            return &entry;
        }
    }
    return nullptr;
}

}  // namespace policy
