// HTTP/1 messages as they were understood: heads that own their bytes, framing beyond doubt.
#pragma once

#include "policy/snapshot.hpp"
#include "proxy/http/field_names.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace proxy::http {

using Field = policy::HeaderField;

/// How a body ends (RFC 9112 §6.3).
enum class BodyKind : std::uint8_t { none, length, chunked, until_close };

struct Framing {
    BodyKind kind = BodyKind::none;
    std::uint64_t length = 0;  // of BodyKind::length
};

/// Fields in the order and case they came in; views into `text`, which this owns and reuses from
/// message to message. Moving a Head is forbidden: it would move short strings' bytes.
struct Head {
    Head() = default;
    Head(const Head&) = delete;
    Head& operator=(const Head&) = delete;

    std::string text;
    std::vector<Field> fields;
    std::vector<FieldName> names;    // of `fields`, one each: looked up once per message
    std::uint8_t minor_version = 1;  // HTTP/1.minor
    Framing framing;
    bool keep_alive = true;                // of the sender, RFC 9112 §9.3
    bool has_upgrade = false;              // Connection lists upgrade and an Upgrade field is there
    bool takes_trailers = false;           // TE says so
    bool connection_lists_fields = false;  // names beyond those that no hop passes on anyway

    /// First value of `name` (case-insensitive).
    [[nodiscard]] std::optional<std::string_view> find(std::string_view name) const;
};

struct RequestHead : Head {
    std::string_view method;
    std::string_view target;  // as sent
    std::string_view
        authority;  // Host, or the authority of an absolute-form/CONNECT target (they agree)
    bool expects_continue = false;
};

struct ResponseHead : Head {
    std::uint16_t status = 0;
    std::string_view reason_phrase;
    [[nodiscard]] bool is_interim() const { return status >= 100 && status < 200 && status != 101; }
};

/// Case-insensitive comparison of ASCII names (RFC 9110 §5.1).
[[nodiscard]] bool is_same_name(std::string_view left, std::string_view right);
/// True when the comma-separated list `value` holds `token` (case-insensitive).
[[nodiscard]] bool has_token(std::string_view value, std::string_view token);

}  // namespace proxy::http
