#include "proxy/failure.hpp"

#include <array>
#include <cstddef>

namespace proxy {
namespace {

/// gRPC status codes (grpc/doc/statuscodes.md).
enum GrpcCode : std::uint8_t {
    cancelled = 1,
    invalid_argument = 3,
    deadline_exceeded = 4,
    permission_denied = 7,
    resource_exhausted = 8,
    internal = 13,
    unavailable = 14,
};

/// The caller's concern: counted and told, not warned about.
constexpr FailureRow told(std::uint16_t status, GrpcCode code, std::string_view sentence) {
    return {Reason::internal_error, status, code, sentence, false, false};
}
constexpr FailureRow denied(std::string_view sentence) {
    return told(403, permission_denied, sentence);
}
/// The operator's concern.
constexpr FailureRow warned(std::uint16_t status, GrpcCode code, std::string_view sentence) {
    return {Reason::internal_error, status, code, sentence, true, false};
}
/// Likewise, where another connection may fare better.
constexpr FailureRow retried(std::uint16_t status, std::string_view sentence) {
    return {Reason::internal_error, status, unavailable, sentence, true, true};
}

/// The one table. A switch, so that a new Reason does not compile before it has its row.
constexpr FailureRow consequence_of(Reason reason) {
    switch (reason) {
        case Reason::no_target:
        case Reason::target_invalid:
            return denied("No traffic target allows access to this workload.");
        case Reason::unauthenticated:
            return denied("Only callers with a mesh identity are allowed here.");
        case Reason::source_not_allowed:
            return denied("No traffic target lists this caller as a source.");
        case Reason::port_not_allowed:
            return denied("The caller is not allowed on this port.");
        case Reason::protocol_not_allowed:
            return denied("The caller is not allowed this protocol here.");
        case Reason::route_not_allowed:
            return denied("The caller is not allowed this method, path or header.");
        case Reason::path_refused:
            return told(400, invalid_argument, "The path has no safe canonical form.");
        case Reason::mtls_required:
            return denied("This port takes mutual TLS only.");
        case Reason::policy_changed:
            return denied("The policy changed and no longer allows this.");
        case Reason::not_ready:
            return warned(503, unavailable, "The proxy has no policy or identity yet.");

        // 502 and not 404: the gateway does not know where to go. A 404 would read as the
        // application's own word, and caches may keep it (RFC 9110 §15.1).
        case Reason::unknown_service:
            return told(502, unavailable, "The host names no known service.");
        case Reason::no_endpoint:
            return warned(503, unavailable, "The service has no ready endpoint.");
        case Reason::split_no_backend:
        case Reason::backend_missing:
        case Reason::backend_port_missing:
        case Reason::backend_no_endpoint:
        case Reason::backend_weight_zero:
        case Reason::backend_weight_invalid:
            return warned(503, unavailable, "No backend of the traffic split can be used.");

        case Reason::malformed_request:
            return told(400, invalid_argument, "The request cannot be understood beyond doubt.");
        case Reason::head_too_large:
            return told(431, resource_exhausted, "The head of the request is too large.");
        case Reason::head_timeout:
            return told(408, deadline_exceeded, "The request did not arrive in time.");
        case Reason::stream_timeout:
            return warned(504, deadline_exceeded, "Nothing moved for too long.");
        case Reason::upstream_connect_failed:
            return retried(503, "The upstream did not accept the connection.");
        case Reason::upstream_connect_timeout:
            return retried(504, "The upstream did not accept the connection in time.");
        case Reason::upstream_tls_failed:
            return retried(502, "TLS to the upstream failed.");
        // Its address may have gone to another pod; another endpoint can be right.
        case Reason::upstream_identity_mismatch:
            return retried(502, "The upstream is not who it should be.");
        case Reason::upstream_closed:
            return retried(502, "The upstream closed the connection before it had answered.");
        case Reason::upstream_malformed:
            return warned(502, internal, "The response cannot be understood beyond doubt.");
        case Reason::client_closed:
            return told(0, cancelled, "The client went away.");
        case Reason::peer_untrusted:
        case Reason::tls_handshake_failed:
            return told(0, unavailable, "The peer did not prove who it is.");
        case Reason::loop_refused:
            return warned(508, internal, "The request came back to the proxy that sent it.");
        case Reason::overloaded:
            return warned(503, unavailable, "The proxy is at one of its limits.");
        case Reason::draining:
            return told(503, unavailable, "The proxy is shutting down.");

        // The first four name no failure. Should one be answered, that is our bug.
        case Reason::allowed:
        case Reason::access_off:
        case Reason::routed:
        case Reason::passthrough:
        case Reason::internal_error:
            break;
    }
    return warned(500, internal, "The proxy made an error.");
}

constexpr std::size_t k_reasons = static_cast<std::size_t>(Reason::internal_error) + 1;

constexpr std::array<FailureRow, k_reasons> make_rows() {
    std::array<FailureRow, k_reasons> rows{};
    for (std::size_t i = 0; i < k_reasons; ++i) {
        rows[i] = consequence_of(static_cast<Reason>(i));
        rows[i].reason = static_cast<Reason>(i);
    }
    return rows;
}

constexpr std::array<FailureRow, k_reasons> k_rows = make_rows();

}  // namespace

const FailureRow& row_of(Reason reason) {
    // at(): a Reason added behind the last one ends the program in every test, not in silence.
    return k_rows.at(static_cast<std::size_t>(reason));
}

}  // namespace proxy
