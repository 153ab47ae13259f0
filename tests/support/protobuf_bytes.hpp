// Messages of Protocol Buffers made by hand, right and wrong.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace protobuf_bytes {

inline std::string varint(std::uint64_t value) {
    std::string text;
    while (value > 0x7f) {
        text += static_cast<char>(0x80 | (value & 0x7f));
        value >>= 7;
    }
    return text + static_cast<char>(value);
}
inline std::string tag(std::uint64_t number, std::uint64_t wire_type) {
    return varint(number << 3 | wire_type);
}
inline std::string bytes(std::uint64_t number, std::string_view value) {
    return tag(number, 2) + varint(value.size()) + std::string(value);
}
inline std::string integer(std::uint64_t number, std::uint64_t value) {
    return tag(number, 0) + varint(value);
}

/// X509SVID of the Workload API.
inline std::string svid(
    std::string_view spiffe_id,
    std::string_view certificates,
    std::string_view key,
    std::string_view bundle,
    std::string_view hint = {}
) {
    return bytes(1, spiffe_id) + bytes(2, certificates) + bytes(3, key) + bytes(4, bundle) +
           (hint.empty() ? std::string() : bytes(5, hint));
}
/// A field of X509SVIDResponse.
inline std::string federated(std::string_view trust_domain, std::string_view certificates) {
    return bytes(3, bytes(1, trust_domain) + bytes(2, certificates));
}

}  // namespace protobuf_bytes
