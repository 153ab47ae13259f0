// From the lines of a head to what they mean, or why they cannot mean one thing only
// (security.md §2: what is refused beyond what others refuse).
#pragma once

#include "proxy/http/grammar.hpp"
#include "proxy/http/head_text.hpp"
#include "proxy/http/message.hpp"
#include "proxy/limits.hpp"

namespace proxy::http {

/// What a response answers, as far as its framing depends on it (RFC 9112 §6.3).
struct Question {
    bool is_head = false;
    bool is_connect = false;
};

/// Both read `head.text`, in which `lines` found a complete head, and fill all else of `head`.
[[nodiscard]] Trouble understand_request(
    RequestHead& head, const HeadScanner& lines, const Limits& limits
);
[[nodiscard]] Trouble understand_response(
    ResponseHead& head, const HeadScanner& lines, const Question& question
);

}  // namespace proxy::http
