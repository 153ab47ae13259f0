// After a change of the trust bundles: do the peers of live connections still verify?
#pragma once

#include "proxy/control/aio.hpp"
#include "proxy/worker.hpp"
#include "tls/generations.hpp"
#include "tls/material.hpp"

#include <memory>
#include <set>
#include <vector>

namespace proxy::control {

/// Holds what peers have proved against the trust bundles in force, on the control thread (0.3 ms
/// each), and has the workers close the connections of those that failed. Owned by the controller.
class PeerReview {
 public:
    PeerReview(const aio::Executor& executor, std::vector<std::unique_ptr<Worker>>& workers)
        : executor_(executor), workers_(workers) {}

    /// From now on these bundles count. To be called again now and then (each second): a handshake
    /// that was under way may have ended under the bundles of before.
    void run(std::shared_ptr<const tls::Material> material);

 private:
    void ask(Worker& worker);
    [[nodiscard]] tls::Review judge(const std::vector<std::shared_ptr<const tls::Proof>>& doubtful);

    aio::Executor executor_;
    std::vector<std::unique_ptr<Worker>>& workers_;
    std::shared_ptr<const tls::Material> newest_;
    std::set<Worker*> under_review_;  // one question at a time for each
};

}  // namespace proxy::control
