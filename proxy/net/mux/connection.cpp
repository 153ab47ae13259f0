#include "proxy/net/mux/connection.hpp"

#include "proxy/net/socket.hpp"

#include <array>
#include <utility>

namespace proxy::net::mux {

namespace {

/// Every new request to a target goes here: none may wait for a host that is no more for longer
/// than this. Peers read all the time, so that a window stays shut only where nobody lives.
constexpr std::uint32_t k_unacknowledged_ms_max = 10'000;

/// Until the session has output or is over.
class Output {
 public:
    explicit Output(Session& session) : session_(session) {}
    [[nodiscard]] bool await_ready() const {
        return !session_.output().empty() || session_.is_ended();
    }
    void await_suspend(std::coroutine_handle<> writer) { session_.on_output(writer); }
    void await_resume() const noexcept {}

 private:
    Session& session_;
};

}  // namespace

Connection::Connection(
    tls::Stream stream, Role role, DeadlineClock& clock, const Limits& limits, Owner owner
)
    : stream_(std::move(stream)),
      session_(std::make_shared<Session>(
          stream_.socket().loop(), role, limits.buffer_bytes, stream_.retire_at()
      )),
      limits_(limits),
      owner_(std::move(owner)),
      idle_deadline_(clock),
      write_deadline_(clock) {
    set_unacknowledged_ms_max(stream_.socket(), k_unacknowledged_ms_max);
    idle_deadline_.watch(&stream_.socket());
    write_deadline_.watch(&stream_.socket());
    session_->on_empty([this] { begin_idling(); });
    begin_idling();
}

Connection::~Connection() {
    session_->on_empty({});
    session_->end();
}

std::unique_ptr<Stream> Connection::open() {
    auto stream = session_->open();
    if (stream != nullptr) {
        idle_deadline_.disarm();  // the first answer may take longer than that
    }
    return stream;
}

void Connection::begin_idling() {
    // A server stays a moment: the client may have opened a stream that is still under way.
    const bool is_over =
        session_->role() == Role::client && (is_retired_ || session_->peer_goes_away());
    idle_deadline_.arm(is_over ? 0 : owner_.idle_ms_max(), policy::Reason::head_timeout);
}

void Connection::retire() {
    is_retired_ = true;
    session_->go_away();
    if (session_->stream_count() == 0) {
        begin_idling();
    }
}

void Connection::close() {
    session_->end();
    stream_.socket().close();
}

io::Awaitable<void> Connection::run(std::shared_ptr<Connection> self) {
    self->stream_.socket().loop().spawn(write(self));
    co_await self->read();
    self->idle_deadline_.disarm();
    self->owner_.on_traffic(self->traffic_);
    self->owner_.on_end(self->stream_);
    self->close();
}

io::Awaitable<void> Connection::read() {
    Buffer buffer(limits_.buffer_bytes);
    while (!session_->is_ended()) {
        buffer.release();
        const io::Error broken = co_await stream_.wait_readable();
        if (broken) {
            co_return;
        }
        const auto got = co_await stream_.read_some(buffer.prepare(limits_.buffer_bytes));
        buffer.commit(got.bytes);
        traffic_.read_bytes += got.bytes;
        owner_.on_traffic(traffic_);
        if (!session_->feed(buffer.data()) || got.error) {
            co_return;
        }
        while (auto stream = session_->accept()) {
            owner_.serve(std::move(stream));
        }
        if (session_->stream_count() > 0) {
            idle_deadline_.disarm();
        } else {
            begin_idling();
        }
    }
}

io::Awaitable<void> Connection::write(std::shared_ptr<Connection> self) {
    Session& session = *self->session_;
    std::string in_flight;
    while (true) {
        if (session.output().empty() && session.stream_count() == 0) {
            // Idle: memory of a busy time goes back. Not in between, where it is wanted at once.
            std::string().swap(in_flight);
            std::string().swap(session.output());
        }
        co_await Output(session);
        if (session.is_ended()) {
            co_return;
        }
        in_flight.clear();
        in_flight.swap(session.output());
        session.on_output_taken();
        const std::array<boost::asio::const_buffer, 1> pieces{boost::asio::buffer(in_flight)};
        self->write_deadline_.arm(self->limits_.stream_idle_ms_max, policy::Reason::stream_timeout);
        const auto written = co_await self->stream_.write(pieces);
        self->write_deadline_.disarm();
        self->traffic_.written_bytes += written.bytes;
        if (written.error) {
            self->close();
            co_return;
        }
    }
}

}  // namespace proxy::net::mux
