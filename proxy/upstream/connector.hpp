// Opens connections: TCP, then our mTLS where the target has an identity.
#pragma once

#include "io/socket.hpp"
#include "proxy/failure.hpp"
#include "proxy/handshake_failures.hpp"
#include "proxy/limits.hpp"
#include "proxy/net/deadline.hpp"
#include "proxy/net/stream.hpp"
#include "proxy/upstream/target.hpp"
#include "tls/context.hpp"

#include <memory>

namespace proxy::upstream {

/// What a connect needs of its worker; all outlive it.
struct ConnectEnvironment {
    io::Loop& loop;
    net::DeadlineClock& clock;
    const Limits& limits;
    HandshakeFailures& handshake_failures;
    std::shared_ptr<const tls::Context> tls;  // null: no identity of ours
};

/// Within connect_ms_max and handshake_ms_max. Failures: upstream_connect_failed / _timeout,
/// upstream_tls_failed, upstream_identity_mismatch, not_ready (mTLS wanted, no identity of ours).
[[nodiscard]] io::Awaitable<Result<net::Stream>> connect(
    const ConnectEnvironment& environment, const Target& target, tls::Alpn alpn
);

/// To be called when a connection to `address` is over: the server judges our certificate last, and
/// its refusal comes when the handshake is done for us (RFC 8446 §4.4).
void report_late_refusal(
    HandshakeFailures& failures, const policy::SocketAddress& address, const tls::Stream& stream
);

}  // namespace proxy::upstream
