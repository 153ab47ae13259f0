// What a test's code writes to standard error.
#pragma once

#include <gtest/gtest.h>

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <string>

namespace test {

/// Standard error as a pipe that the test may read, or not. Restored in the destructor.
class StderrPipe {
 public:
    StderrPipe() : saved_(dup(STDERR_FILENO)) {
        EXPECT_EQ(pipe2(pipe_.data(), O_CLOEXEC), 0);
        EXPECT_EQ(dup2(pipe_[1], STDERR_FILENO), STDERR_FILENO);
        close(pipe_[1]);
    }
    ~StderrPipe() {
        restore();
        close_reader();
    }
    StderrPipe(const StderrPipe&) = delete;
    StderrPipe& operator=(const StderrPipe&) = delete;

    void close_reader() {
        if (pipe_[0] >= 0) {
            close(pipe_[0]);
            pipe_[0] = -1;
        }
    }

    /// What was written, once nobody writes any more.
    std::string text() {
        restore();
        // Not until end of file: a sanitizer's symbolizer, started meanwhile, inherits the pipe.
        EXPECT_EQ(fcntl(pipe_[0], F_SETFL, O_NONBLOCK), 0);
        std::string text;
        std::array<char, 4096> bytes;
        for (;;) {
            const ssize_t got = read(pipe_[0], bytes.data(), bytes.size());
            if (got <= 0) {
                return text;
            }
            text.append(bytes.data(), static_cast<std::size_t>(got));
        }
    }

 private:
    void restore() {
        if (saved_ >= 0) {
            dup2(saved_, STDERR_FILENO);
            close(saved_);
            saved_ = -1;
        }
    }

    int saved_;
    std::array<int, 2> pipe_{};
};

}  // namespace test
