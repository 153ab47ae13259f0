// Many patterns against one text, at a cost that hardly grows with their number.
#pragma once

#include "policy/matcher.hpp"

#include <cstddef>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

namespace policy {

/// A tree: each node is one automaton (RE2::Set) that says whether any pattern below it matches.
/// The set's own list of matches would allocate at each request; asking down the tree does not.
/// A node whose automaton does not fit in its memory is asked through its children. Immutable;
/// may be used by several threads.
class MatcherSet {
 public:
    /// The matchers are of one mode and outlive the set.
    explicit MatcherSet(std::vector<const Matcher*> matchers);
    MatcherSet(MatcherSet&&) noexcept;
    MatcherSet& operator=(MatcherSet&&) noexcept;
    ~MatcherSet();

    /// The first index from `from` on whose matcher matches `text`.
    [[nodiscard]] std::optional<std::size_t> find(std::string_view text, std::size_t from) const;

 private:
    struct Node;

    [[nodiscard]] std::unique_ptr<const Node> make_node(std::size_t first, std::size_t last) const;
    [[nodiscard]] std::optional<std::size_t> find_below(
        const Node& node, std::string_view text, std::size_t from
    ) const;
    [[nodiscard]] std::optional<std::size_t> find_one_by_one(
        std::string_view text, std::size_t from, std::size_t last
    ) const;

    std::vector<const Matcher*> matchers_;
    std::unique_ptr<const Node> root_;  // null: few enough to be tried one by one
};

}  // namespace policy
