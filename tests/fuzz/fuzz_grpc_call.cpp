// A server sends any bytes in any pieces: the call goes on or ends with a sentence, gives no
// message beyond its bound, and what it has to say does not grow.
#include "tls/workload_api/grpc_call.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

namespace {

void require(bool holds) {
    if (!holds) {
        std::abort();
    }
}

/// nghttp2 answers frame by frame, and gives up beyond a thousand answers.
constexpr std::size_t k_output_bytes_max = 64 * 1024;

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::string_view input(reinterpret_cast<const char*>(data), size);
    tls::workload_api::GrpcCall call("localhost");
    require(call.take_output().size() <= k_output_bytes_max);
    while (!input.empty()) {
        // The first byte of each piece says how long it is.
        const auto length = static_cast<unsigned char>(input.front());
        input.remove_prefix(1);
        const std::string_view piece = input.substr(0, 1 + length);
        input.remove_prefix(piece.size());
        const bool has_ended = call.end().has_value();
        call.feed(piece);
        require(call.take_output().size() <= k_output_bytes_max);
        const auto message = call.take_message();
        require(!message.has_value() || message->size() <= tls::workload_api::k_response_bytes_max);
        require(!(has_ended && message.has_value()));
        if (call.end().has_value()) {
            for (const char c : call.end()->sentence) {
                require(c >= 0x20 && c < 0x7f);
            }
            require(!call.end()->sentence.empty());
        }
    }
    call.end_input();
    require(call.end().has_value());
    return 0;
}
