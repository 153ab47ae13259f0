// How far a text goes, sixteen bytes at a time where the machine can: every byte of every head
// passes here.
#pragma once

#include "proxy/http/grammar.hpp"

#include <bit>
#include <cstddef>
#include <cstring>
#include <string_view>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

namespace proxy::http {

constexpr bool is_control(char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 || byte == 0x7f;
}

#ifdef __SSE2__
inline __m128i load_block(const char* bytes) {
    __m128i block;
    std::memcpy(&block, bytes, sizeof(block));
    return block;
}

/// 0xff for each byte from `first` to `last`, as unsigned numbers.
inline __m128i in_range(__m128i block, char first, char last) {
    const __m128i offset = _mm_sub_epi8(block, _mm_set1_epi8(first));
    const __m128i span = _mm_set1_epi8(static_cast<char>(last - first));
    return _mm_cmpeq_epi8(_mm_min_epu8(offset, span), offset);
}

inline unsigned mask_of(__m128i block) {
    return static_cast<unsigned>(_mm_movemask_epi8(block));
}
#endif

/// The place, from `place` on, of the first control character (below 0x20, or 0x7f; tabs are
/// some), or the size.
inline std::size_t find_control(std::string_view text, std::size_t place) {
#ifdef __SSE2__
    for (; place + sizeof(__m128i) <= text.size(); place += sizeof(__m128i)) {
        const __m128i block = load_block(text.data() + place);
        const __m128i del = _mm_cmpeq_epi8(block, _mm_set1_epi8(0x7f));
        const unsigned hits = mask_of(_mm_or_si128(in_range(block, 0, 0x1f), del));
        if (hits != 0) {
            return place + static_cast<std::size_t>(std::countr_zero(hits));
        }
    }
#endif
    while (place < text.size() && !is_control(text[place])) {
        ++place;
    }
    return place;
}

/// Length of the longest start that is a token (RFC 9110 §5.6.2).
inline std::size_t count_token(std::string_view text) {
    std::size_t count = 0;
#ifdef __SSE2__
    if (text.size() >= sizeof(__m128i)) {
        // Letters, digits and '-' are all that names are made of, mostly.
        const __m128i block = load_block(text.data());
        const __m128i letter = in_range(_mm_or_si128(block, _mm_set1_epi8(0x20)), 'a', 'z');
        const __m128i digit = in_range(block, '0', '9');
        const __m128i dash = _mm_cmpeq_epi8(block, _mm_set1_epi8('-'));
        const unsigned hits = mask_of(_mm_or_si128(_mm_or_si128(letter, digit), dash));
        count = static_cast<std::size_t>(std::countr_one(hits));
    }
#endif
    while (count < text.size() && is_in(k_token_characters, text[count])) {
        ++count;
    }
    return count;
}

}  // namespace proxy::http
