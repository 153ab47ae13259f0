// Structured log lines to standard error that never block a worker (spdlog, asynchronous, oldest
// dropped and counted when the pipe is stuck).
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace telemetry {

enum class LogLevel : std::uint8_t { debug, info, warning, error };

/// Escapes control bytes, quotes and non-ASCII so that untrusted text stays on its line.
[[nodiscard]] std::string escaped(std::string_view text);

/// Starts the writer thread; owned by main, one per process, and outlives every thread that logs.
/// Lines logged without one go nowhere.
class LogWriter {
 public:
    explicit LogWriter(LogLevel level);
    ~LogWriter();  // flushes, within a second
    LogWriter(const LogWriter&) = delete;
    LogWriter& operator=(const LogWriter&) = delete;

    struct Backend;

 private:
    std::unique_ptr<Backend> backend_;
};

[[nodiscard]] bool is_logged(LogLevel level) noexcept;
/// `message` is one sentence, already safe to print (see escaped()). Any thread; never blocks on
/// standard error. What does not fit into one line of 4 KiB is cut.
void log(LogLevel level, std::string_view message) noexcept;
/// Lines lost since the writer started because standard error did not take them in time.
[[nodiscard]] std::uint64_t dropped_lines() noexcept;

}  // namespace telemetry
