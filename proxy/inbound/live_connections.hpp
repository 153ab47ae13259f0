// Connections that were admitted once and go on: decided again on each new snapshot.
#pragma once

#include "io/socket.hpp"
#include "policy/decide.hpp"
#include "policy/identity.hpp"
#include "policy/snapshot.hpp"

#include <boost/intrusive/list.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace proxy::inbound {

/// What must be asked again: raw bytes, or the HTTP request that was upgraded.
struct AdmittedFacts {
    std::optional<policy::Identity> peer;
    std::optional<policy::IpAddress> peer_address;
    std::uint16_t port = 0;
    bool is_mesh = false;  // it came inside our mTLS
    bool is_http = false;
    // Of an upgraded request:
    std::string method;
    std::string path;
    std::string authority;
    std::vector<std::pair<std::string, std::string>> headers;
};

/// A copy that outlives the request's head, its path in canonical form.
[[nodiscard]] AdmittedFacts admitted_facts(
    const policy::HttpFacts& facts, const policy::Options& options
);

/// Whether `snapshot` would let it in as well, by the modes of its port.
[[nodiscard]] bool is_still_admitted(const policy::Snapshot& snapshot, const AdmittedFacts& facts);

/// One per worker, on its thread.
class LiveConnections {
 public:
    /// Lives in the frame of the connection. Enter before the first decision, so that no snapshot
    /// slips in between.
    class Entry : public boost::intrusive::list_base_hook<
                      boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
     public:
        Entry(LiveConnections& connections, io::Socket& socket, AdmittedFacts facts);
        [[nodiscard]] bool was_cut() const { return was_cut_; }

     private:
        void cut();

        friend class LiveConnections;
        io::Socket& socket_;
        AdmittedFacts facts_;
        bool was_cut_ = false;
    };

    /// Closes every connection that `snapshot` no longer allows; returns how many.
    std::size_t review(const policy::Snapshot& snapshot);

 private:
    boost::intrusive::list<Entry, boost::intrusive::constant_time_size<false>> entries_;
};

}  // namespace proxy::inbound
