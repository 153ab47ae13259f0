#include "policy/json_writer.hpp"

#include <array>
#include <cassert>
#include <charconv>
#include <cmath>

namespace policy {
namespace {

/// Bytes of the UTF-8 character that `text` begins with (RFC 3629 §4), 0 when it is none.
std::size_t utf8_bytes(std::string_view text) {
    const auto byte = [&](std::size_t i) {
        return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U;
    };
    const auto is_tail = [&](std::size_t i) { return (byte(i) & 0xc0U) == 0x80U; };
    const unsigned first = byte(0);
    if (first < 0x80) {
        return 1;
    }
    if (first >= 0xc2 && first <= 0xdf) {
        return is_tail(1) ? 2 : 0;
    }
    if (first >= 0xe0 && first <= 0xef) {
        const bool is_overlong = first == 0xe0 && byte(1) < 0xa0;
        const bool is_surrogate = first == 0xed && byte(1) > 0x9f;
        return is_tail(1) && is_tail(2) && !is_overlong && !is_surrogate ? 3 : 0;
    }
    if (first >= 0xf0 && first <= 0xf4) {
        const bool is_overlong = first == 0xf0 && byte(1) < 0x90;
        const bool is_beyond = first == 0xf4 && byte(1) > 0x8f;
        return is_tail(1) && is_tail(2) && is_tail(3) && !is_overlong && !is_beyond ? 4 : 0;
    }
    return 0;
}

}  // namespace

void JsonWriter::key(std::string_view name) {
    assert(!has_items_.empty() && !after_key_);
    before_value();
    append_quoted(name);
    text_ += layout_ == Layout::compact ? ":" : ": ";
    after_key_ = true;
}

void JsonWriter::value(std::string_view text) {
    before_value();
    append_quoted(text);
}

void JsonWriter::value(std::uint64_t number) {
    before_value();
    text_ += std::to_string(number);
}

void JsonWriter::value(double number) {
    assert(std::isfinite(number));
    before_value();
    std::array<char, 32> digits;  // 24 are enough for any double
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
    text_.append(digits.data(), end);
}

void JsonWriter::value(bool flag) {
    before_value();
    text_ += flag ? "true" : "false";
}

void JsonWriter::null() {
    before_value();
    text_ += "null";
}

void JsonWriter::open(char bracket) {
    before_value();
    text_ += bracket;
    has_items_.push_back(false);
}

void JsonWriter::close(char bracket) {
    assert(!has_items_.empty() && !after_key_);
    const bool had_items = has_items_.back();
    has_items_.pop_back();
    if (had_items) {
        new_line();
    }
    text_ += bracket;
}

void JsonWriter::before_value() {
    if (after_key_) {
        after_key_ = false;
        return;
    }
    if (has_items_.empty()) {
        return;
    }
    if (has_items_.back()) {
        text_ += ',';
    }
    has_items_.back() = true;
    new_line();
}

void JsonWriter::new_line() {
    if (layout_ == Layout::indented) {
        text_ += '\n';
        text_.append(2 * has_items_.size(), ' ');
    }
}

void JsonWriter::append_quoted(std::string_view text) {
    constexpr std::array<char, 16> hex{
        '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f'
    };
    text_ += '"';
    while (!text.empty()) {
        const auto byte = static_cast<unsigned char>(text.front());
        const std::size_t length = utf8_bytes(text);
        if (length == 0) {
            text_ += "\xef\xbf\xbd";
        } else if (byte == '"' || byte == '\\') {
            text_ += '\\';
            text_ += text.front();
        } else if (byte < 0x20) {
            text_ += "\\u00";
            text_ += hex[byte >> 4];
            text_ += hex[byte & 0xf];
        } else {
            text_ += text.substr(0, length);
        }
        text.remove_prefix(length == 0 ? 1 : length);
    }
    text_ += '"';
}

}  // namespace policy
