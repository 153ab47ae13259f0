// The writing half of http1_codec.hpp: only what was understood, in one spelling.
#include "proxy/http/http1_codec.hpp"

#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace proxy::http {
namespace {

constexpr std::string_view k_line_end = "\r\n";
constexpr std::string_view k_name_end = ": ";

/// Writes `size` bytes behind a string that has made room for them, all at once.
class Appender {
 public:
    Appender(std::string& out, std::size_t size) {
        const std::size_t begin = out.size();
        out.resize(begin + size);
        place_ = out.data() + begin;
    }
    void put(std::string_view text) {
        std::memcpy(place_, text.data(), text.size());
        place_ += text.size();
    }
    void put_fields(std::span<const Field> fields) {
        for (const Field& field : fields) {
            put(field.name);
            put(k_name_end);
            put(field.value);
            put(k_line_end);
        }
        put(k_line_end);
    }

 private:
    char* place_;
};

/// Of the fields and the empty line behind them.
std::size_t bytes_of(std::span<const Field> fields) {
    std::size_t bytes = k_line_end.size();
    for (const Field& field : fields) {
        bytes += field.name.size() + k_name_end.size() + field.value.size() + k_line_end.size();
    }
    return bytes;
}

}  // namespace

void append_request_head(std::string& out, const RequestLine& line, std::span<const Field> fields) {
    constexpr std::string_view k_version = " HTTP/1.1\r\n";
    const std::size_t line_bytes = line.method.size() + 1 + line.target.size() + k_version.size();
    Appender head(out, line_bytes + bytes_of(fields));
    head.put(line.method);
    head.put(" ");
    head.put(line.target);
    head.put(k_version);
    head.put_fields(fields);
}

void append_response_head(
    std::string& out,
    std::uint16_t status,
    std::string_view reason_phrase,
    std::span<const Field> fields
) {
    constexpr std::string_view k_version = "HTTP/1.1 ";
    const auto digit = [status](int place) { return static_cast<char>('0' + status / place % 10); };
    const std::array<char, 4> code = {digit(100), digit(10), digit(1), ' '};
    const std::size_t line_bytes =
        k_version.size() + code.size() + reason_phrase.size() + k_line_end.size();
    Appender head(out, line_bytes + bytes_of(fields));
    head.put(k_version);
    head.put({code.data(), code.size()});
    head.put(reason_phrase);
    head.put(k_line_end);
    head.put_fields(fields);
}

void append_chunk_head(std::string& out, std::size_t bytes) {
    std::array<char, 16> digits{};
    const auto result =
        std::to_chars(digits.data(), digits.data() + digits.size(), std::uint64_t{bytes}, 16);
    out.append(digits.data(), result.ptr).append(k_line_end);
}

void append_last_chunk(std::string& out, std::span<const Field> trailers) {
    constexpr std::string_view k_last = "0\r\n";
    Appender end(out, k_last.size() + bytes_of(trailers));
    end.put(k_last);
    end.put_fields(trailers);
}

}  // namespace proxy::http
