// The side of HTTP/1 that faces an upstream: one request out, its responses in, then the next.
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

/// Owns its connection. Belongs to the lease of one exchange or to the pool in between.
class ClientSession final : public BodySource {
 public:
    ClientSession(net::Stream stream, net::DeadlineClock& clock, const Limits& limits);

    /// Must precede each request's first byte.
    void begin(std::string_view method);
    [[nodiscard]] io::Awaitable<Result<void>> write(
        std::span<const boost::asio::const_buffer> buffers
    );
    /// The next head, interim ones included. upstream_closed when it ended before one;
    /// has_response_bytes() then tells whether it had begun to answer.
    [[nodiscard]] io::Awaitable<Result<void>> read_head();
    [[nodiscard]] const ResponseHead& response() const { return reader_.head(); }
    [[nodiscard]] bool has_response_bytes() const { return has_response_bytes_; }

    // BodySource: the present response's body.
    [[nodiscard]] BodyPart poll() override;
    [[nodiscard]] io::Awaitable<void> fill() override;
    [[nodiscard]] std::span<const Field> trailers() const override { return reader_.trailers(); }
    [[nodiscard]] const Failure& failure() const override { return failure_; }

    /// Whether another request may follow: the response was complete, wanted to stay, and nothing
    /// unasked-for came after it. The caller vouches that its request was sent whole.
    [[nodiscard]] bool may_be_reused() const;
    /// It may have died before this request: by a request before it, or by sharing a connection.
    [[nodiscard]] bool was_used() const { return requests_ > 1 || stream_.is_of_kept_connection(); }
    /// Between exchanges: holds no buffer.
    void rest() noexcept { buffer_.release(); }
    void close() noexcept;
    [[nodiscard]] net::Traffic& traffic() { return traffic_; }
    [[nodiscard]] net::Stream& stream() { return stream_; }
    [[nodiscard]] net::Buffer& buffer() { return buffer_; }
    [[nodiscard]] net::Deadline& deadline() { return deadline_; }

 private:
    net::Stream stream_;
    net::Buffer buffer_;
    net::Deadline deadline_;
    const Limits& limits_;
    ResponseReader reader_;
    Failure failure_;
    net::Traffic traffic_;
    std::uint64_t requests_ = 0;
    bool has_response_bytes_ = false;
    bool is_response_complete_ = false;
    bool is_broken_ = false;
    bool is_at_end_ = false;  // the upstream sent its FIN
    bool is_closed_ = false;
};

}  // namespace proxy::http
