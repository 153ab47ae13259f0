#include "tls/handshake_turns.hpp"

#include "io/awaitable.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <vector>

namespace tls {
namespace {

class HandshakeTurnsTest : public ::testing::Test {
 protected:
    io::Awaitable<void> step(int who, int count) {
        for (int i = 0; i < count; ++i) {
            co_await turns_.take(loop_);
            done_.push_back(who);
            rounds_.push_back(loop_.round());
        }
    }
    void run() {
        while (loop_.running() > 0) {
            loop_.run_once(std::chrono::seconds(1));
        }
    }

    io::Loop loop_;
    HandshakeTurns turns_;
    std::vector<int> done_;
    std::vector<std::uint64_t> rounds_;
};

TEST_F(HandshakeTurnsTest, OneAloneDoesNotWait) {
    loop_.spawn(step(1, 1));
    loop_.run_once(std::chrono::milliseconds(0));
    EXPECT_EQ(done_.size(), 1U);
}

TEST_F(HandshakeTurnsTest, ARoundHasTwoStepsAtMost) {
    for (int who = 0; who < 100; ++who) {
        loop_.spawn(step(who, 1));
    }
    run();
    ASSERT_EQ(done_.size(), 100U);
    for (std::size_t i = 2; i < rounds_.size(); ++i) {
        EXPECT_LT(rounds_[i - 2], rounds_[i]);
    }
    EXPECT_EQ(turns_.waiting(), 0U);
}

TEST_F(HandshakeTurnsTest, WhoCameFirstIsServedFirst) {
    for (int who = 0; who < 4; ++who) {
        loop_.spawn(step(who, 2));
    }
    run();
    EXPECT_THAT(done_, ::testing::ElementsAre(0, 0, 1, 2, 3, 1, 2, 3));
}

}  // namespace
}  // namespace tls
