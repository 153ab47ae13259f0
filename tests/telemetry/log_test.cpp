#include "telemetry/log.hpp"

#include "tests/support/stderr_pipe.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace telemetry {
namespace {

using std::chrono::steady_clock;

using test::StderrPipe;

std::size_t lines_in(const std::string& text) {
    return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
}

TEST(Escaped, LeavesPlainTextAlone) {
    EXPECT_EQ(escaped("GET /a?b=c 200 it's {fine}"), "GET /a?b=c 200 it's {fine}");
}

TEST(Escaped, KeepsUntrustedTextOnItsLine) {
    EXPECT_EQ(escaped("a\nb\rc\td"), "a\\nb\\rc\\td");
    EXPECT_EQ(escaped(std::string_view("\0\x1b[31m\x7f", 7)), "\\x00\\x1b[31m\\x7f");
    EXPECT_EQ(escaped("say \"x\" \\"), "say \\\"x\\\" \\\\");
    EXPECT_EQ(escaped("\xc3\xa9\xff"), "\\xc3\\xa9\\xff");
}

TEST(Log, WritesTimeLevelAndMessage) {
    StderrPipe standard_error;
    {
        LogWriter writer(LogLevel::info);
        log(LogLevel::warning, "the certificate ends in 5 minutes; {} %s stay as they are");
    }
    EXPECT_THAT(
        standard_error.text(),
        testing::MatchesRegex(
            "....-..-..T..:..:..\\....Z warning the certificate ends in 5 minutes; "
            ".. %s stay as they are\n"
        )
    );
}

TEST(Log, LeavesOutWhatIsBelowTheLevel) {
    StderrPipe standard_error;
    {
        LogWriter writer(LogLevel::warning);
        EXPECT_FALSE(is_logged(LogLevel::debug));
        EXPECT_FALSE(is_logged(LogLevel::info));
        EXPECT_TRUE(is_logged(LogLevel::warning));
        EXPECT_TRUE(is_logged(LogLevel::error));
        log(LogLevel::info, "not this");
        log(LogLevel::error, "but this");
    }
    const std::string text = standard_error.text();
    EXPECT_THAT(text, testing::Not(testing::HasSubstr("not this")));
    EXPECT_THAT(text, testing::HasSubstr(" error but this\n"));
}

TEST(Log, GoesNowhereWithoutAWriter) {
    StderrPipe standard_error;
    EXPECT_FALSE(is_logged(LogLevel::error));
    log(LogLevel::error, "nobody listens");
    EXPECT_EQ(dropped_lines(), 0U);
    EXPECT_EQ(standard_error.text(), "");
}

TEST(Log, NeverForgesALineEvenIfTheCallerForgotToEscape) {
    StderrPipe standard_error;
    {
        LogWriter writer(LogLevel::info);
        log(LogLevel::info, "path /a\n2026-01-01T00:00:00.000Z error root logged in");
    }
    EXPECT_EQ(lines_in(standard_error.text()), 1U);
}

TEST(Log, CutsALineThatIsTooLong) {
    StderrPipe standard_error;
    {
        LogWriter writer(LogLevel::info);
        log(LogLevel::info, std::string(100'000, 'x'));
    }
    EXPECT_LE(standard_error.text().size(), 4096U);
}

TEST(Log, KeepsEveryLineOfSeveralThreads) {
    constexpr int k_threads = 4;
    constexpr int k_lines = 100;
    StderrPipe standard_error;
    {
        LogWriter writer(LogLevel::info);
        std::vector<std::thread> threads;
        for (int thread = 0; thread < k_threads; ++thread) {
            threads.emplace_back([thread] {
                for (int line = 0; line < k_lines; ++line) {
                    log(LogLevel::info, "line " + std::to_string(thread * k_lines + line));
                    static_cast<void>(dropped_lines());
                }
            });
        }
        for (std::thread& thread : threads) {
            thread.join();
        }
        EXPECT_EQ(dropped_lines(), 0U);
    }
    EXPECT_EQ(lines_in(standard_error.text()), std::size_t{k_threads} * k_lines);
}

TEST(Log, DropsAndCountsLinesWhenNobodyReadsThePipe) {
    StderrPipe standard_error;
    auto writer = std::make_unique<LogWriter>(LogLevel::info);
    const std::string message(1'000, 'x');
    for (int i = 0; i < 5'000; ++i) {  // 5 MB into a pipe of 64 KiB and a queue of 1,024 lines
        log(LogLevel::info, message);
    }
    EXPECT_GT(dropped_lines(), 3'000U);
    const auto begin = steady_clock::now();
    writer.reset();
    // It gives up within a second; the rest is for machines with more to do.
    EXPECT_LT(steady_clock::now() - begin, std::chrono::seconds(10));
    EXPECT_GE(lines_in(standard_error.text()), 1U);
}

TEST(Log, SurvivesAReaderThatWentAway) {
    StderrPipe standard_error;
    standard_error.close_reader();
    LogWriter writer(LogLevel::info);
    log(LogLevel::info, "into a closed pipe");  // SIGPIPE would end this program
    const auto until = steady_clock::now() + std::chrono::seconds(5);
    while (dropped_lines() == 0 && steady_clock::now() < until) {
        std::this_thread::yield();
    }
    EXPECT_EQ(dropped_lines(), 1U);
}

}  // namespace
}  // namespace telemetry
