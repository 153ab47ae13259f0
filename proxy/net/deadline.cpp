#include "proxy/net/deadline.hpp"

#include <algorithm>
#include <cstdint>

namespace proxy::net {

DeadlineClock::Ticks DeadlineClock::ticks_at(std::chrono::steady_clock::time_point time) const {
    const auto since = std::chrono::duration_cast<std::chrono::milliseconds>(time - start_);
    return static_cast<Ticks>(std::max<std::int64_t>(since.count(), 0)) / k_tick_ms;
}

/// Into the slot of its time, which is at least one tick ahead.
void DeadlineClock::link(Deadline& deadline) {
    deadline.slot_ticks_ = std::max(ticks_at(deadline.at_), visited_ + 1);
    slots_[deadline.slot_ticks_ % k_slots].push_back(deadline);
}

void DeadlineClock::tick(std::chrono::steady_clock::time_point now) {
    now_ = now;
    const Ticks current = ticks_at(now);
    // After a long pause one lap sees all there is.
    const Ticks from = std::max(visited_ + 1, current >= k_slots ? current - k_slots + 1 : 0);
    visited_ = std::max(visited_, current);
    for (Ticks tick = from; tick <= current; ++tick) {
        visit(slots_[tick % k_slots]);
    }
}

void DeadlineClock::visit(List& slot) {
    List due;
    due.splice(due.end(), slot);
    while (!due.empty()) {
        auto& deadline = static_cast<Deadline&>(due.front());
        deadline.unlink();
        if (!deadline.is_armed_) {
            continue;
        }
        if (deadline.at_ <= now_) {
            deadline.expire();
        } else {
            link(deadline);
        }
    }
}

void DeadlineClock::shorten(policy::Reason reason, std::uint32_t milliseconds) {
    const auto latest = now_ + std::chrono::milliseconds(milliseconds + k_tick_ms);
    List shortened;
    for (List& slot : slots_) {
        for (auto node = slot.begin(); node != slot.end();) {
            auto& deadline = static_cast<Deadline&>(*node);
            ++node;
            if (deadline.is_armed_ && deadline.reason_ == reason && deadline.at_ > latest) {
                deadline.at_ = latest;
                deadline.unlink();
                shortened.push_back(deadline);
            }
        }
    }
    while (!shortened.empty()) {
        auto& deadline = static_cast<Deadline&>(shortened.front());
        deadline.unlink();
        link(deadline);
    }
}

void Deadline::arm(std::uint32_t milliseconds, policy::Reason reason) {
    // The clock may be one tick behind: add it, so that nothing ends early.
    at_ = clock_.now_ + std::chrono::milliseconds(milliseconds + DeadlineClock::k_tick_ms);
    reason_ = reason;
    expired_ = cancels_only_ = false;
    is_armed_ = true;
    if (!is_linked()) {
        clock_.link(*this);
    } else if (clock_.ticks_at(at_) < slot_ticks_) {
        unlink();
        clock_.link(*this);
    }
}

void Deadline::arm_cancel(std::uint32_t milliseconds) {
    arm(milliseconds, policy::Reason::stream_timeout);
    cancels_only_ = true;
}

void Deadline::expire() {
    is_armed_ = false;
    expired_ = true;
    if (socket_ == nullptr) {
        return;
    }
    if (cancels_only_) {
        socket_->cancel();
    } else {
        socket_->close();
    }
}

}  // namespace proxy::net
