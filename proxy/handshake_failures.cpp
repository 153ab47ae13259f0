#include "proxy/handshake_failures.hpp"

#include "telemetry/log.hpp"

#include <fmt/format.h>

#include <chrono>

namespace proxy {

void HandshakeFailures::add(
    telemetry::Direction direction,
    tls::HandshakeFailure why,
    std::string_view peer,
    std::string_view sentence
) {
    sheet_.on_handshake_failure(direction, to_string(why));
    if (!lines_.take(std::chrono::steady_clock::now())) {
        return;
    }
    const bool is_inbound = direction == telemetry::Direction::inbound;
    telemetry::log(
        telemetry::LogLevel::warning,
        fmt::format(
            "{} TLS handshake {} {} failed ({}): {}{}",
            is_inbound ? "inbound" : "outbound",
            is_inbound ? "from" : "to",
            peer,
            to_string(why),
            telemetry::escaped(sentence),
            lines_.take_skipped_text()
        )
    );
}

}  // namespace proxy
