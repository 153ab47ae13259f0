// The side of HTTP/1 that faces a client: requests in, responses out, one after another.
#pragma once

#include "io/socket.hpp"
#include "proxy/failure.hpp"
#include "proxy/http/body.hpp"
#include "proxy/http/http1_codec.hpp"
#include "proxy/limits.hpp"
#include "proxy/net/buffer.hpp"
#include "proxy/net/deadline.hpp"
#include "proxy/net/stream.hpp"
#include "proxy/net/traffic.hpp"

#include <string_view>

namespace proxy::http {

/// Lives in the frame of its connection, which outlives it together with stream, buffer and
/// deadline. Pipelined requests wait in the buffer until the one before is answered.
class ServerSession final : public BodySource {
 public:
    ServerSession(
        net::Stream& stream, net::Buffer& buffer, net::Deadline& deadline, const Limits& limits
    );

    enum class Next : std::uint8_t { request, closed };
    /// Waits for the next request's head; `closed` when the client ended between requests (or was
    /// idle for `idle_ms_max`). Failures: malformed, too large, too slow: answer, then close.
    [[nodiscard]] io::Awaitable<Result<Next>> next(std::uint32_t idle_ms_max);
    [[nodiscard]] const RequestHead& request() const { return reader_.head(); }

    // BodySource: the present request's body.
    [[nodiscard]] BodyPart poll() override;
    [[nodiscard]] io::Awaitable<void> fill() override;
    [[nodiscard]] std::span<const Field> trailers() const override { return reader_.trailers(); }
    [[nodiscard]] const Failure& failure() const override { return failure_; }
    [[nodiscard]] bool is_body_complete() const { return is_body_complete_; }

    /// Writes to the client; client_closed (or the deadline's reason) when it is gone.
    [[nodiscard]] io::Awaitable<Result<void>> write(
        std::span<const boost::asio::const_buffer> buffers
    );
    /// Closes so that the client can still read what it was sent (RFC 9112 §9.6): ends our side,
    /// then reads and drops for a bounded while.
    [[nodiscard]] io::Awaitable<void> linger();

    [[nodiscard]] net::Traffic& traffic() { return traffic_; }
    [[nodiscard]] net::Stream& stream() { return stream_; }
    [[nodiscard]] net::Buffer& buffer() { return buffer_; }
    [[nodiscard]] net::Deadline& deadline() { return deadline_; }

 private:
    net::Stream& stream_;
    net::Buffer& buffer_;
    net::Deadline& deadline_;
    const Limits& limits_;
    RequestReader reader_;
    Failure failure_;
    net::Traffic traffic_;
    bool is_body_complete_ = true;
    bool is_broken_ = false;
};

}  // namespace proxy::http
