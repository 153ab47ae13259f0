// Runs a load: which connection does what, and when.
#pragma once

#include "bench/load/connection.hpp"
#include "bench/load/options.hpp"
#include "bench/load/poller.hpp"
#include "bench/load/result.hpp"
#include "bench/load/schedule.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <vector>

namespace bench::load {

/// A connection and what the generator wants of it.
class Slot {
 public:
    Slot(const ConnectionSettings& settings, Result& totals) : connection(settings, totals) {}

    Connection connection;
    Instant started;           // the intended start of its request
    Instant ending_until;      // when it is no longer waited for that the server closes
    bool has_request = false;  // given to it and not answered yet; or a handshake
    bool is_free = false;      // in the list of those that wait for a request
    bool is_settled = false;   // opened beforehand, or failed to
    bool rests = false;        // after a failure
};

/// generator.cpp: a run from its beginning to its end; generator_events.cpp: what follows from what
/// a connection says.
class Generator {
 public:
    /// Throws std::runtime_error with a sentence: files that cannot be used, too few descriptors.
    explicit Generator(const Options& options);

    /// Opens the connections before the clock starts. Of an idle load: also sends the request on
    /// each; returns how many were answered.
    std::size_t prepare();

    /// The same load as `load`, for as long as asked; of what it counts only the errors are kept.
    void warm_up();

    /// Then one of the two: sends requests for as long as asked, or holds the connections until
    /// `input` closes.
    void load();
    void hold(int input);

    [[nodiscard]] const Result& result() const { return result_; }

 private:
    void open(Slot& slot);
    void send(Slot& slot);
    void assign_what_is_due();
    void turn_until_due(Instant limit);
    void turn(Instant until);
    void on_event(Slot& slot, Connection::Event event);
    void on_reminder(Slot& slot);
    void on_opened(Slot& slot);
    void on_answered(Slot& slot);
    void on_ended(Slot& slot);
    void give_up(Slot& slot);
    void await_end(Slot& slot);
    void finish(Slot& slot);
    void make_free(Slot& slot);
    void settle(Slot& slot);
    void count_unanswered();
    void read_input(std::uint32_t bits);
    [[nodiscard]] bool counts(Instant now) const;

    Options options_;
    Result result_;
    std::unique_ptr<TlsContext> tls_;
    std::vector<char> scratch_;
    ConnectionSettings settings_;
    Poller poller_;
    Schedule schedule_;
    std::deque<Slot> slots_;
    std::deque<Slot*> free_;
    Instant now_;
    std::size_t in_flight_ = 0;
    std::size_t opening_ = 0;  // while preparing
    std::size_t settled_ = 0;
    std::size_t ready_ = 0;
    bool is_preparing_ = false;
    int input_ = -1;
    bool input_is_open_ = false;
};

}  // namespace bench::load
