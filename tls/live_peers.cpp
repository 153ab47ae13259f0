#include "tls/live_peers.hpp"

#include <algorithm>
#include <utility>

namespace tls {

void LivePeers::enter(
    Entry& entry, std::shared_ptr<const Proof> proof, std::shared_ptr<const Material> material
) {
    next_end_ = std::min(next_end_, proof->validity.until);
    entry.proof_ = std::move(proof);
    entry.believed_by_ = std::move(material);
    entries_.push_back(entry);
}

void LivePeers::expire(Clock::time_point now, const OnCut& on_cut) {
    if (now < next_end_) {
        return;
    }
    next_end_ = Clock::time_point::max();
    for (auto at = entries_.begin(); at != entries_.end();) {
        Entry& entry = *at++;
        if (entry.proof_->validity.until <= now) {
            close(entry, on_cut);
        } else {
            next_end_ = std::min(next_end_, entry.proof_->validity.until);
        }
    }
}

void LivePeers::add_doubtful(
    const Material& material,
    std::vector<std::shared_ptr<const Proof>>& proofs,
    std::size_t count_max
) const {
    for (const Entry& entry : entries_) {
        if (proofs.size() == count_max) {
            return;
        }
        const bool is_doubtful = entry.believed_by_->trust_generation != material.trust_generation;
        if (is_doubtful && std::ranges::find(proofs, entry.proof_) == proofs.end()) {
            proofs.push_back(entry.proof_);
        }
    }
}

void LivePeers::believe(const Proof& proof, const std::shared_ptr<const Material>& material) {
    for (Entry& entry : entries_) {
        if (entry.proof_.get() == &proof) {
            entry.believed_by_ = material;
        }
    }
}

void LivePeers::cut(const Proof& proof, const OnCut& on_cut) {
    for (auto at = entries_.begin(); at != entries_.end();) {
        Entry& entry = *at++;
        if (entry.proof_.get() == &proof) {
            close(entry, on_cut);
        }
    }
}

/// What reads and writes there ends with an error, in a round of its own.
void LivePeers::close(Entry& entry, const OnCut& on_cut) {
    entry.unlink();
    entry.socket_.close();
    on_cut(entry.proof_->role);
}

}  // namespace tls
