// Whom to connect to, and as what.
#pragma once

#include "policy/address.hpp"
#include "policy/identity.hpp"
#include "tls/stream.hpp"

#include <cstdint>
#include <optional>

namespace proxy::upstream {

/// One place to connect to. With an identity the connection is our mTLS and only that peer will do.
struct Target {
    policy::SocketAddress address;
    std::optional<policy::Identity> identity;
    /// Our mTLS, but no sidecar answers there: standard ALPN, and nothing is shared.
    bool is_standard = false;
    /// Connect from 127.0.0.6 / ::6, which the redirect rules let through to the application
    /// (container/README.md): else the pod's own address would lead back to us.
    bool is_own_application = false;

    bool operator==(const Target&) const = default;
};

struct TargetHash {
    std::size_t operator()(const Target& target) const noexcept;
};

}  // namespace proxy::upstream
