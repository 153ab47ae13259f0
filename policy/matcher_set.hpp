// Many patterns against one text, at a cost that hardly grows with their number.
#pragma once

#include "policy/matcher.hpp"

#include <memory>
#include <span>
#include <string_view>
#include <vector>

namespace policy {

/// A few patterns are tried one by one; many become one automaton (RE2::Set). Immutable; may be
/// used by several threads.
class MatcherSet {
 public:
    /// The matchers are of one mode and outlive the set.
    explicit MatcherSet(std::vector<const Matcher*> matchers);
    MatcherSet(MatcherSet&&) noexcept;
    MatcherSet& operator=(MatcherSet&&) noexcept;
    ~MatcherSet();

    /// The indices of the matchers that match `text`, ascending; valid until the next call in this
    /// thread. Allocates nothing, except that RE2 does where the automaton says which of many.
    [[nodiscard]] std::span<const int> matching(std::string_view text) const;

 private:
    struct Automaton;

    std::vector<const Matcher*> matchers_;
    std::unique_ptr<const Automaton> automaton_;  // null: one by one
};

}  // namespace policy
