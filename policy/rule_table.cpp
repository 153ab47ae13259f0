#include "policy/rule_table.hpp"

#include <algorithm>
#include <set>
#include <string_view>
#include <utility>

namespace policy {
namespace {

RuleList make_list(const RuleTable::Selections& selections) {
    RuleList list;
    for (const RuleTable::Selection& selection : selections) {
        const std::set<std::string_view> wanted(selection.names.begin(), selection.names.end());
        for (const HttpRule& rule : selection.group->rules) {
            if (!rule.is_never && (wanted.empty() || wanted.contains(rule.name))) {
                list.rules.push_back(&rule);
                list.has_path_conditions |= rule.has_path_condition();
            }
        }
    }
    return list;
}

RuleIndex make_index(const RuleTable::Lists& lists) {
    std::vector<RuleIndex::Entry> entries;
    for (std::uint32_t place = 0; place < lists.size(); ++place) {
        for (const HttpRule* rule : lists[place]->rules) {
            entries.push_back({rule, place});
        }
    }
    return RuleIndex(std::move(entries));
}

}  // namespace

std::shared_ptr<const RuleList> RuleTable::list(const Selections& selections, Room& room) {
    Entry<RuleList>& entry = lists_[selections];
    if (entry.asked_in == run_) {
        return entry.made;
    }
    // A share of what must be gone through, before that is done; then what it holds.
    std::size_t share = 0;
    for (const Selection& selection : selections) {
        share += 1 + selection.group->rules.size() / 16;
    }
    if (!room.take(share)) {
        return nullptr;
    }
    if (entry.made == nullptr) {
        entry.made = std::make_shared<const RuleList>(make_list(selections));
    }
    if (!room.take(entry.made->rules.size())) {
        return nullptr;
    }
    entry.asked_in = run_;
    return entry.made;
}

std::shared_ptr<const RuleIndex> RuleTable::index(const Lists& lists, Room& room) {
    Entry<RuleIndex>& entry = indexes_[lists];
    if (entry.asked_in != run_) {
        std::size_t rules = 0;
        for (const auto& list : lists) {
            rules += list->rules.size();
        }
        if (!room.take(rules)) {
            return nullptr;
        }
        entry.asked_in = run_;
    }
    if (entry.made == nullptr) {
        entry.made = std::make_shared<const RuleIndex>(make_index(lists));
    }
    return entry.made;
}

void RuleTable::end_run() {
    const auto is_old = [this](const auto& entry) { return entry.second.asked_in != run_; };
    std::erase_if(indexes_, is_old);
    std::erase_if(lists_, is_old);
}

}  // namespace policy
