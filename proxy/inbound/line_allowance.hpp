// How many log lines about audited traffic a worker writes: enough to see what would be denied,
// never one per request of a busy pod. The metrics count all of it.
#pragma once

#include <chrono>
#include <cstdint>

namespace proxy::inbound {

/// One per worker, on its thread.
class LineAllowance {
 public:
    static constexpr std::uint32_t k_lines_per_second_max = 10;

    /// True when one more line may be written at `now`.
    [[nodiscard]] bool take(std::chrono::steady_clock::time_point now) {
        if (now - begin_ >= std::chrono::seconds(1)) {
            begin_ = now;
            lines_ = 0;
        }
        const bool may_write = lines_ < k_lines_per_second_max;
        lines_ += may_write ? 1 : 0;
        skipped_ += may_write ? 0 : 1;
        return may_write;
    }
    /// How many were left out since the last question.
    [[nodiscard]] std::uint64_t take_skipped() {
        const std::uint64_t skipped = skipped_;
        skipped_ = 0;
        return skipped;
    }

 private:
    std::chrono::steady_clock::time_point begin_{};
    std::uint32_t lines_ = 0;
    std::uint64_t skipped_ = 0;
};

}  // namespace proxy::inbound
