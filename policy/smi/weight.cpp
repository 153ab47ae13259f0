#include "policy/smi/weight.hpp"

#include <algorithm>
#include <charconv>

namespace policy::smi {
namespace {

/// value = digits × 10^exponent × factor.
struct Parts {
    std::uint64_t digits = 0;
    int exponent = 0;
    std::uint64_t factor = 1;
};

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

/// Cuts the digits, with at most one point among them, off `text`.
std::optional<Parts> take_number(std::string_view& text) {
    Parts parts;
    bool has_point = false;
    std::size_t i = 0;
    std::size_t digit_count = 0;
    for (; i < text.size() && (is_digit(text[i]) || (text[i] == '.' && !has_point)); ++i) {
        if (text[i] == '.') {
            has_point = true;
            continue;
        }
        ++digit_count;
        // Enough for 10^12 with six decimals; more digits say nothing that a split needs.
        if (parts.digits > 99'999'999'999'999'999U) {
            return std::nullopt;
        }
        parts.digits = parts.digits * 10 + static_cast<std::uint64_t>(text[i] - '0');
        parts.exponent -= has_point ? 1 : 0;
    }
    text.remove_prefix(i);
    return digit_count > 0 ? std::optional(parts) : std::nullopt;
}

/// apimachinery's resource.Quantity: decimal SI, binary SI or a decimal exponent.
bool read_suffix(std::string_view suffix, Parts& parts) {
    struct Row {
        std::string_view suffix;
        int exponent;
        std::uint64_t factor;
    };
    constexpr std::uint64_t kibi = 1024;
    static constexpr Row rows[] = {
        {"", 0, 1},
        {"n", -9, 1},
        {"u", -6, 1},
        {"m", -3, 1},
        {"k", 3, 1},
        {"M", 6, 1},
        {"G", 9, 1},
        {"T", 12, 1},
        {"P", 15, 1},
        {"E", 18, 1},
        {"Ki", 0, kibi},
        {"Mi", 0, kibi * kibi},
        {"Gi", 0, kibi * kibi * kibi},
        {"Ti", 0, kibi * kibi * kibi * kibi},
    };
    for (const Row& row : rows) {
        if (row.suffix == suffix) {
            parts.exponent += row.exponent;
            parts.factor = row.factor;
            return true;
        }
    }
    if (suffix[0] != 'e' && suffix[0] != 'E') {
        return false;
    }
    suffix.remove_prefix(1);
    if (suffix.starts_with('+')) {
        suffix.remove_prefix(1);
    }
    int exponent = 0;
    const char* const end = suffix.data() + suffix.size();
    const auto read = std::from_chars(suffix.data(), end, exponent);
    if (read.ec != std::errc() || read.ptr != end || exponent < -100 || exponent > 100) {
        return false;
    }
    parts.exponent += exponent;
    return true;
}

std::optional<std::uint64_t> to_milli(const Parts& parts) {
    unsigned __int128 value = parts.digits;
    value *= parts.factor;
    int exponent = parts.exponent + 3;
    for (; exponent > 0 && value > 0; --exponent) {
        value *= 10;
        if (value > k_weight_milli_max) {
            return std::nullopt;
        }
    }
    bool has_rest = false;
    for (; exponent < 0 && value > 0; ++exponent) {
        has_rest = has_rest || value % 10 != 0;
        value /= 10;
    }
    value += has_rest ? 1 : 0;
    if (value > k_weight_milli_max) {
        return std::nullopt;
    }
    return static_cast<std::uint64_t>(value);
}

}  // namespace

std::optional<std::uint64_t> parse_weight_milli(std::string_view text) {
    const bool is_negative = text.starts_with('-');
    if (is_negative || text.starts_with('+')) {
        text.remove_prefix(1);
    }
    auto parts = take_number(text);
    if (!parts || !read_suffix(text, *parts) || (is_negative && parts->digits != 0)) {
        return std::nullopt;
    }
    return to_milli(*parts);
}

}  // namespace policy::smi
