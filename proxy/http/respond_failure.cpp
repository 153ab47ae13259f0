#include "proxy/http/respond_failure.hpp"

#include "proxy/http/failure_response.hpp"

#include <array>

namespace proxy::http {

namespace {

/// Skips the body as far as it has been read; true when that was all of it.
bool drop_buffered_body(ServerSession& client) {
    while (true) {
        const BodyPart part = client.poll();
        if (part.kind != BodyPart::Kind::data) {
            return part.kind == BodyPart::Kind::end;
        }
    }
}

}  // namespace

io::Awaitable<bool> respond_failure(
    ServerSession& client, const FailureAnswer& answer, Scratch& scratch
) {
    FailureResponse response;
    response.reason = answer.reason;
    response.target = answer.target;
    response.detail = answer.detail;
    bool may_go_on = false;
    if (answer.is_request_known) {
        const RequestHead& request = client.request();
        response.is_head = request.method == "HEAD";
        const bool is_whole = client.is_body_complete() || drop_buffered_body(client);
        may_go_on = is_whole && request.keep_alive && !answer.closes_client;
    }
    response.closes = !may_go_on;
    scratch.response_head.clear();
    append_error_response(scratch.response_head, response);
    if (scratch.response_head.empty()) {
        co_return false;
    }
    const std::array<boost::asio::const_buffer, 1> pieces{boost::asio::buffer(scratch.response_head)
    };
    const auto written = co_await client.write(pieces);
    if (written.has_error()) {
        co_return false;
    }
    if (!answer.is_request_known) {
        co_await client.linger();  // whatever follows is not understood either
    }
    co_return may_go_on;
}

}  // namespace proxy::http
