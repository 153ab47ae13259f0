// Every wait has an end: coarse deadlines that close a socket, cheap enough to re-arm per request.
#pragma once

#include "io/socket.hpp"
#include "policy/reason.hpp"

#include <boost/intrusive/list.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace proxy::net {

class Deadline;

/// One per worker. tick() is called every k_tick_ms and closes what has expired; a deadline may
/// thus be late by that much, never early. Outlives every Deadline made from it.
/// A wheel: a tick looks at one slot, whatever the number of connections.
class DeadlineClock {
 public:
    static constexpr std::uint32_t k_tick_ms = 50;

    void tick(std::chrono::steady_clock::time_point now);
    /// Brings every deadline armed for `reason` forward to at most `milliseconds` from now.
    void shorten(policy::Reason reason, std::uint32_t milliseconds);
    [[nodiscard]] std::chrono::steady_clock::time_point now() const { return now_; }

 private:
    friend class Deadline;
    using Hook = boost::intrusive::list_base_hook<
        boost::intrusive::link_mode<boost::intrusive::auto_unlink>>;
    struct Node : Hook {};
    using List = boost::intrusive::list<Node, boost::intrusive::constant_time_size<false>>;
    /// Ticks since the clock was made.
    using Ticks = std::uint64_t;
    static constexpr std::size_t k_slots = 256;  // 12.8 s; what is due later goes round again

    [[nodiscard]] Ticks ticks_at(std::chrono::steady_clock::time_point time) const;
    void link(Deadline& deadline);
    void visit(List& slot);

    std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
    std::chrono::steady_clock::time_point now_ = start_;
    Ticks visited_ = 0;  // up to this tick, slots were looked at
    std::array<List, k_slots> slots_;
};

/// Owned by the frame of one connection. Arming again later and disarming are a few stores, since
/// every request does both: the wheel finds out when it comes by. Expiry closes the watched socket,
/// so that its operations end with operation_aborted, and reason() tells that it was us.
class Deadline : private DeadlineClock::Node {
 public:
    explicit Deadline(DeadlineClock& clock) : clock_(clock) {}
    Deadline(const Deadline&) = delete;
    Deadline& operator=(const Deadline&) = delete;

    /// The socket to close; it must outlive this or be replaced by another watch(). Null: none.
    void watch(io::Socket* socket) { socket_ = socket; }
    void arm(std::uint32_t milliseconds, policy::Reason reason);
    /// Like arm(), but expiry only cancels what the socket waits for: it stays usable.
    void arm_cancel(std::uint32_t milliseconds);
    void disarm() { is_armed_ = false; }
    [[nodiscard]] bool has_expired() const { return expired_; }
    /// Why it was armed; meaningful once it has expired.
    [[nodiscard]] policy::Reason reason() const { return reason_; }

 private:
    friend class DeadlineClock;
    void expire();

    DeadlineClock& clock_;
    io::Socket* socket_ = nullptr;
    std::chrono::steady_clock::time_point at_{};
    DeadlineClock::Ticks slot_ticks_ = 0;  // where it is linked
    policy::Reason reason_ = policy::Reason::stream_timeout;
    bool is_armed_ = false;
    bool expired_ = false;
    bool cancels_only_ = false;
};

}  // namespace proxy::net
