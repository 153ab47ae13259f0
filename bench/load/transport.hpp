// Bytes to and from one server: a non-blocking socket, with TLS over it when asked.
#pragma once

#include "bench/load/options.hpp"
#include "bench/load/tls.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace bench::load {

enum class Io : std::uint8_t {
    done,     // there may be more at once
    wait,     // not before the next event
    ended,    // the server closed
    cut,      // the same under TLS, but it did not say so: what came may be only a part
    refused,  // the server said by a TLS alert that it does not want us
    failed,   // broken
};

struct Moved {
    Io io = Io::wait;
    std::size_t bytes = 0;
};

/// What all transports of a run share; outlives them.
struct TransportSettings {
    Address to;
    const TlsContext* tls = nullptr;  // none: plaintext
    int receive_buffer_bytes = 0;     // 0: the kernel's choice
};

class Transport {
 public:
    explicit Transport(const TransportSettings& settings) : settings_(settings) {}
    Transport(const Transport&) = delete;
    Transport& operator=(const Transport&) = delete;
    ~Transport() { close(); }

    /// Begins to connect. False: it cannot, errno says why.
    [[nodiscard]] bool open();
    /// Once writable.
    [[nodiscard]] bool has_connected();
    /// Until it says other than `wait`. Plaintext needs none.
    [[nodiscard]] Io handshake();
    [[nodiscard]] Moved read(std::span<char> into);
    [[nodiscard]] Moved write(std::string_view data);
    /// Says that nothing more will come from us, where the protocol has a word for it.
    void say_goodbye();
    /// With a reset, so that no port stays in TIME_WAIT. Nothing is lost by it: whoever calls this
    /// has what it waited for, or has given up.
    void close();

    [[nodiscard]] int descriptor() const { return descriptor_; }
    [[nodiscard]] bool is_secured() const { return settings_.tls != nullptr; }
    [[nodiscard]] bool was_resumed() const;

 private:
    [[nodiscard]] Io meaning_of(int returned) const;

    const TransportSettings& settings_;
    int descriptor_ = -1;
    SessionSlot session_;
    Owned<SSL> ssl_;
};

}  // namespace bench::load
