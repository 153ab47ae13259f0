#include "proxy/http/head_text.hpp"

#include "proxy/http/byte_scan.hpp"

namespace proxy::http {

bool HeadScanner::scan(std::string_view input, const Limits& limits) {
    const std::string_view head = input.substr(0, limits.head_bytes_max);
    has_begun_ = has_begun_ || !head.empty();
    while (!trouble_) {
        scanned_ = find_control(head, scanned_);
        if (scanned_ == head.size()) {
            break;
        }
        const char control = head[scanned_];
        if (control == '\n') {
            trouble_ = {"a line ends in LF without CR"};
            return false;
        }
        if (control == '\r' && scanned_ + 1 == head.size()) {
            break;  // its LF may follow
        }
        if (control == '\r' && head[scanned_ + 1] == '\n') {
            if (end_line(limits)) {
                return true;
            }
            continue;
        }
        has_controls_ = has_controls_ || control != '\t';
        ++scanned_;
    }
    if (!trouble_ && head.size() == limits.head_bytes_max) {
        trouble_ = {"the head is too long", true};
    }
    return false;
}

/// The CR of a line end is next. True when the line is the empty one.
bool HeadScanner::end_line(const Limits& limits) {
    const std::size_t line_end = scanned_;
    const bool is_empty = line_end == line_begin_;
    scanned_ += 2;
    line_begin_ = scanned_;
    if (is_empty) {
        return true;
    }
    // One line more than fields: the request or status line.
    if (line_ends_.size() > limits.head_fields_max) {
        trouble_ = {"too many fields", true};
        return false;
    }
    line_ends_.push_back(static_cast<std::uint32_t>(line_end));
    return false;
}

void HeadScanner::reset() {
    line_ends_.clear();
    line_begin_ = 0;
    scanned_ = 0;
    has_begun_ = false;
    has_controls_ = false;
    trouble_ = {};
}

Trouble split_field_line(std::string_view line, Field& out) {
    const std::size_t name_size = count_token(line);
    if (name_size == 0 && !line.empty() && is_blank(line.front())) {
        return {"a line begins with a space (obs-fold)"};
    }
    if (name_size == 0 || name_size == line.size() || line[name_size] != ':') {
        return {"a field name is not a token"};
    }
    out.name = line.substr(0, name_size);
    out.value = trim(line.substr(name_size + 1));
    return {};
}

Trouble parse_field_line(std::string_view line, Field& out) {
    const Trouble trouble = split_field_line(line, out);
    if (!trouble && !is_field_value(out.value)) {
        return {"a field value holds a control character"};
    }
    return trouble;
}

}  // namespace proxy::http
