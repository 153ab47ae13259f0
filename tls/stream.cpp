#include "tls/stream.hpp"

#include "tls/error.hpp"

#include <boost/asio/error.hpp>

#include <algorithm>
#include <cassert>
#include <utility>

namespace tls {

namespace {

/// What begins before has so much time to end in; less where certificates are that short-lived.
constexpr std::chrono::seconds k_retirement{10};

Clock::time_point retire_at_of(const Proof& proof, Clock::time_point now) {
    const auto left = proof.validity.until - now;
    return proof.validity.until - std::min<Clock::duration>(k_retirement, left / 4);
}

}  // namespace

struct Stream::State final : CiphertextSource, CiphertextSink {
    explicit State(io::Socket connected) : socket(std::move(connected)) {}

    io::Awaitable<policy::Result<Peer>> shake_hands(HandshakeTurns& turns);
    policy::Result<Peer> fail_handshake(io::Error error);
    std::optional<io::Error> try_flush();

    [[nodiscard]] bool is_readable() const noexcept override { return socket.may_be_readable(); }
    std::size_t receive(std::span<char> space) noexcept override;
    std::size_t send(std::span<const boost::asio::const_buffer> pieces) noexcept override;

    io::Socket socket;
    std::unique_ptr<Session> session;
    LivePeers::Entry live{socket};  // from the end of the handshake
    HandshakeFailure socket_failure = HandshakeFailure::none;
    Clock::time_point retire_at = Clock::time_point::max();
    bool has_closed_output = false;
    // What broke the socket while the session used it.
    io::Error receive_error;
    io::Error send_error;
};

io::Awaitable<policy::Result<Peer>> Stream::State::shake_hands(HandshakeTurns& turns) {
    for (;;) {
        co_await turns.take(socket.loop());
        if (!socket.is_open()) {
            co_return fail_handshake(boost::asio::error::operation_aborted);
        }
        const Session::Step step = session->handshake(this);
        const io::Error unsent = co_await socket.when_writable([this] { return try_flush(); });
        if (step == Session::Step::failed) {
            co_return policy::failed<Peer>(session->failure());
        }
        if (unsent) {
            co_return fail_handshake(unsent);
        }
        if (step == Session::Step::done) {
            retire_at = retire_at_of(*session->proof(), Clock::now());
            const Context& context = session->context();
            const auto& successor = context.caches->successor;
            context.caches->live.enter(
                live, session->proof(), successor != nullptr ? successor : context.material
            );
            co_return session->peer();
        }
        const io::Error unreceived = co_await socket.when_readable([this] {
            return receive_error || socket.may_be_readable() ? std::optional(receive_error)
                                                             : std::nullopt;
        });
        if (unreceived) {
            co_return fail_handshake(unreceived);
        }
    }
}

/// Only whoever watches over the time closes the socket meanwhile.
policy::Result<Peer> Stream::State::fail_handshake(io::Error error) {
    const bool is_timeout = error == boost::asio::error::operation_aborted;
    socket_failure = is_timeout ? HandshakeFailure::timeout : HandshakeFailure::peer_closed;
    return policy::failed<Peer>(
        "TLS handshake: " + (is_timeout ? std::string("it took too long") : error.message())
    );
}

/// The end of it is no error here: the session knows whether it was due.
std::size_t Stream::State::receive(std::span<char> space) noexcept {
    const auto received = socket.try_read(boost::asio::buffer(space.data(), space.size()));
    if (!received.has_value()) {
        return 0;
    }
    if (received->error == boost::asio::error::eof) {
        session->end_input();
    } else {
        receive_error = received->error;
    }
    return received->bytes;
}

std::size_t Stream::State::send(std::span<const boost::asio::const_buffer> pieces) noexcept {
    const auto sent = socket.try_write(pieces, 0);
    if (!sent.has_value()) {
        return 0;
    }
    send_error = sent->error;
    return sent->bytes;
}

/// Sends what the session has to say: records, and what reading has made: an alert, or the answer
/// to a KeyUpdate. A reader calls it too and does not wait for it: it must not depend on the peer's
/// reading, and what does not fit goes before the next record we write (RFC 8446 §4.6.3).
std::optional<io::Error> Stream::State::try_flush() {
    while (!send_error && !session->output().empty()) {
        const std::string_view output = session->output();
        const boost::asio::const_buffer piece(output.data(), output.size());
        const auto sent = socket.try_write({&piece, 1}, 0);
        if (!sent.has_value()) {
            return std::nullopt;
        }
        send_error = sent->error;
        session->drop_output(sent->bytes);
    }
    return send_error;
}

Stream::Stream(io::Socket socket) : state_(std::make_unique<State>(std::move(socket))) {}
Stream::~Stream() = default;
Stream::Stream(Stream&&) noexcept = default;
Stream& Stream::operator=(Stream&&) noexcept = default;

io::Awaitable<policy::Result<Peer>> Stream::accept(
    std::shared_ptr<const Context> context, std::string_view early, Accepting accepting
) {
    State& state = *state_;
    assert(state.session == nullptr);
    state.session = std::make_unique<Session>(std::move(context), accepting);
    state.session->feed(early);
    return state.shake_hands(state.session->context().caches->accepting_turns);
}

io::Awaitable<policy::Result<Peer>> Stream::connect(
    std::shared_ptr<const Context> context,
    Alpn alpn,
    const policy::Identity& expected,
    std::uint64_t endpoint
) {
    State& state = *state_;
    assert(state.session == nullptr);
    state.session = std::make_unique<Session>(std::move(context), alpn, expected, endpoint);
    return state.shake_hands(state.session->context().caches->connecting_turns);
}

std::optional<io::Transfer> Stream::try_read(boost::asio::mutable_buffer buffer) {
    State& state = *state_;
    const std::span<char> space(static_cast<char*>(buffer.data()), buffer.size());
    for (;;) {
        const Session::ReadResult result = state.session->read(space, &state);
        if (!state.session->output().empty()) {
            // An error shows at the next read or write.
            [[maybe_unused]] const auto unsent = state.try_flush();
        }
        switch (result.step) {
            case Session::Step::done:
                return io::Transfer{{}, result.bytes};
            case Session::Step::closed:
                return io::Transfer{boost::asio::error::eof};
            case Session::Step::truncated:
                return io::Transfer{StreamError::stream_truncated};
            case Session::Step::failed:
                return io::Transfer{StreamError::protocol_failure};
            case Session::Step::need_input:
                break;
        }
        if (state.receive_error) {
            return io::Transfer{state.receive_error};
        }
        if (!state.socket.may_be_readable()) {
            return std::nullopt;
        }
    }
}

std::optional<io::Transfer> Stream::try_write(
    std::span<const boost::asio::const_buffer> buffers, WriteProgress& progress
) {
    State& state = *state_;
    const std::size_t total = boost::asio::buffer_size(buffers);
    for (;;) {
        // What is encrypted goes first: at most one record of ours waits here.
        const auto error = state.try_flush();
        if (!error.has_value()) {
            return std::nullopt;
        }
        if (*error || progress.taken == total) {
            return io::Transfer{*error, progress.taken};
        }
        // One record per send: two of them leave the CPU's nearest cache on the way.
        while (progress.taken < total && state.session->output().empty()) {
            const std::size_t taken = state.session->write(buffers, progress.taken, &state);
            if (taken == 0) {
                [[maybe_unused]] const auto unsent = state.try_flush();  // an alert
                return io::Transfer{StreamError::protocol_failure, progress.taken};
            }
            progress.taken += taken;
        }
    }
}

std::optional<io::Error> Stream::try_shutdown() {
    State& state = *state_;
    if (!state.has_closed_output) {
        state.has_closed_output = true;
        state.session->close_output();  // a second SSL_shutdown would read
    }
    const auto error = state.try_flush();
    if (!error.has_value() || *error) {
        return error;
    }
    return state.socket.shutdown_send();
}

io::Socket& Stream::socket() noexcept {
    return state_->socket;
}

bool Stream::has_pending() const noexcept {
    return state_->session != nullptr && state_->session->has_pending();
}

Alpn Stream::alpn() const noexcept {
    return state_->session != nullptr ? state_->session->peer().alpn : Alpn::none;
}

std::chrono::system_clock::time_point Stream::retire_at() const noexcept {
    return state_->retire_at;
}

HandshakeFailure Stream::handshake_failure() const noexcept {
    return state_->socket_failure != HandshakeFailure::none || state_->session == nullptr
               ? state_->socket_failure
               : state_->session->handshake_failure();
}

const std::string& Stream::failure() const noexcept {
    static const std::string none;
    return state_->session != nullptr ? state_->session->failure() : none;
}

}  // namespace tls
