// One request and its response between a client's session and an upstream's, streaming both ways.
#pragma once

#include "proxy/failure.hpp"
#include "proxy/http/client_session.hpp"
#include "proxy/http/server_session.hpp"
#include "proxy/http/working_memory.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace proxy::http {

/// A request ready to be sent: its head and what has been read of its body. Stays valid, and may be
/// sent again on another connection, until more of the body is read.
class OutgoingRequest {
 public:
    /// `line` and `fields` are what goes out; the body comes from `client`.
    OutgoingRequest(
        ServerSession& client,
        const RequestLine& line,
        const FieldList& fields,
        std::string& head_text
    );

    [[nodiscard]] std::span<const boost::asio::const_buffer> buffers() const {
        return gather_.buffers();
    }
    /// How the part of the body in buffers() ends: `end` is all of it, `data` not even all that has
    /// been read.
    [[nodiscard]] BodyPart::Kind state() const { return state_; }
    /// The whole request is in buffers().
    [[nodiscard]] bool is_whole() const { return state_ == BodyPart::Kind::end; }
    [[nodiscard]] bool is_broken() const { return state_ == BodyPart::Kind::broken; }
    /// May be sent a second time though the first may have arrived: its method is idempotent
    /// (RFC 9110 §9.2.2) and all of it is still here.
    [[nodiscard]] bool may_be_replayed() const;

 private:
    Gather gather_;
    BodyPart::Kind state_;
    bool is_idempotent_;
};

struct Outcome {
    std::optional<Failure> failure;
    std::uint16_t status = 0;         // of the final response that the client got; 0: none
    bool is_client_reusable = false;  // another request may follow
    bool is_upgraded = false;         // 101 (or 2xx to CONNECT) was sent on: relay the bytes now
    bool may_retry = false;           // a reused connection closed before it answered
};

struct ExchangeOptions {
    /// Answer with `Connection: close`. Read when the answer comes: draining may begin meanwhile.
    const bool& closes_client;
};

/// Sends, then streams the response to the client. Nothing of the response has reached the client
/// when `failure` is set and `status` is 0: the caller answers. `upstream` is closed unless
/// complete.
[[nodiscard]] io::Awaitable<Outcome> exchange(
    ServerSession& client,
    ClientSession& upstream,
    const OutgoingRequest& request,
    const ExchangeOptions& options,
    Scratch& scratch
);

}  // namespace proxy::http
