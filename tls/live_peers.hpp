// The connections of one Context whose peers have proved who they are: each lives no longer than
// its proof may be believed.
#pragma once

#include "io/socket.hpp"
#include "tls/material.hpp"
#include "tls/proof.hpp"

#include <boost/intrusive/list.hpp>

#include <cstddef>
#include <functional>
#include <memory>
#include <vector>

namespace tls {

/// Used on its worker's thread.
class LivePeers {
 public:
    /// Part of a connection, which stays where it is.
    class Entry : public boost::intrusive::list_base_hook<
                      boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
     public:
        explicit Entry(io::Socket& socket) : socket_(socket) {}
        Entry(const Entry&) = delete;
        Entry& operator=(const Entry&) = delete;

     private:
        friend class LivePeers;
        io::Socket& socket_;
        std::shared_ptr<const Proof> proof_;
        std::shared_ptr<const Material>
            believed_by_;  // whose trust bundles the proof holds against
    };

    /// Whoever ended a connection; by the side that the peer is on.
    using OnCut = std::function<void(PeerRole)>;

    /// The peer of `entry` has proved itself against the bundles of `material`.
    void enter(
        Entry& entry, std::shared_ptr<const Proof> proof, std::shared_ptr<const Material> material
    );
    /// Closes the connections whose proof has ended by `now`: the peer's certificate, or one of
    /// those above it.
    void expire(Clock::time_point now, const OnCut& on_cut);
    /// Adds the proofs that were not held against the bundles of `material` yet, each once, until
    /// `proofs` has `count_max`.
    void add_doubtful(
        const Material& material,
        std::vector<std::shared_ptr<const Proof>>& proofs,
        std::size_t count_max
    ) const;
    /// `proof` holds against the bundles of `material` too.
    void believe(const Proof& proof, const std::shared_ptr<const Material>& material);
    /// It does not: closes the connections that rest on it.
    void cut(const Proof& proof, const OnCut& on_cut);

 private:
    void close(Entry& entry, const OnCut& on_cut);

    boost::intrusive::list<Entry, boost::intrusive::constant_time_size<false>> entries_;
    Clock::time_point next_end_ = Clock::time_point::max();  // of all proofs; may be too early
};

}  // namespace tls
