// The closed list of words that say why: verdicts, routes and data-path failures share it, and so
// do logs, metrics, 403 bodies and `explain`. The README documents each.
#pragma once

#include <cstdint>
#include <string_view>

namespace policy {

enum class Reason : std::uint8_t {
    // Verdicts.
    allowed,               // a TrafficTarget allows it
    access_off,            // policy.access is off: nothing is judged
    no_target,             // no valid TrafficTarget names this workload as its destination
    unauthenticated,       // the peer proved no identity, and only identities are allowed
    source_not_allowed,    // no target lists the peer
    port_not_allowed,      // the peer is listed, but not for this port
    protocol_not_allowed,  // raw bytes where only HTTP routes are allowed, or the reverse
    target_invalid,        // of one target: something in it is wrong, so it allows nothing
    route_not_allowed,     // the peer is listed, but no HTTP match fits method, path and headers
    path_refused,          // the path has no safe canonical form (%2F, %5C, control bytes …)
    mtls_required,         // plaintext on a strict port
    policy_changed,        // a live connection is no longer allowed by the new snapshot
    not_ready,             // no snapshot or no identity yet
    // Routes.
    routed,
    passthrough,           // no Service of ours: forwarded to where it was going
    unknown_service,       // the host names no known Service, and there is no original destination
    no_endpoint,           // the Service has no ready endpoint
    split_no_backend,      // a TrafficSplit applies, but no backend of it can be used
    backend_missing,       // excluded from a split: no such Service
    backend_port_missing,  // excluded: the Service lacks the root's port
    backend_no_endpoint,   // excluded: no ready endpoint
    backend_weight_zero,   // excluded: weight 0
    backend_weight_invalid,
    // The data path.
    malformed_request,
    head_too_large,
    head_timeout,
    stream_timeout,
    upstream_connect_failed,
    upstream_connect_timeout,
    upstream_tls_failed,
    upstream_identity_mismatch,
    upstream_closed,
    upstream_malformed,
    client_closed,
    tls_handshake_failed,
    peer_untrusted,  // while connected: its certificate ended, or its CA is trusted no more
    loop_refused,
    overloaded,
    draining,
    internal_error,
};

/// The word itself, as it is printed: "no_target".
[[nodiscard]] std::string_view to_string(Reason reason);

}  // namespace policy
