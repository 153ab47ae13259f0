// What must be true of a text before yaml-cpp sees it, and where its documents may begin.
#pragma once

#include "policy/problem.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace policy {

/// A problem when `text` is longer than `text_bytes_max`, could be of more than `tokens_max` tokens
/// (see below), is not UTF-8, or holds control characters or line breaks that readers differ about.
/// yaml-cpp takes U+0004 for the end of the text and would drop the rest without a word.
[[nodiscard]] std::optional<Problem> text_problem(
    std::string_view text,
    const std::string& file,
    std::size_t text_bytes_max,
    std::size_t tokens_max
);

/// No fewer than the tokens that yaml-cpp holds at once for `text`: it reads a whole [...] or {...}
/// ahead, to see whether a colon makes a key of it, before it tells of the first node in there.
/// A bracket counts twice, for its pair; a quote half. Three for each node are always enough.
[[nodiscard]] std::size_t count_tokens(std::string_view text);

[[nodiscard]] std::string_view without_byte_order_mark(std::string_view text);

/// True when a further document may begin at byte `position`: a line "---" stands there, or "..."
/// ended the one before (YAML 1.2 §9.1.2, §9.2).
[[nodiscard]] bool begins_document(std::string_view text, std::size_t position);

}  // namespace policy
