// What a run counted, and the one line of JSON that says it.
#pragma once

#include "bench/load/histogram.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace bench::load {

struct Errors {
    std::uint64_t connect = 0;
    std::uint64_t tls = 0;
    std::uint64_t status = 0;      // a whole answer, but not 2xx; counts as a request as well
    std::uint64_t read = 0;        // the connection broke, or the answer was no HTTP/1
    std::uint64_t unanswered = 0;  // the time was over, and two seconds more
};

struct Result {
    Nanoseconds length{};
    std::optional<double> rate_asked;
    std::uint64_t sent = 0;  // requests whose first byte went out before the time was over
    std::uint64_t requests = 0;
    Errors errors;
    // Of HTTP: heads and bodies, without what TLS adds.
    std::uint64_t bytes_read = 0;
    std::uint64_t bytes_written = 0;
    std::uint64_t handshakes = 0;
    std::uint64_t resumed = 0;
    Histogram latencies;
};

[[nodiscard]] std::string to_json(const Result& result);

}  // namespace bench::load
