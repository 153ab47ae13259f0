// What a client is told when its request is not served.
#pragma once

#include "proxy/failure.hpp"

#include <string>
#include <string_view>

namespace proxy::http {

struct FailureResponse {
    Reason reason = Reason::internal_error;
    /// The nearest TrafficTarget, "namespace/name". For authenticated peers only; else leave empty.
    std::string_view target{};
    /// What exactly was wrong, in words that the client may see: why its request is malformed.
    std::string_view detail{};
    bool is_head = false;  // a HEAD request: the same head, no body
    bool closes = true;    // adds `Connection: close`
};

/// Appends the whole response: status, smilax-reason, a JSON body. Appends nothing for a reason
/// that is not answered (http_status 0): then the connection is just closed.
void append_error_response(std::string& out, const FailureResponse& response);

}  // namespace proxy::http
