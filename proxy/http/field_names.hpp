// The field names that mean something to a proxy.
#pragma once

#include <cstdint>
#include <string_view>

namespace proxy::http {

enum class FieldName : std::uint8_t {
    other,
    connection,
    content_length,
    expect,
    framing_alias,  // "Content_Length" frames nothing for us, and perhaps for the application
    host,
    http2_settings,
    identity_claim,  // what only a proxy may say about who is calling: ours, and other meshes'
    keep_alive,
    proxy_connection,
    te,
    trailer,
    transfer_encoding,
    upgrade,
};

[[nodiscard]] FieldName name_of(std::string_view name);

}  // namespace proxy::http
