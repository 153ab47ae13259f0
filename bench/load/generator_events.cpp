// What follows from what a connection says. The rest of Generator is in generator.cpp.
#include "bench/load/generator.hpp"

namespace bench::load {

namespace {

using namespace std::chrono_literals;

constexpr auto k_rest = 10ms;      // after a failure: who refuses us is not asked in a tight loop
constexpr auto k_ending_max = 1s;  // for the server to close

}  // namespace

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

/// What a closed loop has in flight when the time is over belongs to nobody; an open loop's
/// requests all had their start in time.
bool Generator::counts(Instant now) const {
    return options_.mode == Mode::idle || schedule_.is_open() || now < schedule_.end();
}

}  // namespace bench::load
