// One call of FetchX509SVID: gRPC over plaintext HTTP/2, the client's side, without I/O. Bytes in,
// messages and bytes out.
#pragma once

#include "tls/workload_api/grpc_framing.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace tls::workload_api {

inline constexpr std::size_t k_response_bytes_max = 4 * 1024 * 1024;
/// What may come without a whole message at its end, frames of every kind: an agent that pings
/// every ten seconds takes 57 days.
inline constexpr std::size_t k_bytes_per_message_max = 2 * k_response_bytes_max;
inline constexpr std::size_t k_header_bytes_max = 16 * 1024;

/// Codes of gRPC (statuscodes.md) that decide what is done next; the others count as `unknown`.
enum class GrpcCode : std::uint8_t {
    ok = 0,
    unknown = 2,
    invalid_argument = 3,
    permission_denied = 7,
    unimplemented = 12,
    internal = 13,
    unavailable = 14,
};

/// How a call ended: it never goes on.
struct GrpcEnd {
    GrpcCode code = GrpcCode::unknown;
    std::string sentence;  // printable ASCII, whatever the server sent
};

/// Control thread. Its output must be sent before more is fed.
class GrpcCall {
 public:
    /// `authority` is what the server is called in `:authority`.
    explicit GrpcCall(const std::string& authority);
    ~GrpcCall();
    GrpcCall(const GrpcCall&) = delete;
    GrpcCall& operator=(const GrpcCall&) = delete;

    /// What came from the server. Ignored after the end.
    void feed(std::string_view bytes);
    /// Nothing more will come.
    void end_input();
    /// What is to be sent, once.
    [[nodiscard]] std::string take_output();
    /// The newest whole message, once. Look here before end().
    [[nodiscard]] std::optional<std::string> take_message();
    [[nodiscard]] bool is_amid_message() const;
    [[nodiscard]] const std::optional<GrpcEnd>& end() const;

 private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace tls::workload_api
