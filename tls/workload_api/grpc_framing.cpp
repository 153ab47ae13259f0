#include "tls/workload_api/grpc_framing.hpp"

#include <openssl/crypto.h>

#include <algorithm>
#include <utility>

namespace tls::workload_api {

namespace {

constexpr std::size_t k_head_bytes = 5;

void wipe(std::string& text) {
    OPENSSL_cleanse(text.data(), text.size());
    text.clear();
}

}  // namespace

GrpcFraming::~GrpcFraming() {
    wipe(body_);
    if (message_.has_value()) {
        wipe(*message_);
    }
}

bool GrpcFraming::feed(std::string_view bytes) {
    while (failure_.empty() && (!bytes.empty() || head_.size() == k_head_bytes)) {
        if (head_.size() < k_head_bytes) {
            const std::string_view piece = bytes.substr(0, k_head_bytes - head_.size());
            head_ += piece;
            bytes.remove_prefix(piece.size());
            if (head_.size() < k_head_bytes || !take_head()) {
                break;
            }
        }
        const std::string_view piece = bytes.substr(0, size_ - body_.size());
        body_ += piece;
        bytes.remove_prefix(piece.size());
        if (body_.size() < size_) {
            break;
        }
        if (message_.has_value()) {
            wipe(*message_);
        }
        message_ = std::exchange(body_, {});
        head_.clear();
    }
    return failure_.empty();
}

bool GrpcFraming::take_head() {
    size_ = 0;
    for (const char byte : std::string_view(head_).substr(1)) {
        size_ = size_ << 8 | static_cast<unsigned char>(byte);
    }
    if (head_.front() != 0) {
        failure_ = "a compressed message, which was not asked for";
    } else if (size_ > message_bytes_max_) {
        failure_ = "a message of " + std::to_string(size_) + " bytes, more than the " +
                   std::to_string(message_bytes_max_) + " that are taken";
    } else {
        // At once, so that no growth leaves a copy behind.
        body_.reserve(size_);
    }
    return failure_.empty();
}

std::optional<std::string> GrpcFraming::take_message() {
    return std::exchange(message_, std::nullopt);
}

}  // namespace tls::workload_api
