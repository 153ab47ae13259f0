#include "proxy/http/grammar.hpp"

#include "proxy/http/byte_scan.hpp"

namespace proxy::http {

bool is_field_value(std::string_view text) {
    std::size_t place = find_control(text, 0);
    while (place < text.size() && text[place] == '\t') {
        place = find_control(text, place + 1);
    }
    return place == text.size();
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
