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

bool is_forbidden_control(char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte < 0x20 && c != '\t' && c != '\n' && c != '\r') || byte == 0x7f;
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
    std::string_view text, const std::string& file, std::size_t text_bytes_max
) {
    if (text.size() > text_bytes_max) {
        return Problem{
            Severity::error,
            Origin{file, 1, 1},
            {},
            "limit_exceeded",
            "the file is longer than " + std::to_string(text_bytes_max) +
                " bytes: split it into several files"
        };
    }
    for (std::size_t i = 0; i < text.size();) {
        const std::size_t length =
            is_forbidden_control(text[i]) ? 0 : sequence_length(text.substr(i));
        if (length == 0) {
            return Problem{
                Severity::error,
                origin_at(text, i, file),
                {},
                "invalid_text",
                "this byte is a control character or no UTF-8: save the file as UTF-8 text"
            };
        }
        i += length;
    }
    return std::nullopt;
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
