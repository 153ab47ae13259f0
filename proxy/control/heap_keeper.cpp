#include "proxy/control/heap_keeper.hpp"

#include <malloc.h>

#include <algorithm>

namespace proxy::control {
namespace {

/// Fewer hold less than what a sidecar takes anyway.
constexpr std::size_t k_many_connections = 128;

}  // namespace

bool HeapKeeper::should_trim(std::size_t open, Clock::time_point now) {
    peak_ = std::max(peak_, open);
    if (peak_ < k_many_connections || open > peak_ / 2) {
        gone_since_.reset();
    } else if (!gone_since_.has_value()) {
        gone_since_ = now;
    }
    const auto is_over = [this, now](const std::optional<Clock::time_point>& since) {
        return since.has_value() && now - *since >= quiet_;
    };
    if (!is_over(gone_since_) && !is_over(freed_at_)) {
        return false;
    }
    peak_ = open;
    gone_since_.reset();
    freed_at_.reset();
    return true;
}

void trim_heap() {
    malloc_trim(0);
}

}  // namespace proxy::control
