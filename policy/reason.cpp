#include "policy/reason.hpp"

namespace policy {

// NOLINTNEXTLINE(readability-function-size): one line a word
std::string_view to_string(Reason reason) {
    // No default: a new reason without a word does not compile (-Wswitch-enum).
    switch (reason) {
        case Reason::allowed:
            return "allowed";
        case Reason::access_off:
            return "access_off";
        case Reason::no_target:
            return "no_target";
        case Reason::unauthenticated:
            return "unauthenticated";
        case Reason::source_not_allowed:
            return "source_not_allowed";
        case Reason::port_not_allowed:
            return "port_not_allowed";
        case Reason::protocol_not_allowed:
            return "protocol_not_allowed";
        case Reason::route_not_allowed:
            return "route_not_allowed";
        case Reason::target_invalid:
            return "target_invalid";
        case Reason::path_refused:
            return "path_refused";
        case Reason::mtls_required:
            return "mtls_required";
        case Reason::policy_changed:
            return "policy_changed";
        case Reason::not_ready:
            return "not_ready";
        case Reason::routed:
            return "routed";
        case Reason::passthrough:
            return "passthrough";
        case Reason::unknown_service:
            return "unknown_service";
        case Reason::no_endpoint:
            return "no_endpoint";
        case Reason::split_no_backend:
            return "split_no_backend";
        case Reason::backend_missing:
            return "backend_missing";
        case Reason::backend_port_missing:
            return "backend_port_missing";
        case Reason::backend_no_endpoint:
            return "backend_no_endpoint";
        case Reason::backend_weight_zero:
            return "backend_weight_zero";
        case Reason::backend_weight_invalid:
            return "backend_weight_invalid";
        case Reason::malformed_request:
            return "malformed_request";
        case Reason::head_too_large:
            return "head_too_large";
        case Reason::head_timeout:
            return "head_timeout";
        case Reason::stream_timeout:
            return "stream_timeout";
        case Reason::upstream_connect_failed:
            return "upstream_connect_failed";
        case Reason::upstream_connect_timeout:
            return "upstream_connect_timeout";
        case Reason::upstream_tls_failed:
            return "upstream_tls_failed";
        case Reason::upstream_identity_mismatch:
            return "upstream_identity_mismatch";
        case Reason::upstream_closed:
            return "upstream_closed";
        case Reason::upstream_malformed:
            return "upstream_malformed";
        case Reason::client_closed:
            return "client_closed";
        case Reason::peer_untrusted:
            return "peer_untrusted";
        case Reason::tls_handshake_failed:
            return "tls_handshake_failed";
        case Reason::loop_refused:
            return "loop_refused";
        case Reason::overloaded:
            return "overloaded";
        case Reason::draining:
            return "draining";
        case Reason::internal_error:
            return "internal_error";
    }
    return "internal_error";
}

}  // namespace policy
