#include "proxy/upstream/connector.hpp"

#include "proxy/net/socket.hpp"

#include <boost/container_hash/hash.hpp>

#include <optional>
#include <string>

namespace proxy::upstream {

namespace {

/// The source address by which the redirect rules know us (proxy/command/redirect.cpp).
policy::IpAddress own_source(bool is_v4) {
    policy::IpAddress address;
    if (is_v4) {
        address.bytes = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 127, 0, 0, 6};
    } else {
        address.bytes[15] = 6;
    }
    return address;
}

io::Awaitable<Result<io::Socket>> connect_tcp(
    const ConnectEnvironment& environment, const Target& target
) {
    const io::Endpoint endpoint = net::to_endpoint(target.address);
    std::optional<io::Endpoint> source;
    if (target.is_own_application) {
        source = net::to_endpoint({own_source(target.address.ip.is_v4()), 0});
    }
    io::Socket socket(environment.loop);
    net::Deadline deadline(environment.clock);
    deadline.watch(&socket);
    deadline.arm(environment.limits.connect_ms_max, Reason::upstream_connect_timeout);
    const io::Error error = co_await socket.connect(endpoint, source);
    deadline.disarm();
    if (error) {
        const Reason reason = deadline.has_expired() ? Reason::upstream_connect_timeout
                                                     : Reason::upstream_connect_failed;
        co_return Failure{
            reason,
            Side::upstream,
            target.address.text() + ": " +
                (deadline.has_expired() ? "no answer in time" : error.message())
        };
    }
    net::set_no_delay(socket);
    co_return socket;
}

/// What is offered for `wanted` to a target that knows none of our protocols.
tls::Alpn offer_of(const Target& target, tls::Alpn wanted) {
    if (!target.is_standard) {
        return wanted;
    }
    return wanted == tls::Alpn::tcp ? tls::Alpn::standard : tls::Alpn::standard_http1;
}

io::Awaitable<Result<net::Stream>> handshake(
    const ConnectEnvironment& environment, const Target& target, tls::Alpn alpn, io::Socket socket
) {
    if (environment.tls == nullptr) {
        co_return Failure{Reason::not_ready, Side::ours, "there is no valid identity of our own"};
    }
    tls::Stream stream(std::move(socket));
    net::Deadline deadline(environment.clock);
    deadline.watch(&stream.socket());
    deadline.arm(environment.limits.handshake_ms_max, Reason::upstream_tls_failed);
    const std::uint64_t endpoint = policy::SocketAddressHash{}(target.address);
    auto peer = co_await stream.connect(environment.tls, alpn, *target.identity, endpoint);
    deadline.disarm();
    if (peer.has_error()) {
        const tls::HandshakeFailure why = stream.handshake_failure();
        environment.handshake_failures.add(
            telemetry::Direction::outbound, why, target.address.text(), peer.error()
        );
        const bool is_somebody_else = why == tls::HandshakeFailure::no_identity ||
                                      why == tls::HandshakeFailure::unexpected_identity;
        const Reason reason =
            is_somebody_else ? Reason::upstream_identity_mismatch : Reason::upstream_tls_failed;
        co_return Failure{reason, Side::upstream, target.address.text() + ": " + peer.error()};
    }
    co_return net::Stream(std::move(stream));
}

}  // namespace

void report_late_refusal(
    HandshakeFailures& failures, const policy::SocketAddress& address, const tls::Stream& stream
) {
    if (stream.handshake_failure() == tls::HandshakeFailure::refused_by_peer) {
        failures.add(
            telemetry::Direction::outbound,
            stream.handshake_failure(),
            address.text(),
            stream.failure()
        );
    }
}

std::size_t TargetHash::operator()(const Target& target) const noexcept {
    std::size_t seed = policy::SocketAddressHash{}(target.address);
    if (target.identity.has_value()) {
        boost::hash_combine(seed, target.identity->service_account);
        boost::hash_combine(seed, target.identity->name_space);
    }
    return seed;
}

io::Awaitable<Result<net::Stream>> connect(
    const ConnectEnvironment& environment, const Target& target, tls::Alpn alpn
) {
    auto socket = co_await connect_tcp(environment, target);
    if (socket.has_error()) {
        co_return socket.error();
    }
    if (!target.identity.has_value()) {
        co_return net::Stream(std::move(*socket));
    }
    const tls::Alpn offer = offer_of(target, alpn);
    auto stream = co_await handshake(environment, target, offer, std::move(*socket));
    co_return stream;
}

}  // namespace proxy::upstream
