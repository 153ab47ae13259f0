// One connection of the load generator: one request at a time.
#pragma once

#include "bench/load/answer.hpp"
#include "bench/load/clock.hpp"
#include "bench/load/result.hpp"
#include "bench/load/transport.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

namespace bench::load {

/// What all connections of a run share; outlives them.
struct ConnectionSettings {
    TransportSettings transport;
    std::string request;
    bool answers_have_no_body = false;  // of HEAD
    std::optional<std::size_t> read_bytes_per_second;
    std::span<char> scratch;  // what is read passes through it
};

/// Does what it can until it must wait, and says what came of it; what follows from that is for the
/// generator to decide. It is told of every edge of its socket (edge-triggered epoll).
class Connection {
 public:
    enum class Event : std::uint8_t {
        none,    // waits for the socket
        pause,   // asks for `resume` at `resume_at`
        opened,  // it may take a request
        answered,
        ended,           // the server closed, and no answer was under way
        connect_failed,  // these four: to be closed
        tls_failed,
        read_failed,
    };

    /// `totals`: where bytes and handshakes are counted.
    Connection(const ConnectionSettings& settings, Result& totals)
        : settings_(settings), totals_(totals), transport_(settings.transport) {}

    /// Begins to connect; on success its descriptor is to be watched.
    [[nodiscard]] bool open();
    [[nodiscard]] Event begin_request();
    /// Says goodbye and waits until the server closes as well.
    [[nodiscard]] Event await_end();
    /// `bits`: what epoll says.
    [[nodiscard]] Event on_ready(std::uint32_t bits);
    [[nodiscard]] Event resume();
    void close();

    [[nodiscard]] int descriptor() const { return transport_.descriptor(); }
    [[nodiscard]] bool is_open() const { return phase_ != Phase::closed; }
    [[nodiscard]] bool is_ending() const { return phase_ == Phase::ending; }
    /// After an answer: may another request follow?
    [[nodiscard]] bool is_reusable() const;
    [[nodiscard]] bool is_being_answered() const { return answer_bytes_ > 0; }
    [[nodiscard]] int status() const { return answer_.status(); }
    [[nodiscard]] bool is_paused() const { return is_paused_; }
    [[nodiscard]] Instant resume_at() const { return resume_at_; }

 private:
    enum class Phase : std::uint8_t { closed, connecting, handshaking, free, busy, ending };

    [[nodiscard]] Event finish_connect();
    [[nodiscard]] Event finish_handshake();
    [[nodiscard]] bool send();
    [[nodiscard]] Event pause_until(Instant at);
    [[nodiscard]] Event read_answer();
    [[nodiscard]] Event take(std::size_t bytes);
    [[nodiscard]] Event end_answer(Io io);
    [[nodiscard]] Event read_out_of_turn();
    [[nodiscard]] std::span<char> room() const;

    const ConnectionSettings& settings_;
    Result& totals_;
    Transport transport_;
    AnswerReader answer_;
    Instant resume_at_;
    std::size_t sent_ = 0;
    std::uint64_t answer_bytes_ = 0;
    Phase phase_ = Phase::closed;
    bool is_paused_ = false;
    bool has_hung_up_ = false;   // the server sends nothing after what is there
    bool was_answered_ = false;  // at least once on this connection
};

}  // namespace bench::load
