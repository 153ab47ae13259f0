#include "tls/handshake_turns.hpp"

#include "io/awaitable.hpp"

#include <gtest/gtest.h>

#include <algorithm>
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

TEST_F(HandshakeTurnsTest, ARoundHasFewSteps) {
    for (int who = 0; who < 100; ++who) {
        loop_.spawn(step(who, 1));
    }
    run();
    ASSERT_EQ(done_.size(), 100U);
    constexpr std::size_t most = 2 * HandshakeTurns::k_steps_per_round;
    for (std::size_t i = most; i < rounds_.size(); ++i) {
        EXPECT_LT(rounds_[i - most], rounds_[i]);
    }
    for (std::size_t i = most; i + 1 < rounds_.size(); ++i) {
        EXPECT_LE(rounds_[i + 1], rounds_[i] + 1) << "no round goes by without a step";
    }
    EXPECT_EQ(turns_.waiting(), 0U);
}

TEST_F(HandshakeTurnsTest, WhoCameFirstIsServedFirst) {
    for (int who = 0; who < 100; ++who) {
        loop_.spawn(step(who, 1));
    }
    run();
    EXPECT_TRUE(std::ranges::is_sorted(done_));
}

TEST_F(HandshakeTurnsTest, WhoNeedsMoreStepsWaitsForEachAgain) {
    for (int who = 0; who < 20; ++who) {
        loop_.spawn(step(who, 3));
    }
    run();
    EXPECT_EQ(done_.size(), 60U);
    EXPECT_EQ(turns_.waiting(), 0U);
}

}  // namespace
}  // namespace tls
