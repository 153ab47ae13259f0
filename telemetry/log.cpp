#include "telemetry/log.hpp"

#include <fmt/format.h>
#include <spdlog/async_logger.h>
#include <spdlog/details/null_mutex.h>
#include <spdlog/details/thread_pool.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/base_sink.h>

#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cassert>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <limits>
#include <memory>
#include <string>

namespace telemetry {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t k_queue_lines_max = 1024;
// With time and level a line stays below PIPE_BUF: it is written whole, in one call.
constexpr std::size_t k_message_bytes_max = 4000;
constexpr int k_poll_ms = 50;
constexpr auto k_flush_max = std::chrono::milliseconds(900);

bool is_control(char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
}

spdlog::level::level_enum spdlog_level(LogLevel level) {
    switch (level) {
        case LogLevel::debug:
            return spdlog::level::debug;
        case LogLevel::info:
            return spdlog::level::info;
        case LogLevel::warning:
            return spdlog::level::warn;
        case LogLevel::error:
            return spdlog::level::err;
    }
    return spdlog::level::err;
}

/// Writes to standard error without ever being stuck in write(2), so that the writer thread can be
/// joined. spdlog's own sinks would hang there for as long as nobody reads the pipe.
class StderrSink final : public spdlog::sinks::base_sink<spdlog::details::null_mutex> {
 public:
    /// Any thread. From then on what cannot be written is dropped.
    void give_up_at(Clock::time_point when) { give_up_at_ = when.time_since_epoch().count(); }
    void count_dropped() { ++dropped_; }
    [[nodiscard]] std::uint64_t dropped() const { return dropped_; }

 protected:
    void sink_it_(const spdlog::details::log_msg& message) override {
        spdlog::memory_buf_t line;
        formatter_->format(message, line);
        if (!write_line(line.data(), line.size())) {
            count_dropped();
        }
    }
    void flush_() override {}

 private:
    [[nodiscard]] bool wait_until_writable() const {
        for (;;) {
            const bool is_last_try = Clock::now().time_since_epoch().count() >= give_up_at_;
            pollfd standard_error{STDERR_FILENO, POLLOUT, 0};
            if (poll(&standard_error, 1, is_last_try ? 0 : k_poll_ms) > 0) {
                return (standard_error.revents & POLLOUT) != 0;
            }
            if (is_last_try) {
                return false;
            }
        }
    }

    [[nodiscard]] bool write_line(const char* data, std::size_t size) const {
        while (size > 0) {
            if (!wait_until_writable()) {
                return false;
            }
            const ssize_t written = write(STDERR_FILENO, data, size);
            if (written < 0 && errno != EINTR && errno != EAGAIN) {
                return false;
            }
            if (written > 0) {
                data += written;
                size -= static_cast<std::size_t>(written);
            }
        }
        return true;
    }

    std::atomic<Clock::rep> give_up_at_ = std::numeric_limits<Clock::rep>::max();
    std::atomic<std::uint64_t> dropped_ = 0;
};

// Signals are for the main thread; and a closed pipe must be EPIPE here, not the end.
void block_signals() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, nullptr);
}

}  // namespace

struct LogWriter::Backend {
    LogLevel level;
    // Shared with the logger and the queued lines, as spdlog wants it.
    std::shared_ptr<StderrSink> sink = std::make_shared<StderrSink>();
    std::shared_ptr<spdlog::details::thread_pool> pool =
        std::make_shared<spdlog::details::thread_pool>(k_queue_lines_max, 1, block_signals);
    std::shared_ptr<spdlog::async_logger> logger = std::make_shared<spdlog::async_logger>(
        "smilax", sink, pool, spdlog::async_overflow_policy::overrun_oldest
    );

    explicit Backend(LogLevel logged) : level(logged) {
        sink->set_formatter(std::make_unique<spdlog::pattern_formatter>(
            "%Y-%m-%dT%H:%M:%S.%eZ %l %v", spdlog::pattern_time_type::utc
        ));
        logger->set_level(spdlog::level::debug);
        logger->set_error_handler([lines = sink](const std::string&) { lines->count_dropped(); });
    }
};

namespace {
// The one global: log() is called from everywhere, and a log handle in each object's constructor
// would say nothing. Set and cleared by LogWriter, which outlives the threads that log.
std::atomic<LogWriter::Backend*> current_backend = nullptr;
}  // namespace

std::string escaped(std::string_view text) {
    std::string safe;
    safe.reserve(text.size());
    for (const char c : text) {
        if (c == '"' || c == '\\') {
            safe += '\\';
            safe += c;
        } else if (c == '\n') {
            safe += "\\n";
        } else if (c == '\r') {
            safe += "\\r";
        } else if (c == '\t') {
            safe += "\\t";
        } else if (is_control(c) || static_cast<unsigned char>(c) >= 0x80) {
            fmt::format_to(std::back_inserter(safe), "\\x{:02x}", static_cast<unsigned char>(c));
        } else {
            safe += c;
        }
    }
    return safe;
}

LogWriter::LogWriter(LogLevel level) : backend_(std::make_unique<Backend>(level)) {
    LogWriter::Backend* const before = current_backend.exchange(backend_.get());
    assert(before == nullptr);
    static_cast<void>(before);
}

LogWriter::~LogWriter() {
    current_backend = nullptr;
    backend_->sink->give_up_at(Clock::now() + k_flush_max);
    backend_->logger.reset();
    backend_->pool.reset();  // writes what is queued, then joins
}

bool is_logged(LogLevel level) noexcept {
    const LogWriter::Backend* const backend = current_backend;
    return backend != nullptr && level >= backend->level;
}

void log(LogLevel level, std::string_view message) noexcept {
    const LogWriter::Backend* const backend = current_backend;
    if (backend == nullptr || level < backend->level) {
        return;
    }
    try {
        // Callers escape what others sent. Should one forget, no line is forged here.
        const bool is_unsafe = std::any_of(message.begin(), message.end(), is_control);
        const std::string safe = is_unsafe ? escaped(message) : std::string();
        const std::string_view line = is_unsafe ? std::string_view(safe) : message;
        const std::string_view cut = line.substr(0, k_message_bytes_max);
        backend->logger->log(spdlog_level(level), spdlog::string_view_t(cut.data(), cut.size()));
    } catch (...) {
        backend->sink->count_dropped();
    }
}

std::uint64_t dropped_lines() noexcept {
    const LogWriter::Backend* const backend = current_backend;
    return backend == nullptr ? 0 : backend->sink->dropped() + backend->pool->overrun_counter();
}

}  // namespace telemetry
