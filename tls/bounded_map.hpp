// A map that forgets what was not used for the longest time.
#pragma once

#include <cassert>
#include <cstddef>
#include <list>
#include <unordered_map>
#include <utility>

namespace tls {

/// Holds at most `entries_max`. Pointers to values are valid until the next call that is not const.
template <class Key, class Value, class Hash>
class BoundedMap {
 public:
    explicit BoundedMap(std::size_t entries_max) : entries_max_(entries_max) {
        assert(entries_max > 0);
    }

    /// Counts as a use. Null when there is none.
    [[nodiscard]] Value* find(const Key& key) {
        const auto found = places_.find(key);
        if (found == places_.end()) {
            return nullptr;
        }
        entries_.splice(entries_.begin(), entries_, found->second);
        return &found->second->second;
    }
    /// Replaces what stood there.
    Value& put(const Key& key, Value value) {
        erase(key);
        if (entries_.size() == entries_max_) {
            places_.erase(entries_.back().first);
            entries_.pop_back();
        }
        entries_.emplace_front(key, std::move(value));
        places_.emplace(key, entries_.begin());
        return entries_.front().second;
    }
    void erase(const Key& key) {
        const auto found = places_.find(key);
        if (found != places_.end()) {
            entries_.erase(found->second);
            places_.erase(found);
        }
    }
    [[nodiscard]] std::size_t size() const { return entries_.size(); }

 private:
    using Entries = std::list<std::pair<Key, Value>>;

    std::size_t entries_max_;
    Entries entries_;  // the last used first
    std::unordered_map<Key, typename Entries::iterator, Hash> places_;
};

}  // namespace tls
