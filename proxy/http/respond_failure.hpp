// Tells a client that its request is not served, and settles what becomes of the connection.
#pragma once

#include "proxy/failure.hpp"
#include "proxy/http/exchange.hpp"
#include "proxy/http/server_session.hpp"

#include <cstdint>
#include <string_view>

namespace proxy::http {

struct FailureAnswer {
    Reason reason = Reason::internal_error;
    std::string_view target;  // nearest TrafficTarget "namespace/name", authenticated peers only
    std::string_view detail;  // our own words: why a request is malformed
    bool is_request_known = true;  // false: the head was not understood, so its end is unknown
    bool closes_client = false;
};

/// Answers and drops what is left of the request's body if it has already arrived. Returns whether
/// the connection may serve another request; where not, the caller lingers and leaves it.
[[nodiscard]] io::Awaitable<bool> respond_failure(
    ServerSession& client, const FailureAnswer& answer, Scratch& scratch
);

}  // namespace proxy::http
