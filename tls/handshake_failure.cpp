#include "tls/handshake_failure.hpp"

#include <openssl/ssl.h>

#include <algorithm>
#include <array>
#include <utility>

namespace tls {

std::string_view to_string(HandshakeFailure failure) {
    switch (failure) {
        case HandshakeFailure::none:
            return "none";
        case HandshakeFailure::peer_closed:
            return "peer_closed";
        case HandshakeFailure::timeout:
            return "timeout";
        case HandshakeFailure::protocol_error:
            return "protocol_error";
        case HandshakeFailure::refused_by_peer:
            return "refused_by_peer";
        case HandshakeFailure::no_certificate:
            return "no_certificate";
        case HandshakeFailure::untrusted:
            return "untrusted";
        case HandshakeFailure::expired:
            return "expired";
        case HandshakeFailure::no_identity:
            return "no_identity";
        case HandshakeFailure::unexpected_identity:
            return "unexpected_identity";
        case HandshakeFailure::no_common_protocol:
            return "no_common_protocol";
        case HandshakeFailure::internal_error:
            return "internal_error";
    }
    return "internal_error";
}

std::string meaning_of_alert(int alert) {
    using Meaning = std::pair<int, std::string_view>;
    constexpr std::array<Meaning, 9> meanings{{
        {SSL_AD_UNKNOWN_CA, "the CA of our certificate is not in its trust bundle"},
        {SSL_AD_BAD_CERTIFICATE, "it does not accept our certificate"},
        {SSL_AD_UNSUPPORTED_CERTIFICATE, "our certificate may not be used for this"},
        {SSL_AD_CERTIFICATE_EXPIRED, "our certificate has expired, or its clock is wrong"},
        {SSL_AD_CERTIFICATE_UNKNOWN, "it does not accept our certificate"},
        {SSL_AD_ACCESS_DENIED, "our certificate is good, but we are not wanted"},
        {SSL_AD_HANDSHAKE_FAILURE,
         "it does not accept who we are, or has no algorithm in common with us"},
        {SSL_AD_CERTIFICATE_REQUIRED, "it wants a certificate and got none"},
        {SSL_AD_NO_APPLICATION_PROTOCOL, "it speaks none of the protocols that were offered (ALPN)"
        },
    }};
    std::string text = std::string("alert ") + SSL_alert_desc_string_long(alert);
    const auto* const meaning = std::ranges::find(meanings, alert, &Meaning::first);
    if (meaning != meanings.end()) {
        text += ": ";
        text += meaning->second;
    }
    return text;
}

}  // namespace tls
