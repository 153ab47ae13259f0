#include "proxy/net/relay.hpp"

#include "proxy/net/event.hpp"

#include <boost/asio/error.hpp>

#include <array>

namespace proxy::net {

namespace {

/// Moves bytes one way until `from` ends; returns the error that broke it, none after a FIN.
io::Awaitable<io::Error> pump(RelayEnd& from, RelayEnd& to, const Limits& limits) {
    const auto arm = [&from, &to, &limits] {
        from.deadline.arm(limits.stream_idle_ms_max, policy::Reason::stream_timeout);
        to.deadline.arm(limits.stream_idle_ms_max, policy::Reason::stream_timeout);
    };
    while (true) {
        if (!from.buffer.is_empty()) {
            const std::array<boost::asio::const_buffer, 1> pieces{
                boost::asio::buffer(from.buffer.data())
            };
            arm();
            const auto written = co_await to.stream.write(pieces);
            to.traffic.written_bytes += written.bytes;
            if (written.error) {
                co_return written.error;
            }
            from.buffer.consume(from.buffer.data().size());
            from.stream.socket().loop().end_turn();
        }
        from.buffer.release();
        arm();
        const auto read = co_await from.stream.read_into(from.buffer, limits.buffer_bytes);
        from.traffic.read_bytes += read.bytes;
        if (read.error == boost::asio::error::eof && from.buffer.is_empty()) {
            const auto ended = co_await to.stream.shutdown_send();
            co_return ended;
        }
        if (read.error && read.error != boost::asio::error::eof) {
            co_return read.error;
        }
    }
}

void abort_both(RelayEnd& client, RelayEnd& upstream) {
    client.stream.abort();
    upstream.stream.abort();
}

io::Awaitable<void> pump_back(
    RelayEnd& client, RelayEnd& upstream, const Limits& limits, io::Error& error, Event& done
) {
    error = co_await pump(upstream, client, limits);
    if (error) {
        abort_both(client, upstream);
    }
    done.set();
}

}  // namespace

io::Awaitable<std::optional<policy::Reason>> relay(
    RelayEnd& client, RelayEnd& upstream, const Limits& limits
) {
    io::Loop& loop = client.stream.socket().loop();
    Event back_is_done(loop);
    io::Error back_error;
    loop.spawn(pump_back(client, upstream, limits, back_error, back_is_done));
    const auto error = co_await pump(client, upstream, limits);
    if (error) {
        abort_both(client, upstream);
    }
    co_await back_is_done.wait();
    if (client.deadline.has_expired() || upstream.deadline.has_expired()) {
        co_return policy::Reason::stream_timeout;
    }
    client.deadline.disarm();
    upstream.deadline.disarm();
    if (back_error && back_error != boost::asio::error::operation_aborted) {
        co_return policy::Reason::upstream_closed;
    }
    if (error) {
        co_return policy::Reason::client_closed;
    }
    co_return std::nullopt;
}

}  // namespace proxy::net
