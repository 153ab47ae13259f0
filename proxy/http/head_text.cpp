#include "proxy/http/head_text.hpp"

#include <cstring>

namespace proxy::http {

bool HeadScanner::scan(std::string_view input, const Limits& limits) {
    const std::string_view head = input.substr(0, limits.head_bytes_max);
    while (!trouble_ && scanned_ < head.size()) {
        const std::size_t line_feed = head.find('\n', scanned_);
        if (line_feed == std::string_view::npos) {
            scanned_ = head.size();
            break;
        }
        scanned_ = line_feed + 1;
        if (line_feed == line_begin_ || head[line_feed - 1] != '\r') {
            trouble_ = {"a line ends in LF without CR"};
            return false;
        }
        const bool is_empty = line_feed - 1 == line_begin_;
        line_begin_ = line_feed + 1;
        if (is_empty) {
            return true;
        }
        // One line more than fields: the request or status line.
        if (line_ends_.size() > limits.head_fields_max) {
            trouble_ = {"too many fields", true};
            return false;
        }
        line_ends_.push_back(static_cast<std::uint32_t>(line_feed - 1));
    }
    if (!trouble_ && head.size() == limits.head_bytes_max) {
        trouble_ = {"the head is too long", true};
    }
    return false;
}

void HeadScanner::reset() {
    line_ends_.clear();
    line_begin_ = 0;
    scanned_ = 0;
    trouble_ = {};
}

Trouble parse_field_line(std::string_view line, Field& out) {
    if (line.starts_with(' ') || line.starts_with('\t')) {
        return {"a line begins with a space (obs-fold)"};
    }
    const std::size_t name_size = count_leading(line, k_token_characters);
    if (name_size == 0 || name_size == line.size() || line[name_size] != ':') {
        return {"a field name is not a token"};
    }
    out.name = line.substr(0, name_size);
    out.value = trim(line.substr(name_size + 1));
    if (!is_field_value(out.value)) {
        return {"a field value holds a control character"};
    }
    return {};
}

}  // namespace proxy::http
