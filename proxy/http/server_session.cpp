#include "proxy/http/server_session.hpp"

#include <boost/asio/error.hpp>

namespace proxy::http {

namespace {

constexpr std::uint32_t k_linger_ms_max = 1'000;
constexpr std::size_t k_linger_bytes_max = 16 * 1024 * 1024;

}  // namespace

ServerSession::ServerSession(
    net::Stream& stream,
    net::Buffer& buffer,
    net::Deadline& deadline,
    const Limits& limits,
    WorkingMemories& memories
)
    : stream_(stream), buffer_(buffer), deadline_(deadline), limits_(limits), memories_(memories) {}

ServerSession::~ServerSession() {
    if (memory_ != nullptr && memory_->reader.is_between_messages()) {
        memories_.give_back(std::move(memory_));
    }
}

void ServerSession::rest() {
    if (memory_ != nullptr) {
        memories_.give_back(std::move(memory_));
    }
    buffer_.release();
}

io::Awaitable<Result<ServerSession::Next>> ServerSession::next(std::uint32_t idle_ms_max) {
    if (buffer_.is_empty()) {
        // Idleness closes; a head that is too slow only ends the read, so that it can be answered.
        rest();
        deadline_.arm(idle_ms_max, Reason::head_timeout);
        const io::Error ended = co_await stream_.wait_readable();
        if (ended) {
            co_return Next::closed;
        }
    }
    if (memory_ == nullptr) {
        memory_ = memories_.take();
    }
    RequestReader& reader = memory_->reader;
    deadline_.arm_cancel(limits_.head_ms_max);
    while (true) {
        const Step step = reader.feed(buffer_.data());
        buffer_.consume(step.consumed);
        if (step.event == Event::head) {
            deadline_.disarm();
            is_body_complete_ = false;
            if (buffer_.is_empty()) {
                buffer_.release();  // not held while the upstream thinks
            }
            co_return Next::request;
        }
        if (step.event == Event::error) {
            co_return reader.failure();
        }
        if (buffer_.data().size() > limits_.head_bytes_max) {
            co_return Failure{Reason::head_too_large, Side::client, "the request head is too long"};
        }
        const auto read = co_await stream_.read_into(buffer_, limits_.head_bytes_max + 1);
        traffic_.read_bytes += read.bytes;
        if (!read.error && !deadline_.has_expired()) {
            continue;
        }
        // It may have expired while the read was completing, so that nothing was left to cancel.
        if (deadline_.has_expired()) {
            co_return Failure{Reason::head_timeout, Side::client, "the head came too slowly"};
        }
        if (buffer_.is_empty() && reader.is_between_messages()) {
            co_return Next::closed;
        }
        co_return Failure{Reason::client_closed, Side::client, read.error.message()};
    }
}

BodyPart ServerSession::poll() {
    BodyPart part;
    const Step step = memory_->reader.feed(buffer_.data());
    buffer_.consume(step.consumed);
    switch (step.event) {
        case Event::body:
            part.kind = BodyPart::Kind::data;
            part.bytes = step.chunk;
            break;
        case Event::end:
            part.kind = BodyPart::Kind::end;
            is_body_complete_ = true;
            break;
        case Event::error:
            failure_ = memory_->reader.failure();
            part.kind = BodyPart::Kind::broken;
            break;
        case Event::need_more:
        case Event::head:
            part.kind = is_broken_ ? BodyPart::Kind::broken : BodyPart::Kind::empty;
            break;
    }
    return part;
}

io::Awaitable<void> ServerSession::fill() {
    deadline_.arm(limits_.stream_idle_ms_max, Reason::stream_timeout);
    const auto read = co_await stream_.read_into(buffer_, limits_.head_bytes_max);
    traffic_.read_bytes += read.bytes;
    if (read.error) {
        const Reason reason = deadline_.has_expired() ? deadline_.reason() : Reason::client_closed;
        failure_ = Failure{reason, Side::client, read.error.message()};
        is_broken_ = true;
    }
}

io::Awaitable<Result<void>> ServerSession::write(std::span<const boost::asio::const_buffer> buffers
) {
    deadline_.arm(limits_.stream_idle_ms_max, Reason::stream_timeout);
    const auto written = co_await stream_.write(buffers);
    traffic_.written_bytes += written.bytes;
    if (written.error) {
        const Reason reason = deadline_.has_expired() ? deadline_.reason() : Reason::client_closed;
        co_return Failure{reason, Side::client, written.error.message()};
    }
    co_return Result<void>();
}

io::Awaitable<void> ServerSession::linger() {
    deadline_.arm(k_linger_ms_max, Reason::client_closed);
    const auto ended = co_await stream_.shutdown_send();
    if (ended) {
        co_return;
    }
    std::size_t dropped = 0;
    while (dropped < k_linger_bytes_max) {
        buffer_.consume(buffer_.data().size());
        const auto space = buffer_.prepare(limits_.buffer_bytes);
        const auto read = co_await stream_.read_some(space);
        if (read.error) {
            co_return;
        }
        dropped += read.bytes;
    }
}

}  // namespace proxy::http
