// Letters of ASCII without regard to their case, whatever the locale.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
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

/// Eight letters at once; bytes that are no capital letters stay.
constexpr std::uint64_t to_lower_each(std::uint64_t bytes) {
    constexpr std::uint64_t ones = 0x0101010101010101ULL;
    const std::uint64_t low = bytes & (ones * 0x7f);  // sums below do not reach the next byte
    const std::uint64_t from_a = low + ones * (0x80 - 'A');
    const std::uint64_t past_z = low + ones * (0x7f - 'Z');
    return bytes | (((from_a ^ past_z) & ~bytes & (ones * 0x80)) >> 2);
}

/// All of a text of up to eight bytes, some of them twice: alike for texts of one size only.
inline std::uint64_t load_short(std::string_view text) {
    const auto byte = [text](std::size_t at) {
        return std::uint64_t{static_cast<unsigned char>(text[at])};
    };
    const std::size_t size = text.size();
    if (size >= sizeof(std::uint32_t)) {
        std::uint32_t first = 0;
        std::uint32_t last = 0;
        std::memcpy(&first, text.data(), sizeof(first));
        std::memcpy(&last, text.data() + size - sizeof(last), sizeof(last));
        return std::uint64_t{last} << 32 | first;
    }
    return size == 0 ? 0 : byte(0) << 16 | byte(size / 2) << 8 | byte(size - 1);
}

/// As names of header fields are compared (RFC 9110 §5.1). Each field of each head meets several
/// names here.
inline bool equal_ignoring_case(std::string_view left, std::string_view right) {
    if (left.size() != right.size()) {
        return false;
    }
    constexpr std::size_t step = sizeof(std::uint64_t);
    while (left.size() > step) {
        std::uint64_t a = 0;
        std::uint64_t b = 0;
        std::memcpy(&a, left.data(), step);
        std::memcpy(&b, right.data(), step);
        if (to_lower_each(a) != to_lower_each(b)) {
            return false;
        }
        left.remove_prefix(step);
        right.remove_prefix(step);
    }
    return to_lower_each(load_short(left)) == to_lower_each(load_short(right));
}

}  // namespace policy
