#include "policy/matcher_set.hpp"

#include "policy/re2_options.hpp"

#include <re2/set.h>

#include <algorithm>
#include <utility>

namespace policy {
namespace {

// Measured: below this number, one pattern after the other is as fast as an automaton for all.
constexpr std::size_t k_one_by_one_max = 8;
constexpr std::size_t k_children_max = 8;
// Of one node's program and automaton.
constexpr std::int64_t k_set_bytes_max = 8 << 20;

}  // namespace

/// The patterns [first, last). `set` is null when they are too large for one automaton.
struct MatcherSet::Node {
    std::size_t first = 0;
    std::size_t last = 0;
    std::unique_ptr<const re2::RE2::Set> set;
    std::vector<std::unique_ptr<const Node>> children;  // empty: one by one
};

MatcherSet::MatcherSet(std::vector<const Matcher*> matchers) : matchers_(std::move(matchers)) {
    if (matchers_.size() > k_one_by_one_max) {
        root_ = make_node(0, matchers_.size());
    }
}

MatcherSet::MatcherSet(MatcherSet&&) noexcept = default;
MatcherSet& MatcherSet::operator=(MatcherSet&&) noexcept = default;
MatcherSet::~MatcherSet() = default;

std::unique_ptr<const MatcherSet::Node> MatcherSet::make_node(std::size_t first, std::size_t last)
    const {
    auto node = std::make_unique<Node>();
    node->first = first;
    node->last = last;
    auto set = std::make_unique<re2::RE2::Set>(
        re2_options(k_set_bytes_max), re2_anchor(matchers_[first]->mode())
    );
    bool is_usable = true;
    for (std::size_t i = first; i < last; ++i) {
        is_usable &= set->Add(matchers_[i]->pattern(), nullptr) >= 0;
    }
    if (is_usable && set->Compile()) {
        node->set = std::move(set);
    }
    const std::size_t count = last - first;
    if (count <= k_one_by_one_max) {
        return node;
    }
    const std::size_t step = (count + k_children_max - 1) / k_children_max;
    for (std::size_t start = first; start < last; start += step) {
        node->children.push_back(make_node(start, std::min(start + step, last)));
    }
    return node;
}

std::optional<std::size_t> MatcherSet::find(std::string_view text, std::size_t from) const {
    return root_ == nullptr ? find_one_by_one(text, from, matchers_.size())
                            : find_below(*root_, text, from);
}

std::optional<std::size_t> MatcherSet::find_below(
    const Node& node, std::string_view text, std::size_t from
) const {
    if (from >= node.last) {
        return std::nullopt;
    }
    if (node.set != nullptr) {
        re2::RE2::Set::ErrorInfo why;
        const re2::StringPiece piece(text.data(), text.size());
        // Without an answer (no memory for the automaton) the patterns below are asked themselves.
        if (!node.set->Match(piece, nullptr, &why) && why.kind == re2::RE2::Set::kNoError) {
            return std::nullopt;
        }
    }
    if (node.children.empty()) {
        return find_one_by_one(text, std::max(from, node.first), node.last);
    }
    for (const auto& child : node.children) {
        if (const auto found = find_below(*child, text, from)) {
            return found;
        }
    }
    return std::nullopt;
}

std::optional<std::size_t> MatcherSet::find_one_by_one(
    std::string_view text, std::size_t from, std::size_t last
) const {
    for (std::size_t i = from; i < last; ++i) {
        if (matchers_[i]->matches(text)) {
            return i;
        }
    }
    return std::nullopt;
}

}  // namespace policy
