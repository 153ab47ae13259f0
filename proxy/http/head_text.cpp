#include "proxy/http/head_text.hpp"

#include "proxy/http/byte_scan.hpp"

namespace proxy::http {

bool HeadScanner::scan(std::string_view input, const Limits& limits) {
    const std::string_view head = input.substr(0, limits.head_bytes_max);
    has_begun_ = has_begun_ || !head.empty();
    std::size_t place = trouble_ ? head.size() : find_control(head, scanned_);
    while (place < head.size()) {
        const bool is_last = place + 1 == head.size();
        if (head[place] == '\r' && !is_last && head[place + 1] == '\n') {
            const std::size_t line_end = place;
            const bool is_empty = line_end == line_begin_;
            scanned_ = line_begin_ = place + 2;
            if (is_empty) {
                return true;
            }
            // One line more than fields: the request or status line.
            if (line_ends_.size() > limits.head_fields_max) {
                trouble_ = {"too many fields", true};
                return false;
            }
            line_ends_.push_back(static_cast<std::uint32_t>(line_end));
            place = find_control(head, line_end + 2);
            continue;
        }
        if (head[place] == '\n') {
            trouble_ = {"a line ends in LF without CR"};
            return false;
        }
        if (head[place] == '\r' && is_last) {
            break;  // its LF may follow
        }
        has_controls_ = has_controls_ || head[place] != '\t';
        place = find_control(head, place + 1);
    }
    scanned_ = place;
    if (!trouble_ && head.size() == limits.head_bytes_max) {
        trouble_ = {"the head is too long", true};
    }
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

Trouble parse_field_line(std::string_view line, Field& out) {
    const Trouble trouble = split_field_line(line, out);
    if (!trouble && !is_field_value(out.value)) {
        return {"a field value holds a control character"};
    }
    return trouble;
}

}  // namespace proxy::http
