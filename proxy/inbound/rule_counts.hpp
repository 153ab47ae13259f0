// Where the requests of one connection count, found by name once per rule that decides about them.
#pragma once

#include "policy/decide.hpp"
#include "telemetry/sheet.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace proxy::inbound {

/// What became of a verdict under the mode of its port.
enum class Effect : std::uint8_t { admitted, audited, refused };

/// In the frame of its connection. A few, for clients that mix requests; the oldest goes first.
class RuleCounts {
 public:
    struct Counts {
        telemetry::Counter verdict;
        telemetry::HttpSeries* requests;
    };

    /// Those of `verdict`, which views the snapshot of `generation` (0: there is none); made by
    /// `make` the first time.
    template <class Make>
    const Counts& get(
        std::uint64_t generation, const policy::Verdict& verdict, Effect effect, const Make& make
    ) {
        // Names stay where they are within a snapshot, and the next one may put others there.
        const Key key{
            generation, verdict.rule.name.data(), verdict.rule.match.data(), verdict.reason, effect
        };
        for (const auto& entry : entries_) {
            if (entry.has_value() && entry->key == key) {
                return entry->counts;
            }
        }
        auto& entry = entries_[next_++ % entries_.size()];
        entry.emplace(Entry{key, make()});
        return entry->counts;
    }

 private:
    struct Key {
        std::uint64_t generation;
        const char* rule;
        const char* match;
        policy::Reason reason;
        Effect effect;
        bool operator==(const Key&) const = default;
    };
    struct Entry {
        Key key;
        Counts counts;
    };

    std::array<std::optional<Entry>, 4> entries_{};
    std::size_t next_ = 0;
};

}  // namespace proxy::inbound
