// The Contexts of one worker that still have connections, the newest last: what each of their
// peers has proved must hold against the trust bundles of today.
#pragma once

#include "tls/context.hpp"
#include "tls/live_peers.hpp"
#include "tls/material.hpp"
#include "tls/proof.hpp"

#include <cstddef>
#include <memory>
#include <vector>

namespace tls {

/// What came of holding proofs against the bundles of `material`: whoever does that may be another
/// thread, since a proof costs 0.3 ms.
struct Review {
    std::shared_ptr<const Material> material;
    std::vector<std::shared_ptr<const Proof>> held;
    std::vector<std::shared_ptr<const Proof>> failed;
};

/// Used on its worker's thread. Each connection keeps its own Context alive; this does not.
class Generations {
 public:
    /// Connections that begin now get `context`, which retires the others.
    void begin(const std::shared_ptr<const Context>& context);
    /// Closes the connections whose proof has ended by `now`.
    void expire(Clock::time_point now, const LivePeers::OnCut& on_cut);
    /// The proofs of live connections that were not held against the bundles of `material` yet, at
    /// most `count_max` of them. Empty: all were.
    [[nodiscard]] std::vector<std::shared_ptr<const Proof>> doubtful(
        const Material& material, std::size_t count_max
    );
    /// Closes the connections whose proof failed.
    void settle(const Review& review, const LivePeers::OnCut& on_cut);
    [[nodiscard]] std::size_t size() const { return contexts_.size(); }

 private:
    /// Calls `visit` with the peers of each Context that is still in use, and forgets the others.
    template <class Visit>
    void each(Visit visit);

    std::vector<std::weak_ptr<const Context>> contexts_;
};

}  // namespace tls
