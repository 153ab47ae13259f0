#include "policy/text_check.hpp"

#include <algorithm>

namespace policy {
namespace {

/// Length of the UTF-8 sequence that `text` begins with, or 0 when it is none (RFC 3629 §4).
std::size_t sequence_length(std::string_view text) {
    const auto byte = [text](std::size_t i) {
        return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U;
    };
    const unsigned lead = byte(0);
    if (lead < 0x80) {
        return 1;
    }
    const std::size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
    if (lead < 0xc2 || lead > 0xf4) {
        return 0;
    }
    for (std::size_t i = 1; i < length; ++i) {
        if ((byte(i) & 0xc0U) != 0x80) {
            return 0;
        }
    }
    const bool is_overlong = (lead == 0xe0 && byte(1) < 0xa0) || (lead == 0xf0 && byte(1) < 0x90);
    const bool is_outside = (lead == 0xed && byte(1) > 0x9f) || (lead == 0xf4 && byte(1) > 0x8f);
    return is_overlong || is_outside ? 0 : length;
}

/// Printable ASCII, tab and line feed: most of any text, and never at fault.
bool is_plain(char c) {
    return (c >= 0x20 && c < 0x7f) || c == '\n' || c == '\t';
}

bool is_forbidden_control(char c) {
    return static_cast<unsigned char>(c) < 0x80 && !is_plain(c) && c != '\r';
}

/// What a lone carriage return, U+0085, U+2028 and U+2029 are depends on the reader: the end of a
/// line in YAML 1.1, which kubectl reads, and mostly part of it here. A comment before one would
/// swallow a constraint that others see.
bool is_doubtful_break(std::string_view text) {
    return (text[0] == '\r' && !text.starts_with("\r\n")) || text.starts_with("\xc2\x85") ||
           text.starts_with("\xe2\x80\xa8") || text.starts_with("\xe2\x80\xa9");
}

const char* fault_at_begin(std::string_view text) {
    if (is_forbidden_control(text[0]) || sequence_length(text) == 0) {
        return "this byte is a control character or no UTF-8: save the file as UTF-8 text";
    }
    if (is_doubtful_break(text)) {
        return "whether a line ends at this character depends on the reader: end lines with a "
               "line feed, and write it as an escape in a quoted string";
    }
    return nullptr;
}

Problem limit_problem(const std::string& file, std::string_view excess) {
    return {
        Severity::error,
        Origin{file, 1, 1},
        {},
        "limit_exceeded",
        "the file " + std::string(excess) + ": split it into several files"
    };
}

Origin origin_at(std::string_view text, std::size_t position, const std::string& file) {
    const std::string_view before = text.substr(0, position);
    const std::size_t line_begin = before.rfind('\n') + 1;  // npos + 1 = 0
    return {
        file,
        static_cast<int>(std::count(before.begin(), before.end(), '\n')) + 1,
        static_cast<int>(position - line_begin) + 1,
    };
}

}  // namespace

std::optional<Problem> text_problem(
    std::string_view text,
    const std::string& file,
    std::size_t text_bytes_max,
    std::size_t tokens_max
) {
    if (text.size() > text_bytes_max) {
        return limit_problem(file, "is longer than " + std::to_string(text_bytes_max) + " bytes");
    }
    for (std::size_t i = 0; i < text.size();) {
        if (is_plain(text[i])) {
            ++i;
            continue;
        }
        const std::string_view rest = text.substr(i);
        if (const char* fault = fault_at_begin(rest)) {
            return Problem{Severity::error, origin_at(text, i, file), {}, "invalid_text", fault};
        }
        i += sequence_length(rest);
    }
    if (count_tokens(text) > tokens_max) {
        return limit_problem(file, "has too many brackets, quotes, commas and colons");
    }
    return std::nullopt;
}

std::size_t count_tokens(std::string_view text) {
    std::size_t halves = 0;
    for (const char c : text) {
        switch (c) {
            case '[':
            case '{':
                halves += 4;
                break;
            case ',':
            case ':':
            case '?':
            case '&':
            case '*':
            case '!':
                halves += 2;
                break;
            case '"':
            case '\'':
                halves += 1;
                break;
            default:
                break;
        }
    }
    return halves / 2;
}

std::string_view without_byte_order_mark(std::string_view text) {
    constexpr std::string_view mark = "\xef\xbb\xbf";
    return text.starts_with(mark) ? text.substr(mark.size()) : text;
}

bool begins_document(std::string_view text, std::size_t position) {
    if (text.substr(std::min(position, text.size())).starts_with("---")) {
        return true;
    }
    std::string_view before = text.substr(0, position);
    while (!before.empty()) {
        const std::size_t line_begin = before.rfind('\n', before.size() - 1) + 1;
        const std::string_view line = before.substr(line_begin);
        if (line.starts_with("...")) {
            return true;
        }
        const std::size_t word = line.find_first_not_of(" \t\r");
        if (word != std::string_view::npos && line[word] != '#' && line[0] != '%') {
            return false;
        }
        before = before.substr(0, line_begin == 0 ? 0 : line_begin - 1);
    }
    return false;
}

}  // namespace policy
