#include "tls/stream.hpp"

#include "tls/error.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/write.hpp>

#include <cassert>
#include <utility>

namespace tls {

struct Stream::State {
    explicit State(io::Socket connected) : socket(std::move(connected)) {}

    io::Awaitable<policy::Result<Peer>> shake_hands();
    io::Awaitable<io::Error> receive();
    io::Awaitable<io::Error> flush();
    void send_what_fits() noexcept;

    io::Socket socket;
    std::unique_ptr<Session> session;
    std::string in_flight;  // what async_write is sending: it must not move while session writes on
    bool is_flushing = false;
};

io::Awaitable<policy::Result<Peer>> Stream::State::shake_hands() {
    for (;;) {
        const Session::Step step = session->handshake();
        const io::Error unsent = co_await flush();
        if (step == Session::Step::failed) {
            co_return policy::failed<Peer>(session->failure());
        }
        if (unsent) {
            co_return policy::failed<Peer>("TLS handshake: cannot send: " + unsent.message());
        }
        if (step == Session::Step::done) {
            co_return session->peer();
        }
        const io::Error unreceived = co_await receive();
        if (unreceived) {
            co_return policy::failed<Peer>(
                "TLS handshake: cannot receive: " + unreceived.message()
            );
        }
    }
}

/// Brings more ciphertext into the session; the end of it is no error here, the session knows
/// whether it was due.
io::Awaitable<io::Error> Stream::State::receive() {
    const std::span<char> space = session->input_space();
    const auto buffer = boost::asio::buffer(space.data(), space.size());
    const auto [error, bytes] = co_await socket.async_read_some(buffer, io::k_await);
    session->commit_input(bytes);
    io::Error result = error;
    if (error == boost::asio::error::eof) {
        session->end_input();
        result = io::Error();
    }
    co_return result;
}

io::Awaitable<io::Error> Stream::State::flush() {
    assert(!is_flushing);
    is_flushing = true;
    io::Error result;
    // Again while there is output: a reader may have left an answer behind us.
    while (!result && !session->output().empty()) {
        session->take_output(in_flight);
        const auto buffer = boost::asio::buffer(in_flight);
        const auto [error, bytes] = co_await boost::asio::async_write(socket, buffer, io::k_await);
        result = error;
    }
    in_flight = std::string();  // an idle connection holds no buffer
    is_flushing = false;
    co_return result;
}

/// For output that reading has made: an alert, or the answer to a KeyUpdate. Neither may wait for
/// the peer to read (we would stop reading it), and neither has to go out at once: what does not
/// fit goes before the next record we write (RFC 8446 §4.6.3).
void Stream::State::send_what_fits() noexcept {
    if (is_flushing || session->output().empty()) {
        return;
    }
    io::Error error;
    socket.non_blocking(true, error);
    const std::string_view output = session->output();
    const std::size_t sent =
        socket.write_some(boost::asio::buffer(output.data(), output.size()), error);
    session->drop_output(sent);
}

Stream::Stream(io::Socket socket) : state_(std::make_unique<State>(std::move(socket))) {}
Stream::~Stream() = default;
Stream::Stream(Stream&&) noexcept = default;
Stream& Stream::operator=(Stream&&) noexcept = default;

io::Awaitable<policy::Result<Peer>> Stream::accept(
    std::shared_ptr<const Context> context, std::string_view early
) {
    State& state = *state_;
    assert(state.session == nullptr);
    state.session = std::make_unique<Session>(std::move(context));
    state.session->feed(early);
    return state.shake_hands();
}

io::Awaitable<policy::Result<Peer>> Stream::connect(
    std::shared_ptr<const Context> context, Alpn alpn, const policy::Identity& expected
) {
    State& state = *state_;
    assert(state.session == nullptr);
    state.session = std::make_unique<Session>(std::move(context), alpn, expected);
    return state.shake_hands();
}

io::Awaitable<io::Transfer> Stream::read_some(boost::asio::mutable_buffer buffer) {
    State& state = *state_;
    const std::span<char> space(static_cast<char*>(buffer.data()), buffer.size());
    io::Transfer transfer;
    for (;;) {
        const Session::ReadResult result = state.session->read(space);
        state.send_what_fits();
        switch (result.step) {
            case Session::Step::done:
                transfer.bytes = result.bytes;
                co_return transfer;
            case Session::Step::closed:
                transfer.error = boost::asio::error::eof;
                co_return transfer;
            case Session::Step::truncated:
                transfer.error = StreamError::stream_truncated;
                co_return transfer;
            case Session::Step::failed:
                transfer.error = StreamError::protocol_failure;
                co_return transfer;
            case Session::Step::need_input:
                break;
        }
        transfer.error = co_await state.receive();
        if (transfer.error) {
            co_return transfer;
        }
    }
}

io::Awaitable<io::Transfer> Stream::write(std::span<const boost::asio::const_buffer> buffers) {
    State& state = *state_;
    const std::size_t total = boost::asio::buffer_size(buffers);
    io::Transfer transfer;
    while (transfer.bytes < total && !transfer.error) {
        const std::size_t taken = state.session->write(buffers, transfer.bytes);
        transfer.error = co_await state.flush();
        if (taken == 0) {
            transfer.error = StreamError::protocol_failure;
        }
        if (!transfer.error) {
            transfer.bytes += taken;
        }
    }
    co_return transfer;
}

io::Awaitable<io::Error> Stream::shutdown_send() {
    State& state = *state_;
    state.session->close_output();
    io::Error error = co_await state.flush();
    if (!error) {
        state.socket.shutdown(io::Socket::shutdown_send, error);
    }
    co_return error;
}

void Stream::close() noexcept {
    io::Error ignored;
    state_->socket.close(ignored);
}

io::Socket& Stream::socket() noexcept {
    return state_->socket;
}

bool Stream::has_pending() const noexcept {
    return state_->session != nullptr && state_->session->has_pending();
}

bool Stream::failed_on_identity() const noexcept {
    return state_->session != nullptr && state_->session->failed_on_identity();
}

const std::string& Stream::failure() const noexcept {
    static const std::string none;
    return state_->session != nullptr ? state_->session->failure() : none;
}

}  // namespace tls
