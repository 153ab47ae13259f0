// TLS handshakes that failed: each is counted, and a few of them a second are told in words.
#pragma once

#include "proxy/line_allowance.hpp"
#include "telemetry/sheet.hpp"
#include "tls/handshake_failure.hpp"

#include <string_view>

namespace proxy {

/// One per worker, on its thread.
class HandshakeFailures {
 public:
    explicit HandshakeFailures(telemetry::Sheet& sheet) : sheet_(sheet) {}

    /// `peer` is its address; `sentence` may hold anything that it sent.
    void add(
        telemetry::Direction direction,
        tls::HandshakeFailure why,
        std::string_view peer,
        std::string_view sentence
    );

 private:
    telemetry::Sheet& sheet_;
    LineAllowance lines_;  // strangers cause these lines
};

}  // namespace proxy
