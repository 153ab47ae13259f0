#include "proxy/http/exchange.hpp"

#include "proxy/net/event.hpp"

#include <algorithm>
#include <array>

namespace proxy::http {

namespace {

constexpr std::array<std::string_view, 6> k_idempotent_methods = {
    "GET", "HEAD", "PUT", "DELETE", "OPTIONS", "TRACE"
};

/// From here on a response is bulk, which takes turns with others piece by piece.
constexpr std::uint64_t k_bulk_bytes = 128 * 1024;

/// The rest of a request's body on its way up, beside the response coming down.
struct Upload {
    explicit Upload(io::Loop& loop) : done(loop) {}
    net::Event done;
    std::optional<Failure> client_failure;
    bool is_complete = false;
    bool is_stopped = false;  // by us: what it then runs into is nobody's failure
};

/// `state` is where the part that went with the head left off.
io::Awaitable<void> run_upload(
    ServerSession& client, ClientSession& upstream, BodyPart::Kind state, Upload& upload
) {
    const BodyKind kind = client.request().framing.kind;
    Gather gather;
    // It may have been stopped before it began: the answer came with the first attempt to read.
    while (!upload.is_stopped && (state == BodyPart::Kind::empty || state == BodyPart::Kind::data)
    ) {
        if (state == BodyPart::Kind::empty) {
            co_await client.fill();
        }
        gather.clear();
        state = gather_body(client, kind, gather);
        if (gather.is_empty()) {
            continue;
        }
        const auto written = co_await upstream.write(gather.buffers());
        // Once stopped, nobody would cancel another wait. A failed write is not the last word: the
        // upstream may have answered early, and whoever reads the response will see.
        if (upload.is_stopped || written.has_error()) {
            break;
        }
    }
    if (state == BodyPart::Kind::broken && !upload.is_stopped) {
        upload.client_failure = client.failure();
        upstream.close();  // it must not take half a body for a whole one
    }
    upload.is_complete = state == BodyPart::Kind::end;
    upload.done.set();
}

/// Ends an upload that the response overtook, and waits for its coroutine.
io::Awaitable<void> stop_upload(ServerSession& client, ClientSession& upstream, Upload& upload) {
    if (!upload.done.is_set()) {
        upload.is_stopped = true;
        upstream.close();
        client.stream().socket().cancel();
        co_await upload.done.wait();
    }
}

bool is_tunnel(const RequestHead& request, const ResponseHead& response) {
    if (response.status == 101) {
        return request.has_upgrade;
    }
    return request.method == "CONNECT" && response.status >= 200 && response.status < 300;
}

io::Awaitable<Result<void>> send_interim(
    ServerSession& client, const ResponseHead& response, Scratch& scratch
) {
    if (client.request().minor_version == 0) {
        co_return Result<void>();  // RFC 9110 §15.2: not to HTTP/1.0 clients
    }
    ResponseRewrite rewrite;
    [[maybe_unused]] const BodyKind none =
        forward_response_fields(response, rewrite, scratch.response_fields);
    scratch.response_head.clear();
    append_response_head(
        scratch.response_head, response.status, response.reason_phrase, scratch.response_fields
    );
    const std::array<boost::asio::const_buffer, 1> pieces{boost::asio::buffer(scratch.response_head)
    };
    const auto written = co_await client.write(pieces);
    co_return written;
}

/// Reads heads until the final one (or a 101), passing interim ones on.
io::Awaitable<Result<void>> read_final_head(
    ServerSession& client, ClientSession& upstream, Scratch& scratch
) {
    while (true) {
        auto head = co_await upstream.read_head();
        if (head.has_error()) {
            co_return head.error();
        }
        const ResponseHead& response = upstream.response();
        if (response.status == 101 && !client.request().has_upgrade) {
            co_return Failure{
                Reason::upstream_malformed, Side::upstream, "101 to a request without Upgrade"
            };
        }
        if (!response.is_interim()) {
            co_return Result<void>();
        }
        auto sent = co_await send_interim(client, response, scratch);
        if (sent.has_error()) {
            co_return sent.error();
        }
    }
}

/// Streams the response's head and body; returns how the body was framed.
io::Awaitable<Result<BodyKind>> send_response(
    ServerSession& client, ClientSession& upstream, const ResponseRewrite& rewrite, Scratch& scratch
) {
    const ResponseHead& response = upstream.response();
    const BodyKind kind = forward_response_fields(response, rewrite, scratch.response_fields);
    scratch.response_head.clear();
    append_response_head(
        scratch.response_head, response.status, response.reason_phrase, scratch.response_fields
    );
    Gather gather;
    gather.add(scratch.response_head);
    if (is_tunnel(client.request(), response)) {
        auto sent = co_await client.write(gather.buffers());
        if (sent.has_error()) {
            co_return sent.error();
        }
        co_return kind;
    }
    io::Loop& loop = client.stream().socket().loop();
    std::uint64_t sent_bytes = 0;
    while (true) {
        const BodyPart::Kind state = gather_body(upstream, kind, gather);
        if (!gather.is_empty()) {
            sent_bytes += boost::asio::buffer_size(gather.buffers());
            auto sent = co_await client.write(gather.buffers());
            if (sent.has_error()) {
                co_return sent.error();
            }
            gather.clear();
            if (sent_bytes > k_bulk_bytes) {
                loop.end_turn();
            }
        }
        if (state == BodyPart::Kind::end) {
            co_return kind;
        }
        if (state == BodyPart::Kind::broken) {
            co_return upstream.failure();
        }
        if (state == BodyPart::Kind::empty) {
            co_await upstream.fill();
        }
    }
}

/// From the response's head to the end of both directions.
io::Awaitable<Outcome> receive(
    ServerSession& client, ClientSession& upstream, const ExchangeOptions& options, Scratch& scratch
) {
    Outcome outcome;
    auto head = co_await read_final_head(client, upstream, scratch);
    if (head.has_error()) {
        outcome.failure = head.error();
        co_return outcome;
    }
    const RequestHead& request = client.request();
    ResponseRewrite rewrite;
    rewrite.client_minor_version = request.minor_version;
    rewrite.client_wants_close = options.closes_client || !request.keep_alive;
    rewrite.head_request = request.method == "HEAD";
    outcome.status = upstream.response().status;
    outcome.is_upgraded = is_tunnel(request, upstream.response());
    auto sent = co_await send_response(client, upstream, rewrite, scratch);
    if (sent.has_error()) {
        outcome.failure = sent.error();
        co_return outcome;
    }
    outcome.is_client_reusable =
        !rewrite.client_wants_close && !outcome.is_upgraded && *sent != BodyKind::until_close;
    co_return outcome;
}

}  // namespace

OutgoingRequest::OutgoingRequest(
    ServerSession& client, const RequestLine& line, const FieldList& fields, std::string& head_text
)
    : is_idempotent_(
          std::find(k_idempotent_methods.begin(), k_idempotent_methods.end(), line.method) !=
          k_idempotent_methods.end()
      ) {
    head_text.clear();
    append_request_head(head_text, line, fields);
    gather_.add(head_text);
    state_ = gather_body(client, client.request().framing.kind, gather_);
}

bool OutgoingRequest::may_be_replayed() const {
    return is_whole() && is_idempotent_;
}

io::Awaitable<Outcome> exchange(
    ServerSession& client,
    ClientSession& upstream,
    const OutgoingRequest& request,
    const ExchangeOptions& options,
    Scratch& scratch
) {
    upstream.begin(client.request().method);
    const auto written = co_await upstream.write(request.buffers());
    const bool is_whole = request.is_whole();
    io::Loop& loop = client.stream().socket().loop();
    std::optional<Upload> upload;
    if (!is_whole && written.has_value()) {
        upload.emplace(loop);
        loop.spawn(run_upload(client, upstream, request.state(), *upload));
    }
    // A failed write is not the last word: the answer may have come before the upstream closed.
    auto outcome = co_await receive(client, upstream, options, scratch);
    if (upload.has_value()) {
        co_await stop_upload(client, upstream, *upload);
        if (upload->client_failure.has_value() && outcome.failure.has_value()) {
            outcome.failure = upload->client_failure;
        }
    }
    const bool was_sent_whole = is_whole ? written.has_value() : upload && upload->is_complete;
    outcome.is_client_reusable = outcome.is_client_reusable && client.is_body_complete();
    outcome.may_retry = outcome.failure.has_value() && outcome.status == 0 &&
                        row_of(outcome.failure->reason).may_retry && upstream.was_used() &&
                        !upstream.has_response_bytes() && request.may_be_replayed();
    if (!was_sent_whole && !outcome.is_upgraded) {
        upstream.close();
    }
    co_return outcome;
}

}  // namespace proxy::http
