#include "bench/load/schedule.hpp"

#include <gtest/gtest.h>

namespace bench::load {
namespace {

using namespace std::chrono_literals;

const Instant k_begin = Instant(1000s);

TEST(Schedule, OfAClosedLoopIsDueAtAnyTimeUntilItsEnd) {
    Schedule schedule(2s, std::nullopt);
    schedule.begin(k_begin);
    EXPECT_FALSE(schedule.is_open());
    EXPECT_EQ(schedule.take(k_begin), k_begin);
    EXPECT_EQ(schedule.take(k_begin + 1999ms), k_begin + 1999ms);
    EXPECT_EQ(schedule.take(k_begin + 2s), std::nullopt);
    EXPECT_EQ(schedule.left(), 0U);
}

TEST(Schedule, OfAnOpenLoopIsEvenlySpaced) {
    Schedule schedule(1s, 4.0);
    schedule.begin(k_begin);
    EXPECT_TRUE(schedule.is_open());
    EXPECT_EQ(schedule.take(k_begin), k_begin);
    EXPECT_EQ(schedule.take(k_begin + 249ms), std::nullopt);
    EXPECT_EQ(schedule.next(), k_begin + 250ms);
    EXPECT_EQ(schedule.take(k_begin + 250ms), k_begin + 250ms);
}

TEST(Schedule, GivesTheIntendedStartHoweverLateItIsTaken) {
    Schedule schedule(1s, 4.0);
    schedule.begin(k_begin);
    const Instant late = k_begin + 5s;
    EXPECT_EQ(schedule.take(late), k_begin);
    EXPECT_EQ(schedule.take(late), k_begin + 250ms);
    EXPECT_EQ(schedule.take(late), k_begin + 500ms);
    EXPECT_EQ(schedule.left(), 1U);
    EXPECT_EQ(schedule.take(late), k_begin + 750ms);
    EXPECT_EQ(schedule.take(late), std::nullopt);
    EXPECT_EQ(schedule.next(), std::nullopt);
    EXPECT_EQ(schedule.left(), 0U);
}

TEST(Schedule, DoesNotDriftWhereTheStepIsNoWholeNanosecond) {
    Schedule schedule(10s, 30'000.0);
    schedule.begin(k_begin);
    for (int i = 0; i < 150'000; ++i) {
        ASSERT_TRUE(schedule.take(k_begin + 10s));
    }
    EXPECT_EQ(schedule.next(), k_begin + 5s);
    EXPECT_EQ(schedule.left(), 150'000U);
}

}  // namespace
}  // namespace bench::load
