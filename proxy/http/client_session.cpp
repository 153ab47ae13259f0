#include "proxy/http/client_session.hpp"

#include <boost/asio/error.hpp>

namespace proxy::http {

ClientSession::ClientSession(net::Stream stream, net::DeadlineClock& clock, const Limits& limits)
    : stream_(std::move(stream)),
      buffer_(limits.buffer_bytes),
      deadline_(clock),
      limits_(limits),
      reader_(limits) {
    deadline_.watch(&stream_.socket());
}

void ClientSession::begin(std::string_view method) {
    reader_.expect_response_to(method);
    ++requests_;
    has_response_bytes_ = false;
    is_response_complete_ = false;
}

io::Awaitable<Result<void>> ClientSession::write(std::span<const boost::asio::const_buffer> buffers
) {
    deadline_.arm(limits_.stream_idle_ms_max, Reason::stream_timeout);
    const auto written = co_await stream_.write(buffers);
    traffic_.written_bytes += written.bytes;
    if (written.error) {
        const Reason reason =
            deadline_.has_expired() ? deadline_.reason() : Reason::upstream_closed;
        co_return Failure{reason, Side::upstream, written.error.message()};
    }
    co_return Result<void>();
}

io::Awaitable<Result<void>> ClientSession::read_head() {
    while (true) {
        const Step step = reader_.feed(buffer_.data());
        buffer_.consume(step.consumed);
        if (step.event == Event::head) {
            co_return Result<void>();
        }
        if (step.event == Event::end) {
            continue;  // of an interim response
        }
        if (step.event == Event::error) {
            is_broken_ = true;
            co_return reader_.failure();
        }
        if (is_at_end_ || is_broken_) {
            is_broken_ = true;
            const Reason reason =
                deadline_.has_expired() ? deadline_.reason() : Reason::upstream_closed;
            co_return Failure{reason, Side::upstream, "it closed before it had answered"};
        }
        co_await fill();
    }
}

BodyPart ClientSession::poll() {
    BodyPart part;
    Step step = reader_.feed(buffer_.data());
    buffer_.consume(step.consumed);
    if (step.event == Event::need_more && is_at_end_) {
        step = reader_.finish();
    }
    switch (step.event) {
        case Event::body:
            part.kind = BodyPart::Kind::data;
            part.bytes = step.chunk;
            break;
        case Event::end:
            part.kind = BodyPart::Kind::end;
            is_response_complete_ = true;
            deadline_.disarm();
            break;
        case Event::error:
            failure_ = reader_.failure();
            part.kind = BodyPart::Kind::broken;
            is_broken_ = true;
            break;
        case Event::need_more:
        case Event::head:
            part.kind = is_broken_ ? BodyPart::Kind::broken : BodyPart::Kind::empty;
            break;
    }
    return part;
}

io::Awaitable<void> ClientSession::fill() {
    const std::size_t bytes_max = limits_.head_bytes_max + 1;
    if (buffer_.data().size() >= bytes_max) {
        failure_ = Failure{Reason::upstream_malformed, Side::upstream, "its head is too long"};
        is_broken_ = true;
        co_return;
    }
    deadline_.arm(limits_.stream_idle_ms_max, Reason::stream_timeout);
    const auto read = co_await stream_.read_into(buffer_, bytes_max);
    traffic_.read_bytes += read.bytes;
    has_response_bytes_ = has_response_bytes_ || read.bytes > 0;
    if (read.error == boost::asio::error::eof) {
        is_at_end_ = true;
    } else if (read.error) {
        const Reason reason =
            deadline_.has_expired() ? deadline_.reason() : Reason::upstream_closed;
        failure_ = Failure{reason, Side::upstream, read.error.message()};
        is_broken_ = true;
    }
}

void ClientSession::close() noexcept {
    is_closed_ = true;
    stream_.close();
}

bool ClientSession::may_be_reused() const {
    return is_response_complete_ && !is_closed_ && !is_broken_ && !is_at_end_ &&
           buffer_.is_empty() && reader_.is_between_messages() && reader_.head().keep_alive &&
           !stream_.is_going_away();
}

}  // namespace proxy::http
