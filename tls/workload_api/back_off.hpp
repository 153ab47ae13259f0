// When to try again. Pure: the dice is an argument.
#pragma once

#include "tls/workload_api/grpc_call.hpp"

#include <algorithm>
#include <chrono>

namespace tls::workload_api {

/// Doubles from `first` to `most`. Each wait is shortened by up to half of it by chance, so that
/// the sidecars of a node do not come back to a restarted agent all at once.
class BackOff {
 public:
    using Duration = std::chrono::milliseconds;

    BackOff(Duration first, Duration most) : first_(first), most_(most), next_(first) {}

    /// `chance` in [0, 1). A request that the agent calls wrong, or does not know at all, will not
    /// become right by itself: it is asked again as rarely as anything is, in case that the agent
    /// is replaced (the specification's SHOULD NOT retry would leave the pod to a restart).
    [[nodiscard]] Duration after(GrpcCode code, double chance) {
        if (code == GrpcCode::invalid_argument || code == GrpcCode::unimplemented) {
            next_ = most_;
        }
        const Duration wait = next_;
        next_ = std::min(2 * next_, most_);
        return Duration(
            static_cast<Duration::rep>(static_cast<double>(wait.count()) * (1.0 - chance / 2))
        );
    }
    /// After a good answer.
    void reset() { next_ = first_; }

 private:
    Duration first_;
    Duration most_;
    Duration next_;
};

}  // namespace tls::workload_api
