// How RE2 is set up for patterns of users. Private to matcher and matcher_set.
#pragma once

#include "policy/options.hpp"

#include <re2/re2.h>

#include <cstdint>

namespace policy {

/// Bytes, not UTF-8: one that is no UTF-8 must not step around a pattern (security.md §4).
inline re2::RE2::Options re2_options(std::int64_t bytes_max) {
    re2::RE2::Options options;
    options.set_encoding(re2::RE2::Options::EncodingLatin1);
    options.set_dot_nl(true);
    options.set_never_capture(true);
    options.set_log_errors(false);
    options.set_max_mem(bytes_max);
    return options;
}

inline re2::RE2::Anchor re2_anchor(RegexMode mode) {
    switch (mode) {
        case RegexMode::start:
            return re2::RE2::ANCHOR_START;
        case RegexMode::full:
            return re2::RE2::ANCHOR_BOTH;
        case RegexMode::search:
            return re2::RE2::UNANCHORED;
    }
    return re2::RE2::ANCHOR_BOTH;
}

}  // namespace policy
