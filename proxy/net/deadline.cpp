#include "proxy/net/deadline.hpp"

namespace proxy::net {

void DeadlineClock::tick(std::chrono::steady_clock::time_point now) {
    now_ = now;
    for (auto node = armed_.begin(); node != armed_.end();) {
        auto& deadline = static_cast<Deadline&>(*node);
        ++node;  // expire() unlinks
        if (deadline.at_ <= now) {
            deadline.expire();
        }
    }
}

void DeadlineClock::shorten(policy::Reason reason, std::uint32_t milliseconds) {
    const auto latest = now_ + std::chrono::milliseconds(milliseconds + k_tick_ms);
    for (Node& node : armed_) {
        auto& deadline = static_cast<Deadline&>(node);
        if (deadline.reason_ == reason && deadline.at_ > latest) {
            deadline.at_ = latest;
        }
    }
}

void Deadline::arm(std::uint32_t milliseconds, policy::Reason reason) {
    // The clock may be one tick behind: add it, so that nothing ends early.
    at_ = clock_.now_ + std::chrono::milliseconds(milliseconds + DeadlineClock::k_tick_ms);
    reason_ = reason;
    expired_ = cancels_only_ = false;
    if (!is_linked()) {
        clock_.armed_.push_back(*this);
    }
}

void Deadline::arm_cancel(std::uint32_t milliseconds) {
    arm(milliseconds, policy::Reason::stream_timeout);
    cancels_only_ = true;
}

void Deadline::disarm() {
    if (is_linked()) {
        unlink();
    }
}

void Deadline::expire() {
    unlink();
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
