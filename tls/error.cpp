#include "tls/error.hpp"

#include <openssl/err.h>

namespace tls {
namespace {

// The base has no virtual destructor on purpose: categories live as long as the program. g++ warns
// of every class derived from it.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wnon-virtual-dtor"
class StreamCategory final : public boost::system::error_category {
 public:
    [[nodiscard]] const char* name() const noexcept override { return "tls"; }
    [[nodiscard]] std::string message(int value) const override {
        switch (static_cast<StreamError>(value)) {
            case StreamError::stream_truncated:
                return "the peer closed the connection without TLS close_notify";
            case StreamError::protocol_failure:
                return "the TLS connection failed";
        }
        return "unknown TLS error";
    }
};
#pragma GCC diagnostic pop

}  // namespace

boost::system::error_code make_error_code(StreamError error) noexcept {
    static const StreamCategory category;
    return {static_cast<int>(error), category};
}

std::string take_openssl_errors(std::string_view otherwise) {
    std::string sentence;
    while (const unsigned long code = ERR_get_error()) {
        const char* reason = ERR_reason_error_string(code);
        if (reason == nullptr) {
            continue;  // a provider's internal code: the entries around it say more
        }
        if (!sentence.empty()) {
            sentence += "; ";
        }
        sentence += reason;
    }
    return sentence.empty() ? std::string(otherwise) : sentence;
}

}  // namespace tls
