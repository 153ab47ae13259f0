// Why TLS handshakes fail: one closed list of words, for metrics; the sentence is for the log.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace tls {

enum class HandshakeFailure : std::uint8_t {
    none,
    peer_closed,          // it closed before the handshake was over
    timeout,              // handshakeMsMax went by
    protocol_error,       // what came is no TLS that we speak
    refused_by_peer,      // it sent an alert
    no_certificate,       // it showed none
    untrusted,            // its chain does not verify against the bundle of its trust domain, or
                          // there is none
    expired,              // a certificate of its chain is
    no_identity,          // its certificate names nobody, in any form that we know
    unexpected_identity,  // it is not who the endpoint must be
    no_common_protocol,   // ALPN
    internal_error,
};

/// The word itself: "untrusted".
[[nodiscard]] std::string_view to_string(HandshakeFailure failure);

/// What a peer means by `alert` (RFC 8446 §6.2), with what to look at: "alert unknown CA: …".
[[nodiscard]] std::string meaning_of_alert(int alert);

}  // namespace tls
