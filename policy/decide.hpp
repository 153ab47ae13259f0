// May this peer do this here? The server side's question (SMI access: smi.md §1.7).
#pragma once

#include "policy/address.hpp"
#include "policy/identity.hpp"
#include "policy/reason.hpp"
#include "policy/snapshot.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace policy {

/// The rule that decided. Views into the snapshot.
struct RuleId {
    std::string_view kind;  // "TrafficTarget"
    std::string_view name_space;
    std::string_view name;
    std::string_view match;  // name of the HTTP match, empty when none took part
};

/// What was decided and by what. `rule` is the target that allowed, or, for a denial, the nearest
/// target (empty name when there is none). Lives as long as the snapshot.
struct Verdict {
    bool allowed = false;
    Reason reason = Reason::no_target;
    RuleId rule;
};

/// What is known of a request. `peer` is null for an unauthenticated one; `peer_address` is where
/// its connection comes from (podLabelSelector of an IdentityBinding). `path` is canonical
/// (policy/path.hpp) and has no query; empty means that no path rule can match ("*", CONNECT).
struct HttpFacts {
    const Identity* peer = nullptr;
    std::uint16_t port = 0;  // the pod port: the original destination's
    std::string_view method;
    std::string_view path;
    std::string_view authority;  // Host / :authority as sent
    std::span<const HeaderField> headers;
    std::optional<IpAddress> peer_address = std::nullopt;
};

struct TcpFacts {
    const Identity* peer = nullptr;
    std::uint16_t port = 0;
    std::optional<IpAddress> peer_address = std::nullopt;
};

/// A datagram. The identity is that of the authenticated flow that carries it.
struct UdpFacts {
    const Identity* peer = nullptr;
    std::uint16_t port = 0;
    std::optional<IpAddress> peer_address = std::nullopt;
};

/// The verdict of the targets alone; what the access mode makes of it is the caller's business.
/// Allocates nothing.
[[nodiscard]] Verdict decide_http(const Snapshot& snapshot, const HttpFacts& facts);
/// Raw bytes, on a port declared opaque or not (the snapshot knows which).
[[nodiscard]] Verdict decide_tcp(const Snapshot& snapshot, const TcpFacts& facts);
/// UDPRoutes alone speak of datagrams (A9).
[[nodiscard]] Verdict decide_udp(const Snapshot& snapshot, const UdpFacts& facts);
/// True when some path condition could take part in deciding requests to `port`: only then must
/// the path be brought to its canonical form (security.md §4).
[[nodiscard]] bool has_path_rules(const Snapshot& snapshot, std::uint16_t port);

}  // namespace policy
