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
constexpr auto k_grace = 2s;  // for the last answers
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

void Generator::warm_up() {
    now_ = Clock::now();
    schedule_.begin(now_);
    const Instant end = std::min(now_ + length_of(options_.warm_up_seconds), schedule_.end());
    while (now_ < end) {
        assign_what_is_due();
        turn_until_due(end);
    }
    // The connections count into this very object.
    Result begun;
    begun.rate_asked = result_.rate_asked;
    begun.errors = result_.errors;
    result_ = begun;
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

}  // namespace bench::load
