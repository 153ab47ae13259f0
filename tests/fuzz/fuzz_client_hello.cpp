// classify_hello over any bytes: it never crashes, judges a prefix of what it needs more of
// consistently, and never takes back a verdict when more bytes come.
#include "tls/client_hello.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    const tls::HelloKind whole = tls::classify_hello(bytes);
    // A few prefixes suffice: all of them would make long inputs quadratic.
    for (std::size_t cut = 1; cut <= size; cut *= 2) {
        const tls::HelloKind part = tls::classify_hello(bytes.substr(0, size - cut));
        if (part != tls::HelloKind::need_more && part != whole) {
            std::abort();
        }
    }
    if (whole == tls::HelloKind::need_more && size >= tls::k_client_hello_bytes_max) {
        std::abort();
    }
    return 0;
}
