// From the lines of a head to what they mean, or why they cannot mean one thing only
// (security.md §2: what is refused beyond what llhttp refuses).
#pragma once

#include "proxy/http/grammar.hpp"
#include "proxy/http/message.hpp"
#include "proxy/limits.hpp"

#include <cstdint>
#include <span>
#include <string_view>

namespace proxy::http {

/// What a response answers, as far as its framing depends on it (RFC 9112 §6.3).
struct Question {
    bool is_head = false;
    bool is_connect = false;
};

/// Both read `head.text`, whose lines end at `line_ends`, and fill all else of `head`.
[[nodiscard]] Trouble understand_request(
    RequestHead& head, std::span<const std::uint32_t> line_ends, const Limits& limits
);
[[nodiscard]] Trouble understand_response(
    ResponseHead& head, std::span<const std::uint32_t> line_ends, const Question& question
);

}  // namespace proxy::http
