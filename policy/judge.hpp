// How one target judges one request, step by step: what decide() goes through and what tells
// people where a target failed. Private to policy/.
#pragma once

#include "policy/address.hpp"
#include "policy/identity.hpp"
#include "policy/reason.hpp"
#include "policy/snapshot_data.hpp"

#include <array>
#include <cstdint>
#include <optional>

namespace policy {

/// The steps of one target in their order: port, protocol, route; Reason::allowed when all hold.
/// That the target lists the peer is the caller's to know.

/// Everything but the route: with Reason::allowed, an HTTP match must still fit if the target
/// lists route groups.
[[nodiscard]] Reason judge_http_port(const CompiledTarget& target, std::uint16_t port);
[[nodiscard]] Reason judge_tcp(const CompiledTarget& target, std::uint16_t port, bool is_opaque);
[[nodiscard]] Reason judge_udp(const CompiledTarget& target, std::uint16_t port);

/// The targets that list a peer: by what it proved and, for selected pods, by where it comes from
/// as well. Null: none of that kind.
struct Audiences {
    const Audience* by_identity = nullptr;
    const Audience* by_address = nullptr;

    [[nodiscard]] bool are_empty() const { return by_identity == nullptr && by_address == nullptr; }
    [[nodiscard]] std::array<const Audience*, 2> both() const { return {by_identity, by_address}; }
};

[[nodiscard]] Audiences find_audiences(
    const SnapshotData& data, const Identity& peer, const std::optional<IpAddress>& address
);

/// How far a target got before it failed: the furthest one is the nearest to allowing.
[[nodiscard]] int progress(Reason failed);

}  // namespace policy
