#include "proxy/net/deadline.hpp"

#include "tests/support/data_path.hpp"

#include <gtest/gtest.h>

namespace proxy::net {
namespace {

using policy::Reason;

class DeadlineTest : public test::DataPath {
 protected:
    DeadlineTest() : socket_(std::move(connect().second)) { deadline_.watch(&socket_); }

    void tick_after(std::uint32_t milliseconds) {
        clock_.tick(start_ + std::chrono::milliseconds(milliseconds));
    }

    DeadlineClock clock_;
    std::chrono::steady_clock::time_point start_ = clock_.now();
    io::Socket socket_;
    Deadline deadline_{clock_};
};

TEST_F(DeadlineTest, ClosesTheSocketWhenItIsOverAndNotBefore) {
    deadline_.arm(100, Reason::head_timeout);
    tick_after(100);
    EXPECT_TRUE(socket_.is_open());
    tick_after(100 + DeadlineClock::k_tick_ms);
    EXPECT_FALSE(socket_.is_open());
    EXPECT_TRUE(deadline_.has_expired());
    EXPECT_EQ(deadline_.reason(), Reason::head_timeout);
}

TEST_F(DeadlineTest, ArmingAgainPutsItOff) {
    deadline_.arm(100, Reason::head_timeout);
    tick_after(100);
    deadline_.arm(100, Reason::stream_timeout);
    tick_after(200);
    EXPECT_TRUE(socket_.is_open());
}

TEST_F(DeadlineTest, DisarmedOneNeverExpires) {
    deadline_.arm(100, Reason::head_timeout);
    deadline_.disarm();
    tick_after(10'000);
    EXPECT_TRUE(socket_.is_open());
    EXPECT_FALSE(deadline_.has_expired());
}

TEST_F(DeadlineTest, CancellingLeavesTheSocketOpen) {
    deadline_.arm_cancel(100);
    tick_after(1'000);
    EXPECT_TRUE(deadline_.has_expired());
    EXPECT_TRUE(socket_.is_open());
}

TEST_F(DeadlineTest, ShortenedOnlyForTheReasonNamed) {
    deadline_.arm(10'000, Reason::stream_timeout);
    clock_.shorten(Reason::head_timeout, 10);
    tick_after(1'000);
    EXPECT_TRUE(socket_.is_open());
    clock_.shorten(Reason::stream_timeout, 10);
    tick_after(2'000);
    EXPECT_FALSE(socket_.is_open());
}

TEST_F(DeadlineTest, OneThatGoesRoundTheWheelIsNotEarlyAndNotForgotten) {
    constexpr std::uint32_t k_hour_ms = 3'600'000;
    deadline_.arm(k_hour_ms, Reason::head_timeout);
    for (std::uint32_t ms = 50; ms <= k_hour_ms; ms += 1'000) {
        tick_after(ms);
        ASSERT_TRUE(socket_.is_open()) << ms;
    }
    tick_after(k_hour_ms + 2 * DeadlineClock::k_tick_ms);
    EXPECT_FALSE(socket_.is_open());
}

TEST_F(DeadlineTest, ArmingForAnEarlierTimeBringsItForward) {
    deadline_.arm(100'000, Reason::head_timeout);
    deadline_.arm(100, Reason::stream_timeout);
    for (std::uint32_t ms = 50; ms <= 250; ms += 50) {
        tick_after(ms);
    }
    EXPECT_FALSE(socket_.is_open());
    EXPECT_EQ(deadline_.reason(), Reason::stream_timeout);
}

TEST_F(DeadlineTest, IsSeenHoweverLongTheClockStoodStill) {
    deadline_.arm(100, Reason::head_timeout);
    tick_after(86'400'000);
    EXPECT_FALSE(socket_.is_open());
}

TEST_F(DeadlineTest, DisarmedAndArmedAgainCountsFromThen) {
    deadline_.arm(100, Reason::head_timeout);
    deadline_.disarm();
    tick_after(100);
    deadline_.arm(1'000, Reason::head_timeout);
    tick_after(1'000);
    EXPECT_TRUE(socket_.is_open());
    tick_after(1'200);
    EXPECT_FALSE(socket_.is_open());
}

TEST_F(DeadlineTest, MayDieWhileArmed) {
    {
        Deadline passing(clock_);
        passing.watch(&socket_);
        passing.arm(10, Reason::head_timeout);
    }
    tick_after(1'000);
    EXPECT_TRUE(socket_.is_open());
}

}  // namespace
}  // namespace proxy::net
