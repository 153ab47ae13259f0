#include "bench/load/answer.hpp"

#include <algorithm>
#include <charconv>

namespace bench::load {

namespace {

// What the proxies under test allow themselves.
constexpr std::size_t k_head_bytes_max = 64 * 1024;

bool equals_ignoring_case(std::string_view text, std::string_view lower) {
    return std::equal(text.begin(), text.end(), lower.begin(), lower.end(), [](char a, char b) {
        return (a >= 'A' && a <= 'Z' ? a + ('a' - 'A') : a) == b;
    });
}

std::string_view trimmed(std::string_view text) {
    const auto begin = text.find_first_not_of(" \t");
    if (begin == std::string_view::npos) {
        return {};
    }
    return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

bool lists(std::string_view value, std::string_view lower) {
    while (!value.empty()) {
        const auto comma = std::min(value.find(','), value.size());
        if (equals_ignoring_case(trimmed(value.substr(0, comma)), lower)) {
            return true;
        }
        value.remove_prefix(std::min(comma + 1, value.size()));
    }
    return false;
}

/// The whole text is one number.
bool read_number(std::string_view text, std::uint64_t& number, int base) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, base);
    return error == std::errc() && end == text.data() + text.size();
}

}  // namespace

void AnswerReader::begin(bool has_no_body) {
    state_ = State::status_line;
    request_has_no_body_ = has_no_body;
    is_chunked_ = false;
    has_length_ = false;
    is_last_ = false;
    status_ = 0;
    left_ = 0;
    line_bytes_ = 0;
    line_.clear();
}

std::size_t AnswerReader::feed(std::string_view data) {
    std::size_t used = 0;
    while (used < data.size() && state_ != State::complete && state_ != State::failed) {
        const std::string_view rest = data.substr(used);
        used += is_reading_lines() ? feed_line(rest) : feed_body(rest);
    }
    return used;
}

void AnswerReader::feed_end() {
    if (state_ == State::complete) {
        return;
    }
    state_ = state_ == State::body_to_end ? State::complete : State::failed;
    is_last_ = true;
}

bool AnswerReader::is_reading_lines() const {
    return state_ != State::body_by_length && state_ != State::body_to_end &&
           state_ != State::chunk_data;
}

std::size_t AnswerReader::feed_line(std::string_view data) {
    const std::size_t end = data.find('\n');
    const std::size_t bytes = end == std::string_view::npos ? data.size() : end + 1;
    line_bytes_ += bytes;
    if (line_bytes_ > k_head_bytes_max) {
        state_ = State::failed;
        return bytes;
    }
    std::string_view line = data.substr(0, bytes);
    if (end == std::string_view::npos || !line_.empty()) {
        line_.append(line);
        line = line_;
    }
    if (end == std::string_view::npos) {
        return bytes;
    }
    if (line.ends_with("\r\n")) {
        take_line(line.substr(0, line.size() - 2));
    } else {
        state_ = State::failed;
    }
    line_.clear();
    return bytes;
}

std::size_t AnswerReader::feed_body(std::string_view data) {
    if (state_ == State::body_to_end) {
        return data.size();
    }
    const auto bytes = static_cast<std::size_t>(std::min<std::uint64_t>(left_, data.size()));
    left_ -= bytes;
    if (left_ == 0) {
        state_ = state_ == State::chunk_data ? State::chunk_end : State::complete;
    }
    return bytes;
}

void AnswerReader::take_line(std::string_view line) {
    switch (state_) {
        case State::status_line:
            state_ = take_status_line(line);
            break;
        case State::fields:
            state_ = line.empty() ? end_head() : take_field(line);
            break;
        case State::chunk_size:
            state_ = take_chunk_size(line);
            break;
        case State::chunk_end:
            line_bytes_ = 0;
            state_ = line.empty() ? State::chunk_size : State::failed;
            break;
        case State::trailers:
            state_ = line.empty() ? State::complete : State::trailers;
            break;
        case State::body_by_length:
        case State::body_to_end:
        case State::chunk_data:
        case State::complete:
        case State::failed:
            break;
    }
}

// "HTTP/1.1 200 OK"
AnswerReader::State AnswerReader::take_status_line(std::string_view line) {
    constexpr std::size_t k_version_bytes = 9;
    std::uint64_t status = 0;
    if (line.size() < k_version_bytes + 3 || !line.starts_with("HTTP/1.") || line[8] != ' ' ||
        !read_number(line.substr(k_version_bytes, 3), status, 10) || status < 100) {
        return State::failed;
    }
    status_ = static_cast<int>(status);
    is_last_ = line[7] == '0';
    return State::fields;
}

AnswerReader::State AnswerReader::take_field(std::string_view line) {
    const auto colon = line.find(':');
    if (colon == std::string_view::npos) {
        return State::failed;
    }
    const std::string_view name = line.substr(0, colon);
    const std::string_view value = line.substr(colon + 1);
    if (equals_ignoring_case(name, "content-length")) {
        return take_length(trimmed(value));
    }
    if (equals_ignoring_case(name, "transfer-encoding")) {
        if (is_chunked_ || !equals_ignoring_case(trimmed(value), "chunked")) {
            return State::failed;
        }
        is_chunked_ = true;
    } else if (equals_ignoring_case(name, "connection")) {
        is_last_ = lists(value, "close") || (is_last_ && !lists(value, "keep-alive"));
    }
    return State::fields;
}

AnswerReader::State AnswerReader::take_length(std::string_view value) {
    std::uint64_t length = 0;
    if (!read_number(value, length, 10) || (has_length_ && length != left_)) {
        return State::failed;
    }
    has_length_ = true;
    left_ = length;
    return State::fields;
}

// RFC 9112 §6.3, in its order.
AnswerReader::State AnswerReader::end_head() {
    if (status_ < 200 && status_ != 101) {
        begin(request_has_no_body_);
        return State::status_line;
    }
    line_bytes_ = 0;
    if (is_chunked_ && has_length_) {
        return State::failed;
    }
    if (status_ == 101) {
        is_last_ = true;  // no HTTP from here on
        return State::complete;
    }
    if (request_has_no_body_ || status_ == 204 || status_ == 304) {
        return State::complete;
    }
    if (is_chunked_) {
        return State::chunk_size;
    }
    if (has_length_) {
        return left_ == 0 ? State::complete : State::body_by_length;
    }
    is_last_ = true;
    return State::body_to_end;
}

AnswerReader::State AnswerReader::take_chunk_size(std::string_view line) {
    const std::string_view size = trimmed(line.substr(0, line.find(';')));
    if (!read_number(size, left_, 16)) {
        return State::failed;
    }
    return left_ == 0 ? State::trailers : State::chunk_data;
}

}  // namespace bench::load
