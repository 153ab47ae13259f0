// What the load generator was asked to do.
#pragma once

#include <sys/socket.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace bench::load {

struct Address {
    sockaddr_storage storage{};
    socklen_t length = 0;
};

/// "127.0.0.1:80", "[::1]:80". Numbers only: looking up names is not what is measured.
[[nodiscard]] std::optional<Address> parse_address(const std::string& text);

struct TlsOptions {
    std::string certificate;
    std::string key;
    std::string trust;
    std::string alpn;  // empty: none offered
    bool may_resume = false;
};

struct RequestOptions {
    std::string host;
    std::string path;
    std::string method = "GET";
    std::size_t body_bytes = 0;
    bool is_chunked = false;
};

enum class Mode : std::uint8_t {
    keep_alive,       // connections are opened before the clock starts, and kept
    close,            // a connection for every request
    handshakes_only,  // a connection and no request
    idle,             // one request on each connection, and then silence
};

struct Options {
    Address to;
    RequestOptions request;
    std::size_t connections = 1;
    double seconds = 1;
    double warm_up_seconds = 0;  // before those, and not counted
    std::optional<double> rate;
    Mode mode = Mode::keep_alive;
    std::optional<TlsOptions> tls;
    std::optional<std::size_t> read_bytes_per_second;
};

/// The options, or the exit code when there is nothing to run: 0 after --help, 2 on wrong usage,
/// which is said on standard error.
[[nodiscard]] std::variant<Options, int> parse_options(int argc, const char* const* argv);

}  // namespace bench::load
