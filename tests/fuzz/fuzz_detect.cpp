// First bytes of a connection: judged the same however they are cut, and within the bound.
#include "proxy/net/detect.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    for (std::size_t length = 0; length <= bytes.size(); ++length) {
        const auto early = proxy::net::classify_bytes(bytes.substr(0, length));
        if (early == proxy::net::Protocol::need_more) {
            if (length >= proxy::net::k_detection_bytes_max) {
                std::abort();
            }
            continue;
        }
        // Once decided, more bytes do not change it.
        if (proxy::net::classify_bytes(bytes) != early) {
            std::abort();
        }
        break;
    }
    return 0;
}
