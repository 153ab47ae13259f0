#include "tls/client_hello.hpp"

#include <algorithm>
#include <array>
#include <cstring>

namespace tls {
namespace {

constexpr std::size_t k_record_header_bytes = 5;
constexpr std::size_t k_handshake_header_bytes = 4;
constexpr std::size_t k_fragment_bytes_max = 16 * 1024;  // RFC 8446 §5.1
constexpr std::uint8_t k_record_handshake = 22;
constexpr std::uint8_t k_message_client_hello = 1;
constexpr std::size_t k_extension_alpn = 16;  // RFC 7301 §3.1

/// Takes big-endian numbers and vectors from the front; after a step too far it is broken for good
/// and gives zeros and nothing.
class Cursor {
 public:
    explicit Cursor(std::string_view bytes) : rest_(bytes) {}

    std::string_view bytes(std::size_t size) {
        if (size > rest_.size()) {
            is_broken_ = true;
            rest_ = {};
            return {};
        }
        const std::string_view taken = rest_.substr(0, size);
        rest_.remove_prefix(size);
        return taken;
    }
    std::size_t number(std::size_t size) {
        std::size_t value = 0;
        for (const char byte : bytes(size)) {
            value = value << 8 | static_cast<std::uint8_t>(byte);
        }
        return value;
    }
    /// A vector with a length of `length_bytes` before it (RFC 8446 §3.4).
    Cursor vector(std::size_t length_bytes) {
        const std::size_t size = number(length_bytes);
        Cursor inner(bytes(size));
        inner.is_broken_ = is_broken_;
        return inner;
    }
    [[nodiscard]] bool is_empty() const { return rest_.empty(); }
    [[nodiscard]] bool is_broken() const { return is_broken_; }
    [[nodiscard]] std::string_view rest() const { return rest_; }

 private:
    std::string_view rest_;
    bool is_broken_ = false;
};

bool is_ours(std::string_view protocol) {
    return protocol == "smilax/h2" || protocol == "smilax/http1.1" || protocol == "smilax/tcp" ||
           protocol == "smilax/mux";
}

/// The ALPN extension's data: a list of names, none of them empty.
HelloKind judge_alpn(Cursor data) {
    Cursor names = data.vector(2);
    bool offers_ours = false;
    bool is_broken = data.is_broken() || !data.is_empty() || names.is_empty();
    while (!names.is_empty()) {
        const std::string_view name = names.vector(1).rest();
        is_broken = is_broken || name.empty();
        offers_ours = offers_ours || is_ours(name);
    }
    return offers_ours && !is_broken && !names.is_broken() ? HelloKind::mesh : HelloKind::foreign;
}

/// The body of a whole ClientHello (RFC 8446 §4.1.2).
HelloKind judge_hello(Cursor hello) {
    (void)hello.bytes(2 + 32);  // legacy_version, random
    (void)hello.vector(1);      // legacy_session_id
    (void)hello.vector(2);      // cipher_suites
    (void)hello.vector(1);      // legacy_compression_methods
    Cursor extensions = hello.vector(2);
    if (hello.is_broken() || !hello.is_empty()) {
        return HelloKind::foreign;
    }
    HelloKind kind = HelloKind::foreign;
    bool has_alpn = false;
    while (!extensions.is_empty()) {
        const std::size_t type = extensions.number(2);
        const Cursor data = extensions.vector(2);
        if (extensions.is_broken() || (type == k_extension_alpn && has_alpn)) {
            return HelloKind::foreign;
        }
        if (type == k_extension_alpn) {
            has_alpn = true;
            kind = judge_alpn(data);
        }
    }
    return extensions.is_broken() ? HelloKind::foreign : kind;
}

/// The handshake bytes of the records so far.
struct Handshake {
    std::array<char, k_client_hello_bytes_max> bytes;
    std::size_t size = 0;
};

/// What the first record's header says, as far as it is there.
HelloKind judge_first_header(std::string_view bytes) {
    const auto at = [bytes](std::size_t i) { return static_cast<std::uint8_t>(bytes[i]); };
    if (!bytes.empty() && at(0) != k_record_handshake) {
        return HelloKind::not_tls;
    }
    // legacy_record_version is 3.1 or 3.3, 3.0 from the very old.
    if ((bytes.size() > 1 && at(1) != 3) || (bytes.size() > 2 && at(2) > 4)) {
        return HelloKind::not_tls;
    }
    if (bytes.size() >= k_record_header_bytes) {
        const std::size_t size = static_cast<std::size_t>(at(3)) << 8 | at(4);
        if (size == 0 || size > k_fragment_bytes_max) {
            return HelloKind::not_tls;
        }
    }
    if (bytes.size() > k_record_header_bytes &&
        at(k_record_header_bytes) != k_message_client_hello) {
        return HelloKind::not_tls;
    }
    return HelloKind::need_more;
}

/// Adds what `records` hold of the handshake; false when they hold something else.
bool gather(Cursor records, Handshake& handshake) {
    while (records.rest().size() >= k_record_header_bytes) {
        const std::size_t type = records.number(1);
        (void)records.number(2);
        const std::size_t size = records.number(2);
        if (type != k_record_handshake || size == 0 || size > k_fragment_bytes_max) {
            return false;
        }
        const std::size_t there = std::min(size, records.rest().size());
        const std::string_view fragment = records.bytes(there);
        std::memcpy(handshake.bytes.data() + handshake.size, fragment.data(), there);
        handshake.size += there;
    }
    return true;
}

}  // namespace

HelloKind classify_hello(std::string_view bytes) noexcept {
    const bool is_cut = bytes.size() >= k_client_hello_bytes_max;
    bytes = bytes.substr(0, k_client_hello_bytes_max);
    if (const HelloKind first = judge_first_header(bytes); first != HelloKind::need_more) {
        return first;
    }
    Handshake handshake;
    const bool is_handshake = gather(Cursor(bytes), handshake);
    Cursor message({handshake.bytes.data(), handshake.size});
    if (handshake.size >= k_handshake_header_bytes) {
        (void)message.number(1);
        const std::size_t size = message.number(3);
        if (size <= message.rest().size()) {
            // What follows the hello is for the TLS library to judge.
            return judge_hello(Cursor(message.bytes(size)));
        }
        if (size > k_client_hello_bytes_max) {
            return HelloKind::foreign;
        }
    }
    return is_cut || !is_handshake ? HelloKind::foreign : HelloKind::need_more;
}

}  // namespace tls
