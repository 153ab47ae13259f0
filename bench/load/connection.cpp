#include "bench/load/connection.hpp"

#include <sys/epoll.h>

#include <algorithm>

namespace bench::load {

namespace {

// Then the others have their turn: a server may send without end.
constexpr int k_reads_per_turn_max = 16;
// A slow reader reads so often.
constexpr std::size_t k_reads_per_second = 50;

}  // namespace

bool Connection::open() {
    if (!transport_.open()) {
        return false;
    }
    phase_ = Phase::connecting;
    sent_ = 0;
    answer_bytes_ = 0;
    has_hung_up_ = false;
    was_answered_ = false;
    return true;
}

void Connection::close() {
    transport_.close();
    phase_ = Phase::closed;
    is_paused_ = false;
}

Connection::Event Connection::begin_request() {
    answer_.begin(settings_.answers_have_no_body);
    sent_ = 0;
    answer_bytes_ = 0;
    phase_ = Phase::busy;
    return send() ? Event::none : Event::read_failed;
}

Connection::Event Connection::await_end() {
    transport_.say_goodbye();
    phase_ = Phase::ending;
    // What came together with the answer shows by no further edge.
    return read_out_of_turn();
}

Connection::Event Connection::on_ready(std::uint32_t bits) {
    has_hung_up_ = has_hung_up_ || (bits & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0;
    if (is_paused_) {
        return send() ? Event::none : Event::read_failed;
    }
    return resume();
}

Connection::Event Connection::resume() {
    is_paused_ = false;
    switch (phase_) {
        case Phase::closed:
            return Event::none;
        case Phase::connecting:
            return finish_connect();
        case Phase::handshaking:
            return finish_handshake();
        case Phase::busy:
            return send() ? read_answer() : Event::read_failed;
        case Phase::free:
        case Phase::ending:
            return read_out_of_turn();
    }
    return Event::none;
}

bool Connection::is_reusable() const {
    return phase_ == Phase::free && !answer_.is_last() && !has_hung_up_ &&
           sent_ == settings_.request.size();
}

Connection::Event Connection::finish_connect() {
    if (!transport_.has_connected()) {
        return Event::connect_failed;
    }
    phase_ = Phase::handshaking;
    return finish_handshake();
}

Connection::Event Connection::finish_handshake() {
    switch (transport_.handshake()) {
        case Io::wait:
            return Event::none;
        case Io::done:
            break;
        case Io::ended:
        case Io::cut:
        case Io::refused:
        case Io::failed:
            return Event::tls_failed;
    }
    phase_ = Phase::free;
    if (transport_.is_secured()) {
        ++totals_.handshakes;
        totals_.resumed += transport_.was_resumed() ? 1 : 0;
    }
    return Event::opened;
}

/// False: the connection is broken.
bool Connection::send() {
    const std::string_view request = settings_.request;
    while (sent_ < request.size()) {
        const Moved moved = transport_.write(request.substr(sent_));
        if (moved.io != Io::done) {
            return moved.io == Io::wait;
        }
        sent_ += moved.bytes;
        totals_.bytes_written += moved.bytes;
    }
    return true;
}

Connection::Event Connection::pause_until(Instant at) {
    is_paused_ = true;
    resume_at_ = at;
    return Event::pause;
}

Connection::Event Connection::read_answer() {
    const std::span<char> into = room();
    for (int reads = 0; reads < k_reads_per_turn_max; ++reads) {
        const Moved moved = transport_.read(into);
        if (moved.io == Io::wait) {
            return Event::none;
        }
        if (moved.io != Io::done) {
            return end_answer(moved.io);
        }
        const Event event = take(moved.bytes);
        if (event != Event::none) {
            return event;
        }
        // A short read of a plain socket emptied it: trying again would only cost a call.
        if (moved.bytes < into.size() && !transport_.is_secured() && !has_hung_up_) {
            return Event::none;
        }
    }
    return pause_until(Clock::now());
}

Connection::Event Connection::take(std::size_t bytes) {
    totals_.bytes_read += bytes;
    answer_bytes_ += bytes;
    const std::size_t used = answer_.feed(std::string_view(settings_.scratch.data(), bytes));
    if (answer_.has_failed() || used < bytes) {
        return Event::read_failed;
    }
    if (answer_.is_complete()) {
        phase_ = Phase::free;
        was_answered_ = true;
        return Event::answered;
    }
    if (settings_.read_bytes_per_second) {
        const auto rate = static_cast<double>(*settings_.read_bytes_per_second);
        const double pause_ns = static_cast<double>(bytes) * 1e9 / rate;
        return pause_until(Clock::now() + Nanoseconds(static_cast<std::int64_t>(pause_ns)));
    }
    return Event::none;
}

Connection::Event Connection::end_answer(Io io) {
    has_hung_up_ = true;
    if (io == Io::refused) {
        return Event::tls_failed;
    }
    if (io != Io::ended) {
        return Event::read_failed;
    }
    answer_.feed_end();
    if (!answer_.is_complete()) {
        return Event::read_failed;
    }
    phase_ = Phase::free;
    was_answered_ = true;
    return Event::answered;
}

/// Nothing is expected but the end, and under TLS what is no data.
Connection::Event Connection::read_out_of_turn() {
    switch (transport_.read(settings_.scratch).io) {
        case Io::wait:
            return Event::none;
        case Io::done:
            return Event::read_failed;
        case Io::ended:
        case Io::cut:
            return Event::ended;
        case Io::refused:
        case Io::failed:
            // A server proves a client's certificate after the client's handshake is done.
            return was_answered_ ? Event::ended : Event::tls_failed;
    }
    return Event::none;
}

std::span<char> Connection::room() const {
    if (!settings_.read_bytes_per_second) {
        return settings_.scratch;
    }
    const std::size_t share = *settings_.read_bytes_per_second / k_reads_per_second;
    return settings_.scratch.first(std::clamp<std::size_t>(share, 1, settings_.scratch.size()));
}

}  // namespace bench::load
