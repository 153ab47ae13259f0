// A listening TCP socket of one loop.
#pragma once

#include "io/socket.hpp"

#include <memory>
#include <optional>

namespace io {

struct Accepted {
    Error error;
    std::optional<Socket> socket{};  // unless there is an error
};

class Acceptor {
 public:
    /// Who else may listen on the address: nobody, or our other workers (SO_REUSEPORT).
    enum class Sharing : std::uint8_t { exclusive, workers };

    explicit Acceptor(Loop& loop) : socket_(loop) {}

    /// Binds and listens, on IPv4 too where the address is [::]. The Error is that of the step that
    /// failed.
    [[nodiscard]] Error listen(const Endpoint& endpoint, Sharing sharing) noexcept;
    [[nodiscard]] auto accept() {
        return socket_.when_readable([this] { return try_accept(); });
    }
    [[nodiscard]] Loop& loop() const noexcept { return socket_.loop(); }
    [[nodiscard]] bool is_open() const noexcept { return socket_.is_open(); }
    [[nodiscard]] Endpoint local_endpoint(Error& error) const noexcept {
        return socket_.local_endpoint(error);
    }
    void close() noexcept { socket_.close(); }

 private:
    [[nodiscard]] std::optional<Accepted> try_accept() noexcept;

    Socket socket_;
};

}  // namespace io
