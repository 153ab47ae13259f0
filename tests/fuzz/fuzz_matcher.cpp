// Matcher against plain RE2: the short cuts for literals and prefixes must change nothing.
// Input: one byte that picks the mode, the pattern, a line feed, the text.
#include "policy/matcher.hpp"

#include <re2/re2.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

namespace {

bool re2_matches(const re2::RE2& expression, policy::RegexMode mode, std::string_view text) {
    using policy::RegexMode;
    const auto anchor = mode == RegexMode::full    ? re2::RE2::ANCHOR_BOTH
                        : mode == RegexMode::start ? re2::RE2::ANCHOR_START
                                                   : re2::RE2::UNANCHORED;
    const re2::StringPiece piece(text.data(), text.size());
    return expression.Match(piece, 0, text.size(), anchor, nullptr, 0);
}

void check(bool holds) {
    if (!holds) {
        std::abort();
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) {
        return 0;
    }
    const auto mode = static_cast<policy::RegexMode>(data[0] % 3);
    const std::string_view input(reinterpret_cast<const char*>(data) + 1, size - 1);
    const std::size_t line_end = input.find('\n');
    const std::string_view pattern = input.substr(0, line_end);
    const std::string_view text =
        line_end == std::string_view::npos ? std::string_view{} : input.substr(line_end + 1);

    const auto matcher = policy::Matcher::make(pattern, mode);
    re2::RE2::Options options;
    options.set_encoding(re2::RE2::Options::EncodingLatin1);
    options.set_dot_nl(true);
    options.set_log_errors(false);
    const re2::RE2 expression(re2::StringPiece(pattern.data(), pattern.size()), options);
    if (!matcher) {
        return 0;
    }
    check(expression.ok());
    check(matcher->matches(text) == re2_matches(expression, mode, text));
    check(!matcher->matches_everything() || re2_matches(expression, mode, text));
    return 0;
}
