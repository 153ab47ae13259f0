// Bytes in both directions between two connections, unread: opaque TCP and upgraded HTTP.
#pragma once

#include "io/awaitable.hpp"
#include "policy/reason.hpp"
#include "proxy/limits.hpp"
#include "proxy/net/buffer.hpp"
#include "proxy/net/deadline.hpp"
#include "proxy/net/stream.hpp"
#include "proxy/net/traffic.hpp"

#include <optional>

namespace proxy::net {

/// One of the two ends. `buffer` may hold bytes that were read before and are sent on first;
/// `deadline` watches the stream's socket.
struct RelayEnd {
    Stream& stream;
    Buffer& buffer;
    Deadline& deadline;
    Traffic traffic{};
};

/// Runs until both directions ended or one broke. A FIN is passed on and the other direction goes
/// on (half-close); an error resets both. At most one buffer is held per direction: a slow reader
/// stops the other side's reads. Returns why it broke, nullopt after an orderly end.
[[nodiscard]] io::Awaitable<std::optional<policy::Reason>> relay(
    RelayEnd& client, RelayEnd& upstream, const Limits& limits
);

}  // namespace proxy::net
