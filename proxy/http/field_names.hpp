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
    host,
    http2_settings,
    keep_alive,
    proxy_connection,
    te,
    trailer,
    transfer_encoding,
    upgrade,
};

[[nodiscard]] FieldName name_of(std::string_view name);

}  // namespace proxy::http
