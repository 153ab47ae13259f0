// The messages in a gRPC stream: one byte that says whether they are compressed, four of length,
// the message (gRPC over HTTP/2, "Length-Prefixed-Message"). Pure.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace tls::workload_api {

/// A message holds all that there is to know, and replaces the one before: only the last whole one
/// is kept. What is given up is overwritten, since there are private keys in it.
class GrpcFraming {
 public:
    explicit GrpcFraming(std::size_t message_bytes_max) : message_bytes_max_(message_bytes_max) {}
    ~GrpcFraming();
    GrpcFraming(const GrpcFraming&) = delete;
    GrpcFraming& operator=(const GrpcFraming&) = delete;

    /// False, with failure(), when the bytes are no messages that may be read.
    [[nodiscard]] bool feed(std::string_view bytes);
    [[nodiscard]] const std::string& failure() const { return failure_; }
    /// The newest whole message, once.
    [[nodiscard]] std::optional<std::string> take_message();
    [[nodiscard]] bool has_message() const { return message_.has_value(); }
    [[nodiscard]] bool is_amid_message() const { return !head_.empty(); }

 private:
    [[nodiscard]] bool take_head();

    std::size_t message_bytes_max_;
    std::string head_;
    std::size_t size_ = 0;  // of the message whose head is whole
    std::string body_;
    std::optional<std::string> message_;
    std::string failure_;
};

}  // namespace tls::workload_api
