// What the fields of a gRPC answer say: does a stream of messages follow, and how did it end.
#pragma once

#include "tls/workload_api/grpc_call.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tls::workload_api {

/// The fields of an answer that mean something to gRPC, of its head or its trailers.
struct GrpcFields {
    std::string status;  // ":status"
    std::string content_type;
    std::string encoding;  // "grpc-encoding"
    std::string grpc_status;
    std::string grpc_message;  // percent-encoded
};

/// Takes a field if it is one of those.
void take_field(GrpcFields& fields, std::string_view name, std::string_view value);
/// The end that a head means: of an answer that is no gRPC, or of trailers that came alone.
/// Nothing when messages follow.
[[nodiscard]] std::optional<GrpcEnd> end_of_head(const GrpcFields& fields);
/// The end that trailers mean.
[[nodiscard]] GrpcEnd end_of_trailers(const GrpcFields& fields);
/// The end that RST_STREAM means (gRPC over HTTP/2, "Errors").
[[nodiscard]] GrpcEnd end_of_reset(std::uint32_t http2_error);

}  // namespace tls::workload_api
