#include "policy/matcher.hpp"

#include "policy/re2_options.hpp"

#include <re2/re2.h>

#include <algorithm>
#include <cstddef>
#include <utility>

namespace policy {
namespace {

// Of one pattern's program and its automata.
constexpr std::int64_t k_expression_bytes_max = 1 << 20;
// Where the automaton does not fit, RE2 walks the program for each byte of the text: this bounds
// what a long path can cost then. Ordinary patterns have less than a hundred instructions.
constexpr int k_instructions_max = 4096;

constexpr std::string_view k_special = "\\.+*?()|[]{}^$";

bool is_special(char c) {
    return k_special.find(c) != std::string_view::npos;
}

bool is_word_char(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/// RE2 takes a backslash before ASCII punctuation for the character itself; before letters and
/// digits it is a class or an assertion.
bool is_escaped_literal(std::string_view text) {
    return text.size() >= 2 && text[0] == '\\' && !is_word_char(text[1]) &&
           static_cast<unsigned char>(text[1]) < 0x80;
}

/// Takes the literal characters off the front of `rest` and returns them.
std::string take_literal(std::string_view& rest) {
    std::string literal;
    while (!rest.empty()) {
        if (is_escaped_literal(rest)) {
            literal += rest[1];
            rest.remove_prefix(2);
        } else if (!is_special(rest[0])) {
            literal += rest[0];
            rest.remove_prefix(1);
        } else {
            break;
        }
    }
    return literal;
}

/// What a pattern of plain text with ^, $ or .* around it says.
struct PlainPattern {
    bool is_plain = false;
    bool at_start = false;
    bool at_end = false;
    std::string literal;
};

PlainPattern read_plain(std::string_view pattern, RegexMode mode) {
    PlainPattern plain;
    plain.at_start = mode != RegexMode::search;
    plain.at_end = mode == RegexMode::full;
    std::string_view rest = pattern;
    if (rest.starts_with('^')) {
        plain.at_start = true;
        rest.remove_prefix(1);
    }
    if (rest.starts_with(".*")) {
        plain.at_start = false;
        rest.remove_prefix(2);
    }
    plain.literal = take_literal(rest);
    if (rest.starts_with(".*")) {
        plain.at_end = false;
        rest.remove_prefix(2);
        // "a.*$": the end is anchored, but .* has reached it already.
        plain.is_plain = rest.empty() || rest == "$";
        return plain;
    }
    if (rest == "$") {
        plain.at_end = true;
        rest = {};
    }
    plain.is_plain = rest.empty();
    return plain;
}

/// Skips a bracket expression at the front of `rest`. False, and nothing skipped, where another
/// bracket stands in it: "[[:alpha:]]" goes on after the first ], "[A-[:]" does not.
bool skip_class(std::string_view& rest) {
    std::size_t i = rest.starts_with("[^") ? 2 : 1;
    i += rest.substr(i).starts_with(']') ? 1 : 0;  // a first ] stands for itself
    while (i < rest.size() && rest[i] != ']') {
        if (rest[i] == '[') {
            return false;
        }
        i += rest[i] == '\\' ? 2 : 1;
    }
    rest.remove_prefix(std::min(i + 1, rest.size()));
    return true;
}

/// Where `pattern` may be one thing *or* another as a whole: what one of them begins with says
/// nothing of the others. Alternatives in parentheses are no such thing. npos: nowhere.
std::size_t find_alternative(std::string_view pattern) {
    int depth = 0;
    for (std::string_view rest = pattern; !rest.empty();) {
        if (rest[0] == '[' && skip_class(rest)) {
            continue;
        }
        if (rest[0] == '[' || rest.starts_with("\\Q")) {
            return pattern.size() - rest.size();  // rare: not worth reading
        }
        if (rest[0] == '|' && depth == 0) {
            return pattern.size() - rest.size();
        }
        depth += rest[0] == '(' ? 1 : (rest[0] == ')' ? -1 : 0);
        rest.remove_prefix(std::min<std::size_t>(rest[0] == '\\' ? 2 : 1, rest.size()));
    }
    return std::string_view::npos;
}

/// The text with which everything begins that `pattern` matches; may be shorter than it could be.
std::string required_prefix(std::string_view pattern, RegexMode mode) {
    const bool has_caret = pattern.starts_with('^');
    if ((mode == RegexMode::search && !has_caret) ||
        find_alternative(pattern) != std::string_view::npos) {
        return {};
    }
    std::string_view rest = has_caret ? pattern.substr(1) : pattern;
    std::string prefix = take_literal(rest);
    // RE2 lets a repetition reach back over flags: "a(?i)*" repeats the a.
    const bool last_is_repeated =
        rest.starts_with("(?") ||
        (!rest.empty() && std::string_view("*+?{").find(rest[0]) != std::string_view::npos);
    if (last_is_repeated && !prefix.empty()) {
        prefix.pop_back();
    }
    return prefix;
}

}  // namespace

Matcher::Matcher() = default;
Matcher::Matcher(Matcher&&) noexcept = default;
Matcher& Matcher::operator=(Matcher&&) noexcept = default;
Matcher::~Matcher() = default;

Result<Matcher> Matcher::make(std::string_view pattern, RegexMode mode) {
    if (pattern.size() > pattern_bytes_max) {
        return failed<Matcher>(
            "it is longer than " + std::to_string(pattern_bytes_max) + " characters"
        );
    }
    Matcher matcher;
    matcher.mode_ = mode;
    matcher.pattern_ = pattern;
    PlainPattern plain = read_plain(pattern, mode);
    if (plain.is_plain) {
        const bool is_anything = plain.literal.empty() && !(plain.at_start && plain.at_end);
        matcher.kind_ = is_anything      ? Kind::anything
                        : plain.at_start ? (plain.at_end ? Kind::equal : Kind::prefix)
                                         : (plain.at_end ? Kind::suffix : Kind::contained);
        matcher.literal_ = std::move(plain.literal);
        return matcher;
    }
    auto expression = std::make_unique<const re2::RE2>(
        re2::StringPiece(pattern.data(), pattern.size()), re2_options(k_expression_bytes_max)
    );
    if (!expression->ok()) {
        return failed<Matcher>(expression->error());
    }
    if (expression->ProgramSize() > k_instructions_max) {
        return failed<Matcher>(std::string("its repetitions make it too large"));
    }
    matcher.literal_ = required_prefix(pattern, mode);
    matcher.expression_ = std::move(expression);
    return matcher;
}

bool Matcher::matches(std::string_view text) const {
    switch (kind_) {
        case Kind::anything:
            return true;
        case Kind::equal:
            return text == literal_;
        case Kind::prefix:
            return text.starts_with(literal_);
        case Kind::suffix:
            return text.ends_with(literal_);
        case Kind::contained:
            return text.find(literal_) != std::string_view::npos;
        case Kind::expression:
            return text.starts_with(literal_) && expression_->Match(
                                                     re2::StringPiece(text.data(), text.size()),
                                                     0,
                                                     text.size(),
                                                     re2_anchor(mode_),
                                                     nullptr,
                                                     0
                                                 );
    }
    return false;
}

bool has_open_end(std::string_view pattern) {
    if (pattern.empty() || pattern.back() == '/') {
        return false;
    }
    const char last = pattern.back();
    const bool is_escaped = pattern.size() >= 2 && pattern[pattern.size() - 2] == '\\';
    // "\." ends in text, "\z" and "\d" do not; "\\d" is rare enough to go without the warning.
    return is_escaped ? !is_word_char(last) : !is_special(last);
}

bool has_no_anchor(std::string_view pattern) {
    const std::size_t alternative = find_alternative(pattern);
    if (alternative != std::string_view::npos && pattern[alternative] == '|') {
        return has_no_anchor(pattern.substr(0, alternative)) ||
               has_no_anchor(pattern.substr(alternative + 1));
    }
    // ".*" says in so many words that anything may stand there.
    const auto starts_with = [&](std::string_view text) { return pattern.starts_with(text); };
    const auto ends_with = [&](std::string_view text) { return pattern.ends_with(text); };
    const bool starts = starts_with("^") || starts_with("\\A") || starts_with(".*");
    const bool ends = ends_with("$") || ends_with("\\z") || ends_with(".*");
    return !starts && !ends;
}

}  // namespace policy
