// The HTTP matches that targets and splits refer to, as lists, and indexes of such lists. Private
// to compile.
#pragma once

#include "policy/snapshot_data.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace policy {

/// References multiply: targets by matches, Services' ports by endpoints, sources by targets. What
/// the parts of a snapshot may hold, and so what compiling them may cost, is bounded for each step
/// of its own, so that no policy takes away what routing needs.
class Room {
 public:
    static constexpr std::size_t units_max = 1'000'000;

    /// False, and nothing taken, when there is not that much left.
    [[nodiscard]] bool take(std::size_t units) {
        if (units > left_) {
            return false;
        }
        left_ -= units;
        return true;
    }

 private:
    std::size_t left_ = units_max;
};

/// Lives as long as its Compiler. A list and an index are made once for all that refer to the same
/// matches, and for all runs in which their groups stay as they are: an index means an automaton
/// of all its patterns.
class RuleTable {
 public:
    /// Matches of a group: those with one of the names (U30: several may share one), all without
    /// names (A4).
    struct Selection {
        std::shared_ptr<const RouteGroup> group;
        std::vector<std::string> names;
        auto operator<=>(const Selection&) const = default;
    };
    using Selections = std::vector<Selection>;
    using Lists = std::vector<std::shared_ptr<const RuleList>>;

    void begin_run() { ++run_; }
    /// Null when there is no room. What was asked for in this run already takes none, nor does the
    /// empty list.
    [[nodiscard]] std::shared_ptr<const RuleList> list(const Selections& selections, Room& room);
    /// The same. Its entries are tagged with the place of their list in `lists`.
    [[nodiscard]] std::shared_ptr<const RuleIndex> index(const Lists& lists, Room& room);
    /// Forgets what this run did not ask for.
    void end_run();

 private:
    template <class T>
    struct Entry {
        std::shared_ptr<const T> made;
        std::uint64_t asked_in = 0;  // run
    };

    std::map<Selections, Entry<RuleList>> lists_;
    std::map<Lists, Entry<RuleIndex>> indexes_;
    std::uint64_t run_ = 0;
};

}  // namespace policy
