// Letters of ASCII without regard to their case, whatever the locale.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>

namespace policy {

constexpr char to_lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
}

inline std::string to_lower(std::string text) {
    for (char& c : text) {
        c = to_lower(c);
    }
    return text;
}

/// As names of header fields are compared (RFC 9110 §5.1).
inline bool equal_ignoring_case(std::string_view left, std::string_view right) {
    return std::equal(left.begin(), left.end(), right.begin(), right.end(), [](char a, char b) {
        return to_lower(a) == to_lower(b);
    });
}

}  // namespace policy
