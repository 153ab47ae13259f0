// Every bound of the data path, with its unit in its name (security.md §1). All configurable under
// `limits:`, by the same names in camelCase.
#pragma once

#include <cstddef>
#include <cstdint>

namespace proxy {

struct Limits {
    std::size_t head_bytes_max = 64 * 1024;
    std::size_t head_fields_max = 128;
    std::size_t target_bytes_max = 16 * 1024;
    std::size_t trailer_bytes_max = 16 * 1024;
    std::uint32_t head_ms_max = 10'000;      // first byte to last of a head
    std::uint32_t detection_ms_max = 1'000;  // silence before a connection counts as opaque
    std::uint32_t handshake_ms_max = 5'000;
    std::uint32_t connect_ms_max = 1'000;
    std::uint32_t client_idle_ms_max = 3'600'000;      // between requests of a client connection
    std::uint32_t upstream_idle_ms_max = 3'000;        // in the pool; below common servers' 5 s
    std::uint32_t stream_idle_ms_max = 300'000;        // no byte in either direction
    std::uint32_t drain_ms_max = 30'000;               // after SIGTERM
    std::size_t buffer_bytes = 32 * 1024;              // per connection and direction
    std::size_t upstream_idle_connections_max = 1024;  // per worker and upstream
    std::size_t connections_max = 65'536;              // per worker and direction
    std::size_t label_sets_max = 1'000;                // per metric family
};

}  // namespace proxy
