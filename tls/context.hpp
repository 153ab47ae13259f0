// The SSL_CTX pair of one identity generation, made once per worker.
#pragma once

#include "policy/result.hpp"
#include "tls/handshake_turns.hpp"
#include "tls/live_peers.hpp"
#include "tls/material.hpp"
#include "tls/proof.hpp"
#include "tls/resumption.hpp"

#include <memory>
#include <vector>

namespace tls {

/// What the connections of one Context share, and leave to the next ones. All of it is bounded.
struct Caches {
    // One each: strangers at the pod's ports must not keep its application from calling others.
    HandshakeTurns accepting_turns;
    HandshakeTurns connecting_turns;
    LivePeers live;
    ProvedChains chains;
    ServerSessions sessions;
    ClientTickets tickets;
    // Where connections are after their handshake: contexts that hold nothing. Made when the first
    // one is there.
    Owned<SSL_CTX> parked_server;
    Owned<SSL_CTX> parked_client;
    /// What is in force now, where it has other trust bundles than this Context: handshakes that
    /// are still under way answer to it as well.
    std::shared_ptr<const Material> successor;

    /// New connections have another Context: what only they would use is given back.
    void retire(std::shared_ptr<const Material> successor_of_this);
};

/// TLS 1.3 only, both sides must present a certificate of the trust bundle or resume a session in
/// which they did; explicit chain (SSL_MODE_NO_AUTO_CHAIN), AES-128-GCM first, X25519 and P-256.
/// One worker owns it; connections keep it alive through shared_ptr (owners: the worker's current
/// generation and each live Session). The caches are used by that worker's thread alone.
struct Context {
    std::shared_ptr<const Material> material;
    Owned<SSL_CTX> server;
    Owned<SSL_CTX> client;
    /// One per cipher suite, with nothing in it: what a connection refers to once its handshake is
    /// over, in place of the session with the peer's certificates (9 KiB).
    std::vector<Owned<SSL_SESSION>> blank_sessions;
    std::unique_ptr<Caches> caches;
};

[[nodiscard]] policy::Result<std::shared_ptr<const Context>> make_context(
    std::shared_ptr<const Material> material
);

}  // namespace tls
