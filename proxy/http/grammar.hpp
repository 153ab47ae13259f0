// The characters of HTTP (RFC 9110 §5.5, §5.6) as tables, and lists without allocation.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string_view>

namespace proxy::http {

/// What is wrong with a message; false when nothing is. Static text: making one costs nothing.
struct Trouble {
    std::string_view cause;
    bool is_size = false;  // a limit was passed, rather than the grammar broken
    explicit operator bool() const { return !cause.empty(); }
};

using CharacterSet = std::array<bool, 256>;

constexpr CharacterSet letters_digits_and(std::string_view others) {
    CharacterSet set{};
    for (unsigned c = '0'; c <= '9'; ++c) {
        set[c] = true;
    }
    for (unsigned c = 'a'; c <= 'z'; ++c) {
        set[c] = true;
        set[c - 'a' + 'A'] = true;
    }
    for (const char c : others) {
        set[static_cast<unsigned char>(c)] = true;
    }
    return set;
}

inline constexpr CharacterSet k_token_characters = letters_digits_and("!#$%&'*+-.^_`|~");

constexpr bool is_in(const CharacterSet& set, char c) {
    return set[static_cast<unsigned char>(c)];
}
constexpr bool is_digit(char c) {
    return c >= '0' && c <= '9';
}
constexpr char to_lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
}

/// Length of the longest start of `text` made of `set`.
constexpr std::size_t count_leading(std::string_view text, const CharacterSet& set) {
    std::size_t count = 0;
    while (count < text.size() && is_in(set, text[count])) {
        ++count;
    }
    return count;
}
constexpr bool consists_of(std::string_view text, const CharacterSet& set) {
    return count_leading(text, set) == text.size();
}

constexpr bool is_blank(char c) {
    return c == ' ' || c == '\t';
}
/// Without the spaces and tabs around it (OWS).
[[nodiscard]] constexpr std::string_view trim(std::string_view text) {
    while (!text.empty() && is_blank(text.front())) {
        text.remove_prefix(1);
    }
    while (!text.empty() && is_blank(text.back())) {
        text.remove_suffix(1);
    }
    return text;
}
/// True for what a field value may hold: tab, space, visible and 0x80–0xFF. No CR, LF, NUL, DEL.
[[nodiscard]] bool is_field_value(std::string_view text);

/// The elements of a comma-separated list, trimmed, empty ones left out. A view: lives no longer
/// than its text.
class ListReader {
 public:
    explicit ListReader(std::string_view text) : rest_(text) {}
    [[nodiscard]] std::optional<std::string_view> next();

 private:
    std::string_view rest_;
};

}  // namespace proxy::http
