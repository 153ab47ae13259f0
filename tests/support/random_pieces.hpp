// Splits bytes as a network might, the same way each time for the same seed.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <random>
#include <string_view>

namespace support {

/// FNV-1a.
inline std::uint32_t seed_of(std::string_view text) {
    std::uint32_t hash = 2166136261U;
    for (const char c : text) {
        hash = (hash ^ static_cast<unsigned char>(c)) * 16777619U;
    }
    return hash;
}

/// Seed 0: whole. Seed 1: byte by byte. Others: pieces of up to 32 bytes.
template <class Take>
void for_each_piece(std::string_view text, std::uint32_t seed, Take take) {
    std::minstd_rand random(seed);
    while (!text.empty()) {
        const std::size_t wanted = seed == 0 ? text.size() : seed == 1 ? 1 : 1 + random() % 32;
        const std::size_t size = std::min(wanted, text.size());
        take(text.substr(0, size));
        text.remove_prefix(size);
    }
}

}  // namespace support
