// The chunked transfer coding, read strictly (RFC 9112 §7.1). Our own rather than llhttp's, which
// accepts folded lines and framing fields in trailers and a trailer section ended by a bare LF.
#pragma once

#include "proxy/http/grammar.hpp"
#include "proxy/http/message.hpp"
#include "proxy/limits.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace proxy::http {

/// Reads one chunked body after another, split anywhere. Chunk extensions are dropped (RFC 9112
/// §7.1.1), trailers kept until reset().
class ChunkedReader {
 public:
    enum class Outcome : std::uint8_t { need_more, data, end, trouble };
    struct Step {
        Outcome outcome = Outcome::need_more;
        std::size_t consumed = 0;
        std::string_view data;  // a view into the input
    };

    void reset();
    [[nodiscard]] Step feed(std::string_view input, const Limits& limits);
    [[nodiscard]] std::span<const Field> trailers() const { return trailers_; }
    [[nodiscard]] Trouble trouble() const { return trouble_; }

 private:
    enum class State : std::uint8_t { size, extension, size_lf, data, data_cr, data_lf, trailer };

    void on_framing_byte(char byte);
    void on_size_byte(char byte);
    void on_extension_byte(char byte);
    void end_size_line();
    void expect(char byte, char wanted, State next);
    bool read_trailer_lines(std::string_view input, const Limits& limits, std::size_t& consumed);
    void parse_trailers(std::size_t fields_max);

    State state_ = State::size;
    std::uint64_t remaining_ = 0;
    std::uint32_t size_digits_ = 0;
    std::uint32_t extension_bytes_ = 0;
    std::string trailer_text_;
    std::vector<Field> trailers_;
    Trouble trouble_;
};

}  // namespace proxy::http
