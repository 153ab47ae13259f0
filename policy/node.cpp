// How a Node's scalar reads: the YAML 1.2 core schema, strictly.
#include "policy/document.hpp"

#include <algorithm>
#include <charconv>

namespace policy {
namespace {

bool is_digits(std::string_view text) {
    return !text.empty() &&
           std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

std::optional<long long> read_integer(std::string_view digits, int base, bool is_negative) {
    const std::string text = (is_negative ? "-" : "") + std::string(digits);
    long long value = 0;
    const char* const end = text.data() + text.size();
    const auto read = std::from_chars(text.data(), end, value, base);
    if (digits.empty() || digits[0] == '-' || read.ec != std::errc() || read.ptr != end) {
        return std::nullopt;
    }
    return value;
}

/// YAML 1.2 core schema: [-+]? ( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? ) ( [eE] [-+]? [0-9]+ )?
bool looks_like_number(std::string_view text) {
    if (text.starts_with("0o") || text.starts_with("0x")) {
        return text.size() > 2;
    }
    if (text.starts_with('-') || text.starts_with('+')) {
        text.remove_prefix(1);
    }
    if (text == ".inf" || text == ".Inf" || text == ".INF" || text == ".nan" || text == ".NaN" ||
        text == ".NAN") {
        return true;
    }
    const std::size_t exponent = text.find_first_of("eE");
    if (exponent != std::string_view::npos) {
        std::string_view digits = text.substr(exponent + 1);
        if (digits.starts_with('-') || digits.starts_with('+')) {
            digits.remove_prefix(1);
        }
        if (!is_digits(digits)) {
            return false;
        }
        text = text.substr(0, exponent);
    }
    const std::size_t point = text.find('.');
    if (point == std::string_view::npos) {
        return is_digits(text);
    }
    const std::string_view whole = text.substr(0, point);
    const std::string_view fraction = text.substr(point + 1);
    return whole.size() + fraction.size() > 0 && (whole.empty() || is_digits(whole)) &&
           (fraction.empty() || is_digits(fraction));
}

}  // namespace

const Node* Node::find(std::string_view key) const {
    for (const Entry& entry : entries) {
        if (entry.key.scalar == key) {
            return &entry.value;
        }
    }
    return nullptr;
}

std::optional<long long> Node::as_integer() const {
    if (!is_scalar() || quoted) {
        return std::nullopt;
    }
    std::string_view text = scalar;
    if (text.starts_with("0x")) {
        return read_integer(text.substr(2), 16, false);
    }
    if (text.starts_with("0o")) {
        return read_integer(text.substr(2), 8, false);
    }
    const bool is_negative = text.starts_with('-');
    if (is_negative || text.starts_with('+')) {
        text.remove_prefix(1);
    }
    // "010" is ten in YAML 1.2 and eight in YAML 1.1, which kubectl reads: so it is neither.
    if (!is_digits(text) || (text.size() > 1 && text[0] == '0')) {
        return std::nullopt;
    }
    return read_integer(text, 10, is_negative);
}

std::optional<bool> Node::as_bool() const {
    if (!is_scalar() || quoted) {
        return std::nullopt;
    }
    if (scalar == "true" || scalar == "True" || scalar == "TRUE") {
        return true;
    }
    if (scalar == "false" || scalar == "False" || scalar == "FALSE") {
        return false;
    }
    return std::nullopt;
}

std::optional<std::string_view> Node::as_string() const {
    if (!is_scalar() || (!quoted && (as_bool() || looks_like_number(scalar)))) {
        return std::nullopt;
    }
    return scalar;
}

}  // namespace policy
