#include "proxy/http/grammar.hpp"

#include <cstdint>
#include <cstring>

namespace proxy::http {
namespace {

constexpr std::uint64_t repeat(std::uint8_t byte) {
    return 0x0101010101010101ULL * byte;
}

constexpr bool is_value_character(char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte == '\t' || (byte >= 0x20 && byte != 0x7f);
}

/// True when some byte of `word` is below 0x20 or is 0x7f; tabs raise it too. Eight bytes at a
/// time: most of a head is values, and looking at each byte was half of the time to parse it.
constexpr bool may_hold_control(std::uint64_t word) {
    const std::uint64_t below_space = (word - repeat(0x20)) & ~word & repeat(0x80);
    const std::uint64_t folded = word ^ repeat(0x7f);
    const std::uint64_t is_delete = (folded - repeat(1)) & ~folded & repeat(0x80);
    return (below_space | is_delete) != 0;
}

}  // namespace

std::string_view trim(std::string_view text) {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) {
        text.remove_prefix(1);
    }
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) {
        text.remove_suffix(1);
    }
    return text;
}

bool is_field_value(std::string_view text) {
    while (text.size() >= sizeof(std::uint64_t)) {
        std::uint64_t word = 0;
        std::memcpy(&word, text.data(), sizeof(word));
        if (may_hold_control(word)) {
            break;  // a tab, or trouble: the loop below tells which
        }
        text.remove_prefix(sizeof(word));
    }
    for (const char c : text) {
        if (!is_value_character(c)) {
            return false;
        }
    }
    return true;
}

std::optional<std::string_view> ListReader::next() {
    while (!rest_.empty()) {
        const std::size_t comma = rest_.find(',');
        const std::string_view element = trim(rest_.substr(0, comma));
        rest_.remove_prefix(comma == std::string_view::npos ? rest_.size() : comma + 1);
        if (!element.empty()) {
            return element;
        }
    }
    return std::nullopt;
}

}  // namespace proxy::http
