#include "bench/load/result.hpp"

#include <fmt/format.h>

namespace bench::load {

namespace {

std::string microseconds(std::optional<Nanoseconds> latency) {
    return latency ? fmt::format("{:.1f}", static_cast<double>(latency->count()) / 1e3) : "null";
}

std::string latencies_json(const Histogram& latencies) {
    std::string text;
    for (const auto& [name, percent] :
         {std::pair{"p50", 50.0},
          std::pair{"p90", 90.0},
          std::pair{"p99", 99.0},
          std::pair{"p99.9", 99.9},
          std::pair{"max", 100.0}}) {
        const std::string number = microseconds(latencies.percentile(percent));
        text += fmt::format("{}\"{}\":{}", text.empty() ? "" : ",", name, number);
    }
    return "{" + text + "}";
}

std::string errors_json(const Errors& errors) {
    return fmt::format(
        R"({{"connect":{},"tls":{},"status":{},"read":{},"unanswered":{}}})",
        errors.connect,
        errors.tls,
        errors.status,
        errors.read,
        errors.unanswered
    );
}

}  // namespace

std::string to_json(const Result& result) {
    const double seconds = std::chrono::duration<double>(result.length).count();
    const double sent = seconds > 0 ? static_cast<double>(result.sent) / seconds : 0;
    return fmt::format(
        R"({{"seconds":{:.3f},"requests":{},"errors":{},"bytes_read":{},"bytes_written":{},)"
        R"("handshakes":{},"resumed":{},"rate":{{"asked":{},"sent":{:.1f}}},"latency_us":{}}})",
        seconds,
        result.requests,
        errors_json(result.errors),
        result.bytes_read,
        result.bytes_written,
        result.handshakes,
        result.resumed,
        result.rate_asked ? fmt::format("{}", *result.rate_asked) : "null",
        sent,
        latencies_json(result.latencies)
    );
}

}  // namespace bench::load
