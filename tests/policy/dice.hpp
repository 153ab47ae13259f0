// Choices for random worlds, out of bytes: a fuzzer's, or a seeded engine's.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <random>
#include <span>
#include <vector>

namespace policy::test {

/// Views the bytes; once they are used up, every choice is the first one.
class Dice {
 public:
    explicit Dice(std::span<const std::uint8_t> bytes) : bytes_(bytes) {}

    /// 0 … bound-1, for bounds up to 256.
    int below(int bound) {
        if (next_ == bytes_.size()) {
            return 0;
        }
        return static_cast<int>(bytes_[next_++]) % bound;
    }
    bool one_in(int n) { return below(n) == n - 1; }
    template <class T, std::size_t N>
    const T& pick(const std::array<T, N>& from) {
        return from[static_cast<std::size_t>(below(static_cast<int>(N)))];
    }

 private:
    std::span<const std::uint8_t> bytes_;
    std::size_t next_ = 0;
};

inline std::vector<std::uint8_t> random_bytes(std::mt19937& engine, std::size_t size) {
    std::vector<std::uint8_t> bytes(size);
    for (std::uint8_t& byte : bytes) {
        byte = static_cast<std::uint8_t>(engine());
    }
    return bytes;
}

}  // namespace policy::test
