// One user-written regular expression, compiled once. The only user of RE2.
#pragma once

#include "policy/options.hpp"
#include "policy/result.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace re2 {
class RE2;
}  // namespace re2

namespace policy {

/// RE2's dialect over bytes: Latin-1, so that a byte which is no UTF-8 cannot step around a
/// pattern, and '.' matches a line feed too (security.md §4). Linear in the text, bounded in
/// memory. Patterns that are plain text with ^, $ or .* around it never reach RE2.
/// Immutable after make(); may be used by several threads.
class Matcher {
 public:
    static constexpr std::size_t pattern_bytes_max = 1024;

    /// `mode` says what the pattern is held against: a start of the text, all of it, or any part.
    /// The error says why the pattern cannot be used.
    [[nodiscard]] static Result<Matcher> make(std::string_view pattern, RegexMode mode);

    Matcher(Matcher&&) noexcept;
    Matcher& operator=(Matcher&&) noexcept;
    ~Matcher();

    [[nodiscard]] bool matches(std::string_view text) const;
    /// True when no text can fail: "", ".*", "^.*$". The pattern is then no condition at all.
    [[nodiscard]] bool matches_everything() const { return kind_ == Kind::anything; }
    [[nodiscard]] const std::string& pattern() const { return pattern_; }
    [[nodiscard]] RegexMode mode() const { return mode_; }

    enum class Kind : std::uint8_t { anything, equal, prefix, suffix, contained, expression };
    [[nodiscard]] Kind kind() const { return kind_; }
    /// What every text starts with that this matches; all there is to Kind::equal and
    /// Kind::prefix. Views this matcher.
    [[nodiscard]] std::string_view prefix() const {
        const bool is_inside = kind_ == Kind::suffix || kind_ == Kind::contained;
        return is_inside ? std::string_view{} : std::string_view(literal_);
    }

 private:
    Matcher();

    Kind kind_ = Kind::expression;
    RegexMode mode_ = RegexMode::full;
    std::string pattern_;
    std::string literal_;  // what must be there; of an expression, what the text must start with
    std::unique_ptr<const re2::RE2> expression_;  // only of Kind::expression
};

/// True when `pattern`, anchored only at its start, ends in plain text: "/pay" then also lets
/// "/payroll" through, which is rarely what was meant (smi.md U1).
[[nodiscard]] bool has_open_end(std::string_view pattern);
/// True when `pattern` says neither at its start nor at its end what may stand there: no anchor,
/// and no ".*" either. Of alternatives, one is enough.
[[nodiscard]] bool has_no_anchor(std::string_view pattern);

}  // namespace policy
