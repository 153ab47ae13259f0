// OpenSSL's error queue as sentences, and the errors a tls::Stream adds to those of its socket.
#pragma once

#include <boost/system/error_code.hpp>

#include <string>
#include <string_view>

namespace tls {

enum class StreamError : int {
    stream_truncated = 1,  // the peer closed without close_notify: what came may be cut short
    protocol_failure,      // a broken record, an alert; Stream::failure() has the sentence
};

[[nodiscard]] boost::system::error_code make_error_code(StreamError error) noexcept;

/// Empties this thread's OpenSSL error queue into one sentence; `otherwise` when it is empty.
[[nodiscard]] std::string take_openssl_errors(std::string_view otherwise);

}  // namespace tls

template <>
struct boost::system::is_error_code_enum<tls::StreamError> : std::true_type {};
