// The text of a head or a trailer section: where it ends, its lines, its fields. No meaning yet.
#pragma once

#include "proxy/http/byte_scan.hpp"
#include "proxy/http/grammar.hpp"
#include "proxy/http/message.hpp"
#include "proxy/limits.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace proxy::http {

/// Finds the empty line that ends a head while its bytes arrive, looking at each byte once however
/// often the growing head is offered. Refuses a bare LF at once, rather than when time runs out;
/// other control characters it only notes.
class HeadScanner {
 public:
    /// `input` begins with the head and has at least the bytes of the calls before. Returns whether
    /// it is complete; then size() is its length, with the empty line.
    [[nodiscard]] bool scan(std::string_view input, const Limits& limits);
    [[nodiscard]] Trouble trouble() const { return trouble_; }
    [[nodiscard]] std::size_t size() const { return line_begin_; }
    /// Where the CR of each line is, without the empty line.
    [[nodiscard]] std::span<const std::uint32_t> line_ends() const { return line_ends_; }
    /// Some line holds a control character that is no tab. Which of them, and so what is wrong, is
    /// for the readers of the lines; without any they need not look.
    [[nodiscard]] bool has_controls() const { return has_controls_; }
    [[nodiscard]] bool has_begun() const { return has_begun_; }
    void reset();

 private:
    std::vector<std::uint32_t> line_ends_;
    std::size_t line_begin_ = 0;
    std::size_t scanned_ = 0;
    bool has_begun_ = false;
    bool has_controls_ = false;
    Trouble trouble_;
};

/// "name: value" without its CRLF, as two views. A line that begins with a space or tab is obs-fold
/// and no field (RFC 9112 §5.2), wherever it stands. What the value holds is not looked at.
[[nodiscard]] inline Trouble split_field_line(std::string_view line, Field& out) {
    const std::size_t name_size = count_token(line);
    if (name_size == 0 && !line.empty() && is_blank(line.front())) {
        return {"a line begins with a space (obs-fold)"};
    }
    if (name_size == 0 || name_size == line.size() || line[name_size] != ':') {
        return {"a field name is not a token"};
    }
    out.name = {line.data(), name_size};
    out.value = trim({line.data() + name_size + 1, line.size() - name_size - 1});
    return {};
}
/// The same, and refuses values with control characters.
[[nodiscard]] Trouble parse_field_line(std::string_view line, Field& out);

}  // namespace proxy::http
