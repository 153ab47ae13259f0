#include "policy/rule_index.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

namespace policy {
namespace {

/// How entries of one text are ordered.
enum class Group : std::uint8_t { exact, prefix, pattern };

Group group_of(const Matcher& path) {
    switch (path.kind()) {
        case Matcher::Kind::equal:
            return Group::exact;
        case Matcher::Kind::prefix:
            return Group::prefix;
        case Matcher::Kind::anything:
        case Matcher::Kind::suffix:
        case Matcher::Kind::contained:
        case Matcher::Kind::expression:
            return Group::pattern;
    }
    return Group::pattern;
}

auto rank(const RuleIndex::Entry& entry) {
    const Matcher& path = *entry.rule->path;
    return std::tuple(
        path.prefix(),
        group_of(path),
        std::string_view(path.pattern()),
        entry.tag,
        std::string_view(entry.rule->name)
    );
}

}  // namespace

RuleIndex::RuleIndex(std::vector<Entry> entries) {
    for (const Entry& entry : entries) {
        if (!entry.rule->is_never) {
            (entry.rule->has_path_condition() ? entries_ : any_path_).push_back(entry);
        }
    }
    std::sort(entries_.begin(), entries_.end(), [](const Entry& left, const Entry& right) {
        return rank(left) < rank(right);
    });
    for (Place first = 0; first < entries_.size();) {
        first = append_node(first);
    }
}

/// Returns where the entries of the next text begin.
RuleIndex::Place RuleIndex::append_node(Place first) {
    Node node;
    node.text = entries_[first].rule->path->prefix();
    node.parent = find_parent(node.text);
    node.first = first;
    const auto skip = [&](Place place, Group group) {
        while (place < entries_.size() && entries_[place].rule->path->prefix() == node.text &&
               group_of(*entries_[place].rule->path) == group) {
            ++place;
        }
        return place;
    };
    node.exact_end = skip(first, Group::exact);
    node.prefix_end = skip(node.exact_end, Group::prefix);
    const Place end = skip(node.prefix_end, Group::pattern);
    std::vector<const Matcher*> matchers;
    std::vector<Place> ends;
    for (Place place = node.prefix_end; place < end; ++place) {
        const Matcher& path = *entries_[place].rule->path;
        if (matchers.empty() || matchers.back()->pattern() != path.pattern()) {
            matchers.push_back(&path);
            ends.push_back(place);
        }
        ends.back() = place + 1;
    }
    if (!matchers.empty()) {
        node.patterns = std::make_unique<const Patterns>(
            Patterns{MatcherSet(std::move(matchers)), std::move(ends)}
        );
    }
    nodes_.push_back(std::move(node));
    return end;
}

/// Nodes are appended in order, so that the parent is the last one or among its parents.
RuleIndex::Place RuleIndex::find_parent(std::string_view text) const {
    Place place = nodes_.empty() ? k_none : static_cast<Place>(nodes_.size() - 1);
    while (place != k_none && !text.starts_with(nodes_[place].text)) {
        place = nodes_[place].parent;
    }
    return place;
}

/// The last text that is not behind `path`. All texts that `path` starts with are this one or
/// among its parents: whatever lies between such a text and `path` starts with it as well.
RuleIndex::Place RuleIndex::deepest(std::string_view path) const {
    const auto after = std::upper_bound(
        nodes_.begin(),
        nodes_.end(),
        path,
        [](std::string_view wanted, const Node& node) { return wanted < node.text; }
    );
    return after == nodes_.begin() ? k_none : static_cast<Place>(after - nodes_.begin() - 1);
}

}  // namespace policy
