// How many log lines of one kind a worker writes that others cause: enough to see what happens,
// never one per request of a busy pod. The metrics count all of it.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <utility>

namespace proxy {

/// One per worker and kind, on its thread.
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
    /// For the end of a line: how many were left out before it; empty when none.
    [[nodiscard]] std::string take_skipped_text() {
        const std::uint64_t skipped = std::exchange(skipped_, 0);
        return skipped == 0
                   ? std::string()
                   : " (" + std::to_string(skipped) + " such lines before this one left out)";
    }

 private:
    std::chrono::steady_clock::time_point begin_{};
    std::uint32_t lines_ = 0;
    std::uint64_t skipped_ = 0;
};

}  // namespace proxy
