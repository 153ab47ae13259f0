#include "tls/workload_api/grpc_status.hpp"

#include <nghttp2/nghttp2.h>

#include <array>
#include <charconv>

namespace tls::workload_api {

namespace {

constexpr std::size_t k_message_bytes_max = 500;

/// By number (statuscodes.md).
constexpr std::array<std::string_view, 17> k_code_names{
    "OK",
    "Canceled",
    "Unknown",
    "InvalidArgument",
    "DeadlineExceeded",
    "NotFound",
    "AlreadyExists",
    "PermissionDenied",
    "ResourceExhausted",
    "FailedPrecondition",
    "Aborted",
    "OutOfRange",
    "Unimplemented",
    "Internal",
    "Unavailable",
    "DataLoss",
    "Unauthenticated",
};

std::optional<std::size_t> number_of(const std::string& digits) {
    std::size_t number = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    const bool is_whole = error == std::errc() && end == digits.data() + digits.size();
    return is_whole ? std::optional(number) : std::nullopt;
}

GrpcCode code_of(std::size_t number) {
    for (const GrpcCode known : {
             GrpcCode::ok,
             GrpcCode::invalid_argument,
             GrpcCode::permission_denied,
             GrpcCode::unimplemented,
             GrpcCode::internal,
             GrpcCode::unavailable,
         }) {
        if (static_cast<std::size_t>(known) == number) {
            return known;
        }
    }
    return GrpcCode::unknown;
}

char hex_value(char c) {
    if (c >= '0' && c <= '9') {
        return static_cast<char>(c - '0');
    }
    const char lower = static_cast<char>(c | 0x20);
    return static_cast<char>(lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1);
}

/// Without percent signs (gRPC over HTTP/2, "Percent-Encoded"), without what is not printable.
std::string readable(std::string_view encoded) {
    std::string text;
    for (std::size_t i = 0; i < encoded.size() && text.size() < k_message_bytes_max; ++i) {
        char c = encoded[i];
        if (c == '%' && i + 2 < encoded.size() && hex_value(encoded[i + 1]) >= 0 &&
            hex_value(encoded[i + 2]) >= 0) {
            c = static_cast<char>(hex_value(encoded[i + 1]) << 4 | hex_value(encoded[i + 2]));
            i += 2;
        }
        text += c >= 0x20 && c < 0x7f ? c : '?';
    }
    return text;
}

GrpcEnd end_of_status(const GrpcFields& fields) {
    const auto number = number_of(fields.grpc_status);
    if (!number.has_value() || *number >= k_code_names.size()) {
        return {GrpcCode::unknown, "grpc-status \"" + readable(fields.grpc_status) + "\""};
    }
    std::string sentence(k_code_names[*number]);
    if (!fields.grpc_message.empty()) {
        sentence += ": " + readable(fields.grpc_message);
    }
    return {code_of(*number), std::move(sentence)};
}

/// For answers that are no gRPC (http-grpc-status-mapping.md).
GrpcCode code_of_http(const std::string& status) {
    if (status == "400") {
        return GrpcCode::internal;
    }
    if (status == "403") {
        return GrpcCode::permission_denied;
    }
    if (status == "404") {
        return GrpcCode::unimplemented;
    }
    if (status == "429" || status == "502" || status == "503" || status == "504") {
        return GrpcCode::unavailable;
    }
    return GrpcCode::unknown;
}

}  // namespace

void take_field(GrpcFields& fields, std::string_view name, std::string_view value) {
    if (name == ":status") {
        fields.status = value;
    } else if (name == "content-type") {
        fields.content_type = value;
    } else if (name == "grpc-encoding") {
        fields.encoding = value;
    } else if (name == "grpc-status") {
        fields.grpc_status = value;
    } else if (name == "grpc-message") {
        fields.grpc_message = value;
    }
}

std::optional<GrpcEnd> end_of_head(const GrpcFields& fields) {
    if (!fields.grpc_status.empty()) {
        return end_of_status(fields);
    }
    if (fields.status != "200") {
        return GrpcEnd{
            code_of_http(fields.status),
            "it answers HTTP status " + readable(fields.status) + ", which is no gRPC"
        };
    }
    constexpr std::string_view k_grpc = "application/grpc";
    const std::string_view type = fields.content_type;
    if (!type.starts_with(k_grpc) ||
        (type.size() > k_grpc.size() && type[k_grpc.size()] != '+' && type[k_grpc.size()] != ';')) {
        return GrpcEnd{
            GrpcCode::unknown,
            "it answers with content-type \"" + readable(type) + "\", which is no gRPC"
        };
    }
    if (!fields.encoding.empty() && fields.encoding != "identity") {
        return GrpcEnd{
            GrpcCode::internal,
            "it compresses (" + readable(fields.encoding) + "), which was not asked for"
        };
    }
    return std::nullopt;
}

GrpcEnd end_of_trailers(const GrpcFields& fields) {
    if (fields.grpc_status.empty()) {
        return {GrpcCode::internal, "its stream ended without a grpc-status"};
    }
    return end_of_status(fields);
}

GrpcEnd end_of_reset(std::uint32_t http2_error) {
    GrpcEnd end{
        GrpcCode::internal,
        std::string("it reset the stream (") + nghttp2_http2_strerror(http2_error) + ")"
    };
    if (http2_error == NGHTTP2_REFUSED_STREAM) {
        end.code = GrpcCode::unavailable;
    } else if (http2_error == NGHTTP2_INADEQUATE_SECURITY) {
        end.code = GrpcCode::permission_denied;
    }
    return end;
}

}  // namespace tls::workload_api
