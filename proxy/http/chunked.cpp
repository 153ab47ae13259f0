#include "proxy/http/chunked.hpp"

#include "proxy/http/field_names.hpp"
#include "proxy/http/head_text.hpp"

#include <algorithm>

namespace proxy::http {
namespace {

// 15 hexadecimal digits: an exbibyte, and no overflow to think about.
constexpr std::uint32_t k_size_digits_max = 15;
// Known ones are signatures of some 90 bytes.
constexpr std::uint32_t k_extension_bytes_max = 1024;

int hex_value(char c) {
    if (is_digit(c)) {
        return c - '0';
    }
    const char lower = to_lower(c);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

/// A second opinion on where the message ends or whom it is for has no place behind the body.
bool is_refused_in_trailers(std::string_view name) {
    const FieldName known = name_of(name);
    return known == FieldName::content_length || known == FieldName::transfer_encoding ||
           known == FieldName::host;
}

}  // namespace

void ChunkedReader::reset() {
    state_ = State::size;
    remaining_ = 0;
    size_digits_ = 0;
    extension_bytes_ = 0;
    trailer_text_.clear();
    trailers_.clear();
    trouble_ = {};
}

ChunkedReader::Step ChunkedReader::feed(std::string_view input, const Limits& limits) {
    std::size_t consumed = 0;
    while (!trouble_ && consumed < input.size()) {
        if (state_ == State::data) {
            const std::string_view data =
                input.substr(consumed, std::min<std::uint64_t>(remaining_, input.size()));
            remaining_ -= data.size();
            if (remaining_ == 0) {
                state_ = State::data_cr;
            }
            return {Outcome::data, consumed + data.size(), data};
        }
        if (state_ == State::trailer) {
            if (read_trailer_lines(input, limits, consumed)) {
                return {Outcome::end, consumed, {}};
            }
            continue;
        }
        on_framing_byte(input[consumed]);
        ++consumed;
    }
    return {trouble_ ? Outcome::trouble : Outcome::need_more, consumed, {}};
}

void ChunkedReader::on_framing_byte(char byte) {
    switch (state_) {
        case State::size:
            on_size_byte(byte);
            return;
        case State::extension:
            on_extension_byte(byte);
            return;
        case State::size_lf:
            expect(byte, '\n', State::data);
            end_size_line();
            return;
        case State::data_cr:
            expect(byte, '\r', State::data_lf);
            return;
        case State::data_lf:
            expect(byte, '\n', State::size);
            return;
        case State::data:
        case State::trailer:
            return;
    }
}

void ChunkedReader::on_size_byte(char byte) {
    const int digit = hex_value(byte);
    if (digit >= 0) {
        if (++size_digits_ > k_size_digits_max) {
            trouble_ = {"a chunk size has too many digits"};
            return;
        }
        remaining_ = remaining_ * 16 + static_cast<unsigned>(digit);
    } else if (size_digits_ > 0 && byte == ';') {
        state_ = State::extension;
    } else if (size_digits_ > 0 && byte == '\r') {
        state_ = State::size_lf;
    } else {
        trouble_ = {"a chunk size is not a hexadecimal number"};
    }
}

void ChunkedReader::on_extension_byte(char byte) {
    if (byte == '\r') {
        state_ = State::size_lf;
    } else if (!is_field_value({&byte, 1})) {
        trouble_ = {"a chunk extension holds a control character"};
    } else if (++extension_bytes_ > k_extension_bytes_max) {
        trouble_ = {"a chunk extension is too long"};
    }
}

void ChunkedReader::end_size_line() {
    size_digits_ = 0;
    extension_bytes_ = 0;
    if (remaining_ == 0) {
        state_ = State::trailer;
    }
}

void ChunkedReader::expect(char byte, char wanted, State next) {
    if (byte == wanted) {
        state_ = next;
    } else {
        trouble_ = {"a chunk or its size does not end in CRLF"};
    }
}

/// Keeps whole and partial lines until the empty one; true when that was read.
bool ChunkedReader::read_trailer_lines(
    std::string_view input, const Limits& limits, std::size_t& consumed
) {
    const std::size_t line_feed = input.find('\n', consumed);
    const std::size_t end = line_feed == std::string_view::npos ? input.size() : line_feed + 1;
    if (trailer_text_.size() + (end - consumed) > limits.trailer_bytes_max) {
        trouble_ = {"the trailers are too long", true};
        return false;
    }
    trailer_text_.append(input, consumed, end - consumed);
    consumed = end;
    if (line_feed == std::string_view::npos) {
        return false;
    }
    if (!trailer_text_.ends_with("\r\n")) {
        trouble_ = {"a line ends in LF without CR"};
        return false;
    }
    if (trailer_text_ != "\r\n" && !trailer_text_.ends_with("\r\n\r\n")) {
        return false;
    }
    parse_trailers(limits.head_fields_max);
    return !trouble_;
}

void ChunkedReader::parse_trailers(std::size_t fields_max) {
    std::string_view rest = trailer_text_;
    while (!trouble_ && rest != "\r\n") {
        const std::size_t end = rest.find("\r\n");
        Field field;
        trouble_ = parse_field_line(rest.substr(0, end), field);
        if (!trouble_ && is_refused_in_trailers(field.name)) {
            trouble_ = {"a trailer says how the message is framed"};
        }
        if (trailers_.size() == fields_max) {
            trouble_ = {"too many trailers", true};
        }
        trailers_.push_back(field);
        rest.remove_prefix(end + 2);
    }
}

}  // namespace proxy::http
