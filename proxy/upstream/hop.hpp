// What is kept for where requests go, so that the next one that goes there looks nothing up by
// name.
#pragma once

#include "proxy/upstream/pool.hpp"
#include "telemetry/sheet.hpp"

#include <boost/unordered/unordered_flat_map.hpp>

#include <cstddef>
#include <cstdint>
#include <utility>

namespace proxy::upstream {

/// An endpoint as the requests of one route reach it.
struct Hop {
    PlacePin place;
    telemetry::HttpSeries* requests = nullptr;  // lives as long as the sheet
};

/// One per worker and kind of value. Keys are a choice (Route::choice_id) and an address in the
/// snapshot of one generation: with the next one all is forgotten, for then they may be others'.
template <class Value>
class PerSnapshot {
 public:
    /// Past this, which takes more endpoints than a mesh has, all is made anew.
    static constexpr std::size_t entries_max = 65'536;

    /// Made by `make` the first time. Valid until the next call.
    template <class Make>
    const Value& get(
        std::uint64_t generation, std::uint64_t choice_id, const void* part, const Make& make
    ) {
        if (generation != generation_ || entries_.size() >= entries_max) {
            entries_.clear();
            generation_ = generation;
        }
        const Key key{choice_id, part};
        const auto found = entries_.find(key);
        return found != entries_.end() ? found->second
                                       : entries_.emplace(key, make()).first->second;
    }
    [[nodiscard]] std::size_t size() const { return entries_.size(); }

 private:
    using Key = std::pair<std::uint64_t, const void*>;

    std::uint64_t generation_ = 0;
    boost::unordered_flat_map<Key, Value> entries_;
};

}  // namespace proxy::upstream
