// Who is still here: a count of live connections, given up by destructors.
#pragma once

#include <cstddef>
#include <optional>
#include <utility>

namespace proxy {

/// One per worker, on its thread. Bounded: enter() refuses when full.
class Gate {
 public:
    explicit Gate(std::size_t passes_max) : passes_max_(passes_max) {}
    Gate(const Gate&) = delete;
    Gate& operator=(const Gate&) = delete;

    /// Held by whatever is inside; the gate outlives it.
    class Pass {
     public:
        explicit Pass(Gate& gate) : gate_(&gate) { ++gate_->count_; }
        Pass(Pass&& other) noexcept : gate_(std::exchange(other.gate_, nullptr)) {}
        Pass& operator=(Pass&&) = delete;
        ~Pass() {
            if (gate_ != nullptr) {
                --gate_->count_;
            }
        }

     private:
        Gate* gate_;
    };

    [[nodiscard]] std::optional<Pass> enter() {
        if (count_ >= passes_max_) {
            return std::nullopt;
        }
        return std::optional<Pass>(std::in_place, *this);
    }
    [[nodiscard]] std::size_t count() const { return count_; }

 private:
    std::size_t passes_max_;
    std::size_t count_ = 0;
};

}  // namespace proxy
