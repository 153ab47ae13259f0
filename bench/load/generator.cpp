#include "bench/load/generator.hpp"

#include "bench/load/request_text.hpp"

#include <fmt/format.h>

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <stdexcept>

namespace bench::load {

namespace {

using namespace std::chrono_literals;

// performance.md §4: 64 KiB at a time are slower than 32.
constexpr std::size_t k_scratch_bytes = 32 * 1024;
// A slow reader's window must be small, or the kernel would read for it.
constexpr int k_slow_receive_buffer_bytes = 16 * 1024;
// So many connections are opened at a time beforehand: no backlog overflows by that.
constexpr std::size_t k_opening_max = 128;
constexpr auto k_prepare_max = 30s;
constexpr auto k_rest = 10ms;      // after a failure: who refuses us is not asked in a tight loop
constexpr auto k_ending_max = 1s;  // for the server to close
constexpr auto k_grace = 2s;       // for the last answers
constexpr std::size_t k_own_descriptors = 16;

Nanoseconds length_of(double seconds) {
    return Nanoseconds(static_cast<std::int64_t>(seconds * 1e9));
}

void allow_descriptors(std::size_t connections) {
    rlimit limit{};
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    if (limit.rlim_max < connections + k_own_descriptors) {
        throw std::runtime_error(fmt::format(
            "--connections {}: this process may open {} files; raise it with ulimit -Hn, or ask for"
            " fewer",
            connections,
            limit.rlim_max
        ));
    }
}

}  // namespace

Generator::Generator(const Options& options)
    : options_(options),
      tls_(options.tls ? std::make_unique<TlsContext>(*options.tls) : nullptr),
      scratch_(k_scratch_bytes),
      schedule_(length_of(options.seconds), options.rate) {
    allow_descriptors(options.connections);
    result_.rate_asked = options.rate;
    settings_.transport.to = options.to;
    settings_.transport.tls = tls_.get();
    settings_.transport.receive_buffer_bytes =
        options.read_bytes_per_second ? k_slow_receive_buffer_bytes : 0;
    settings_.request = request_text(options.request, options.mode == Mode::close);
    settings_.answers_have_no_body = options.request.method == "HEAD";
    settings_.read_bytes_per_second = options.read_bytes_per_second;
    settings_.scratch = scratch_;
    for (std::size_t i = 0; i < options.connections; ++i) {
        slots_.emplace_back(settings_, result_);
    }
}

std::size_t Generator::prepare() {
    now_ = Clock::now();
    if (options_.mode == Mode::close || options_.mode == Mode::handshakes_only) {
        for (Slot& slot : slots_) {
            make_free(slot);
        }
        return 0;
    }
    is_preparing_ = true;
    const Instant limit = now_ + (options_.mode == Mode::idle
                                      ? length_of(options_.seconds)
                                      : std::chrono::duration_cast<Nanoseconds>(k_prepare_max));
    std::size_t begun = 0;
    while (settled_ < slots_.size() && now_ < limit) {
        while (begun < slots_.size() && opening_ < k_opening_max) {
            ++opening_;
            open(slots_[begun++]);
        }
        turn(limit);
    }
    is_preparing_ = false;
    return ready_;
}

void Generator::load() {
    now_ = Clock::now();
    schedule_.begin(now_);
    const Instant end = schedule_.end();
    while (now_ < end) {
        assign_what_is_due();
        turn_until_due(end);
    }
    // What a closed loop still gets is outside its time, and is not counted.
    const std::uint64_t bytes_read = result_.bytes_read;
    const std::uint64_t bytes_written = result_.bytes_written;
    while ((in_flight_ > 0 || schedule_.left() > 0) && now_ < end + k_grace) {
        assign_what_is_due();
        turn_until_due(end + k_grace);
    }
    if (!schedule_.is_open()) {
        result_.bytes_read = bytes_read;
        result_.bytes_written = bytes_written;
    }
    result_.length = length_of(options_.seconds);
    count_unanswered();
}

void Generator::hold(int input) {
    now_ = Clock::now();
    const Instant begin = now_;
    const Instant end = begin + length_of(options_.seconds);
    input_ = input;
    // What cannot be waited for, as a file, is at its end.
    input_is_open_ = poller_.watch(input, nullptr);
    while (input_is_open_ && now_ < end) {
        turn(end);
    }
    result_.length = now_ - begin;
    count_unanswered();
}

void Generator::open(Slot& slot) {
    const bool is_open = slot.connection.open();
    if (!is_open || !poller_.watch(slot.connection.descriptor(), &slot)) {
        on_event(slot, Connection::Event::connect_failed);
    }
}

void Generator::send(Slot& slot) {
    result_.sent += options_.mode == Mode::idle || now_ < schedule_.end() ? 1 : 0;
    on_event(slot, slot.connection.begin_request());
}

void Generator::assign_what_is_due() {
    while (!free_.empty()) {
        const std::optional<Instant> start = schedule_.take(now_);
        if (!start) {
            return;
        }
        Slot& slot = *free_.front();
        free_.pop_front();
        slot.is_free = false;
        slot.has_request = true;
        slot.started = *start;
        ++in_flight_;
        if (slot.connection.is_open()) {
            send(slot);
        } else {
            open(slot);
        }
    }
}

void Generator::turn_until_due(Instant limit) {
    const std::optional<Instant> next =
        free_.empty() || !schedule_.is_open() ? std::nullopt : schedule_.next();
    turn(next ? std::min(*next, limit) : limit);
}

/// Waits, and lets everybody go on who can. New requests are given out only between turns: so no
/// event of a turn is about a connection that was closed and opened again since.
void Generator::turn(Instant until) {
    const std::span<const epoll_event> events = poller_.wait(until);
    now_ = Clock::now();
    for (const epoll_event& event : events) {
        auto* slot = static_cast<Slot*>(event.data.ptr);
        if (slot == nullptr) {
            read_input(event.events);
        } else {
            on_event(*slot, slot->connection.on_ready(event.events));
        }
    }
    while (const std::optional<Slot*> slot = poller_.take_due(now_)) {
        on_reminder(**slot);
    }
}

void Generator::on_event(Slot& slot, Connection::Event event) {
    switch (event) {
        case Connection::Event::none:
            return;
        case Connection::Event::pause:
            poller_.remind(slot.connection.resume_at(), &slot);
            return;
        case Connection::Event::opened:
            on_opened(slot);
            return;
        case Connection::Event::answered:
            on_answered(slot);
            return;
        case Connection::Event::ended:
            on_ended(slot);
            return;
        case Connection::Event::connect_failed:
            ++result_.errors.connect;
            break;
        case Connection::Event::tls_failed:
            ++result_.errors.tls;
            break;
        case Connection::Event::read_failed:
            ++result_.errors.read;
            break;
    }
    give_up(slot);
}

void Generator::on_reminder(Slot& slot) {
    if (slot.rests) {
        slot.rests = false;
        make_free(slot);
    } else if (slot.connection.is_paused() && now_ >= slot.connection.resume_at()) {
        on_event(slot, slot.connection.resume());
    } else if (slot.connection.is_ending() && now_ >= slot.ending_until) {
        result_.errors.read += slot.has_request ? 1 : 0;
        give_up(slot);
    }
}

void Generator::on_opened(Slot& slot) {
    if (options_.mode == Mode::handshakes_only) {
        await_end(slot);
    } else if (options_.mode == Mode::idle) {
        slot.has_request = true;
        slot.started = Clock::now();
        ++in_flight_;
        send(slot);
    } else if (slot.has_request) {
        send(slot);
    } else {
        settle(slot);
        make_free(slot);
    }
}

void Generator::on_answered(Slot& slot) {
    finish(slot);
    switch (options_.mode) {
        case Mode::idle:
            settle(slot);
            if (slot.connection.is_reusable()) {
                ++ready_;
            } else {
                on_ended(slot);
            }
            return;
        case Mode::close:
            await_end(slot);
            return;
        case Mode::keep_alive:
        case Mode::handshakes_only:
            break;
    }
    if (!slot.connection.is_reusable()) {
        slot.connection.close();
    }
    make_free(slot);
}

void Generator::on_ended(Slot& slot) {
    const bool was_held = options_.mode == Mode::idle;
    result_.errors.read += was_held ? 1 : 0;
    slot.connection.close();
    if (slot.has_request) {
        finish(slot);
    }
    if (!slot.is_free && !was_held) {
        make_free(slot);
    }
}

/// After an error, which is counted.
void Generator::give_up(Slot& slot) {
    slot.connection.close();
    in_flight_ -= slot.has_request ? 1 : 0;
    slot.has_request = false;
    if (is_preparing_) {
        settle(slot);
    }
    if (!slot.is_free && options_.mode != Mode::idle) {
        slot.rests = true;
        poller_.remind(now_ + k_rest, &slot);
    }
}

/// The server closes first, as it does after `Connection: close` and after a goodbye; so what its
/// side of closing costs is part of the load.
void Generator::await_end(Slot& slot) {
    slot.ending_until = now_ + k_ending_max;
    const Connection::Event event = slot.connection.await_end();
    if (event == Connection::Event::none) {
        poller_.remind(slot.ending_until, &slot);
    }
    on_event(slot, event);
}

/// Its answer is complete, or its handshake.
void Generator::finish(Slot& slot) {
    const Instant now = Clock::now();
    slot.has_request = false;
    --in_flight_;
    if (!counts(now)) {
        return;
    }
    result_.latencies.record(now - slot.started);
    if (options_.mode != Mode::handshakes_only) {
        const int status = slot.connection.status();
        ++result_.requests;
        result_.errors.status += status < 200 || status > 299 ? 1 : 0;
    }
}

void Generator::make_free(Slot& slot) {
    slot.is_free = true;
    free_.push_back(&slot);
}

void Generator::settle(Slot& slot) {
    if (!slot.is_settled) {
        slot.is_settled = true;
        ++settled_;
        --opening_;
    }
}

void Generator::count_unanswered() {
    result_.errors.unanswered += schedule_.left();
    for (const Slot& slot : slots_) {
        // Who reads slowly is not unanswered while there is something to read.
        const bool is_answered =
            options_.read_bytes_per_second && slot.connection.is_being_answered();
        result_.errors.unanswered += slot.has_request && !is_answered ? 1 : 0;
    }
}

void Generator::read_input(std::uint32_t bits) {
    char ignored[256];
    const bool has_closed = (bits & (EPOLLHUP | EPOLLRDHUP | EPOLLERR)) != 0;
    input_is_open_ = !has_closed && ((bits & EPOLLIN) == 0 || read(input_, ignored, 256) > 0);
}

/// What a closed loop has in flight when the time is over belongs to nobody; an open loop's
/// requests all had their start in time.
bool Generator::counts(Instant now) const {
    return options_.mode == Mode::idle || schedule_.is_open() || now < schedule_.end();
}

}  // namespace bench::load
