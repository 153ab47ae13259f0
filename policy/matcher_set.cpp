#include "policy/matcher_set.hpp"

#include "policy/re2_options.hpp"

#include <re2/set.h>

#include <algorithm>
#include <cstddef>
#include <utility>

namespace policy {
namespace {

// Measured: asking the automaton costs as much as trying four patterns.
constexpr std::size_t k_one_by_one_max = 4;
// Of the automaton and its program; RE2 starts it anew when it is full.
constexpr std::int64_t k_automaton_bytes_max = 16 << 20;

}  // namespace

struct MatcherSet::Automaton {
    re2::RE2::Set set;
};

MatcherSet::MatcherSet(std::vector<const Matcher*> matchers) : matchers_(std::move(matchers)) {
    if (matchers_.size() <= k_one_by_one_max) {
        return;
    }
    re2::RE2::Set set(re2_options(k_automaton_bytes_max), re2_anchor(matchers_[0]->mode()));
    bool is_usable = true;
    for (const Matcher* matcher : matchers_) {
        is_usable &= set.Add(matcher->pattern(), nullptr) >= 0;
    }
    // Patterns that are too large together stay with their own expressions.
    if (is_usable && set.Compile()) {
        automaton_ = std::make_unique<const Automaton>(Automaton{std::move(set)});
    }
}

MatcherSet::MatcherSet(MatcherSet&&) noexcept = default;
MatcherSet& MatcherSet::operator=(MatcherSet&&) noexcept = default;
MatcherSet::~MatcherSet() = default;

std::span<const int> MatcherSet::matching(std::string_view text) const {
    thread_local std::vector<int> hits;
    hits.clear();
    if (automaton_ != nullptr) {
        const re2::StringPiece piece(text.data(), text.size());
        re2::RE2::Set::ErrorInfo why{re2::RE2::Set::kNoError};
        // First whether any matches: that much it says without allocating.
        if (!automaton_->set.Match(piece, nullptr, &why) && why.kind == re2::RE2::Set::kNoError) {
            return hits;
        }
        if (why.kind == re2::RE2::Set::kNoError && automaton_->set.Match(piece, &hits, &why)) {
            std::sort(hits.begin(), hits.end());
            return hits;
        }
        hits.clear();  // no memory for an answer: each pattern for itself
    }
    for (std::size_t i = 0; i < matchers_.size(); ++i) {
        if (matchers_[i]->matches(text)) {
            hits.push_back(static_cast<int>(i));
        }
    }
    return hits;
}

}  // namespace policy
