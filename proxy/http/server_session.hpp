// The side of HTTP/1 that faces a client: requests in, responses out, one after another.
#pragma once

#include "io/socket.hpp"
#include "proxy/failure.hpp"
#include "proxy/http/body.hpp"
#include "proxy/http/http1_codec.hpp"
#include "proxy/http/working_memory.hpp"
#include "proxy/limits.hpp"
#include "proxy/net/buffer.hpp"
#include "proxy/net/deadline.hpp"
#include "proxy/net/stream.hpp"
#include "proxy/net/traffic.hpp"

#include <memory>
#include <string_view>

namespace proxy::http {

/// Lives in the frame of its connection, which outlives it together with stream, buffer and
/// deadline. Pipelined requests wait in the buffer until the one before is answered.
class ServerSession final : public BodySource {
 public:
    ServerSession(
        net::Stream& stream,
        net::Buffer& buffer,
        net::Deadline& deadline,
        const Limits& limits,
        WorkingMemories& memories
    );

    ~ServerSession() override;
    ServerSession(ServerSession&&) noexcept = default;

    enum class Next : std::uint8_t { request, closed };
    /// Waits for the next request's head, without any memory of its own until a byte comes;
    /// `closed` when the client ended between requests (or was idle for `idle_ms_max`). Failures:
    /// malformed, too large, too slow: answer, then close.
    [[nodiscard]] io::Awaitable<Result<Next>> next(std::uint32_t idle_ms_max);
    [[nodiscard]] const RequestHead& request() const { return memory_->reader.head(); }

    // BodySource: the present request's body.
    [[nodiscard]] BodyPart poll() override;
    [[nodiscard]] io::Awaitable<void> fill() override;
    [[nodiscard]] std::span<const Field> trailers() const override {
        return memory_->reader.trailers();
    }
    [[nodiscard]] const Failure& failure() const override { return failure_; }
    [[nodiscard]] bool is_body_complete() const { return is_body_complete_; }

    /// Writes to the client; client_closed (or the deadline's reason) when it is gone.
    [[nodiscard]] io::Awaitable<Result<void>> write(
        std::span<const boost::asio::const_buffer> buffers
    );
    /// Closes so that the client can still read what it was sent (RFC 9112 §9.6): ends our side,
    /// then reads and drops for a bounded while.
    [[nodiscard]] io::Awaitable<void> linger();

    /// As long as request() is valid, and after a failure of next().
    [[nodiscard]] Scratch& scratch() { return memory_->scratch; }
    [[nodiscard]] net::Traffic& traffic() { return traffic_; }
    [[nodiscard]] net::Stream& stream() { return stream_; }
    [[nodiscard]] net::Buffer& buffer() { return buffer_; }
    [[nodiscard]] net::Deadline& deadline() { return deadline_; }

 private:
    void rest();

    net::Stream& stream_;
    net::Buffer& buffer_;
    net::Deadline& deadline_;
    const Limits& limits_;
    WorkingMemories& memories_;
    std::unique_ptr<WorkingMemory> memory_;  // from a request's first byte to the wait for the next
    Failure failure_;
    net::Traffic traffic_;
    bool is_body_complete_ = true;
    bool is_broken_ = false;
};

}  // namespace proxy::http
