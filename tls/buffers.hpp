// Buffers that connections of one Context hand on to each other, so that an idle one holds none
// and a busy one does not ask malloc.
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace tls {

/// A record holds 16 KiB of plaintext (RFC 8446 §5.1); with its header and tag it fits here, so
/// that one socket read can bring a whole one.
inline constexpr std::size_t k_record_plaintext_bytes = 16 * 1024;
inline constexpr std::size_t k_record_bytes = k_record_plaintext_bytes + 1024;
/// Two of them: where there is much to read, a system call brings more than one.
inline constexpr std::size_t k_input_bytes = 2 * k_record_bytes;

class Buffers {
 public:
    /// More than these go back to malloc: it is enough that those in use at one time are few.
    static constexpr std::size_t k_spare_max = 16;

    using Bytes = std::unique_ptr<char[]>;

    Buffers() {
        spare_bytes_.reserve(k_spare_max);
        spare_texts_.reserve(k_spare_max);
    }

    /// Of k_input_bytes, not initialised.
    [[nodiscard]] Bytes take_bytes() {
        if (spare_bytes_.empty()) {
            return std::make_unique_for_overwrite<char[]>(k_input_bytes);
        }
        Bytes bytes = std::move(spare_bytes_.back());
        spare_bytes_.pop_back();
        return bytes;
    }
    /// Takes what take_bytes gave, or null.
    void give_back(Bytes bytes) noexcept {
        if (bytes != nullptr && spare_bytes_.size() < k_spare_max) {
            spare_bytes_.push_back(std::move(bytes));
        }
    }

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

    std::vector<Bytes> spare_bytes_;
    std::vector<std::string> spare_texts_;
};

}  // namespace tls
