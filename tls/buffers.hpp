// Buffers that connections of one Context hand on to each other, so that an idle one holds none
// and a busy one does not ask malloc.
#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace tls {

/// A record holds 16 KiB of plaintext (RFC 8446 §5.1).
inline constexpr std::size_t k_record_plaintext_bytes = 16 * 1024;
/// With its header, type and tag (RFC 8446 §5.2).
inline constexpr std::size_t k_record_bytes = 5 + k_record_plaintext_bytes + 1 + 16;

class Buffers {
 public:
    /// More than these go back to malloc: it is enough that those in use at one time are few.
    static constexpr std::size_t k_spare_max = 16;

    Buffers() { spare_texts_.reserve(k_spare_max); }

    /// Empty, but perhaps with room.
    [[nodiscard]] std::string take_text() noexcept {
        if (spare_texts_.empty()) {
            return {};
        }
        std::string text = std::move(spare_texts_.back());
        spare_texts_.pop_back();
        return text;
    }
    /// Takes any text; what it says is lost.
    void give_back(std::string text) noexcept {
        const std::size_t room = text.capacity();
        if (room > k_inline_bytes && room <= 2 * k_record_bytes &&
            spare_texts_.size() < k_spare_max) {
            text.clear();
            spare_texts_.push_back(std::move(text));
        }
    }

 private:
    static constexpr std::size_t k_inline_bytes = 32;  // a string that has no memory of its own

    std::vector<std::string> spare_texts_;
};

}  // namespace tls
