#include "bench/load/histogram.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace bench::load {
namespace {

TEST(Histogram, HasNoPercentilesBeforeTheFirstLatency) {
    EXPECT_EQ(Histogram().percentile(50), std::nullopt);
}

TEST(Histogram, GivesTheNearestRank) {
    Histogram histogram;
    for (int number = 1; number <= 100; ++number) {
        histogram.record(Nanoseconds(number));
    }
    EXPECT_EQ(histogram.count(), 100U);
    EXPECT_EQ(histogram.percentile(50), Nanoseconds(50));
    EXPECT_EQ(histogram.percentile(99), Nanoseconds(99));
    EXPECT_EQ(histogram.percentile(99.9), Nanoseconds(100));
    EXPECT_EQ(histogram.percentile(100), Nanoseconds(100));
    EXPECT_EQ(histogram.percentile(0), Nanoseconds(1));
}

TEST(Histogram, OneSlowOneIsTheLargestAndNotTheMedian) {
    Histogram histogram;
    for (int i = 0; i < 999; ++i) {
        histogram.record(Nanoseconds(200));
    }
    histogram.record(std::chrono::seconds(3));
    EXPECT_EQ(histogram.percentile(50), Nanoseconds(200));
    EXPECT_EQ(histogram.percentile(99.9), Nanoseconds(200));
    EXPECT_EQ(histogram.percentile(100), std::chrono::seconds(3));
}

TEST(Histogram, IsRightToLessThanAPercentAtEveryMagnitude) {
    for (std::int64_t number = 1; number < 3'000'000'000'000; number = number * 9 / 8 + 1) {
        Histogram histogram;
        histogram.record(Nanoseconds(number));
        histogram.record(Nanoseconds(std::numeric_limits<std::int64_t>::max()));
        const auto found = static_cast<double>(histogram.percentile(50)->count());
        EXPECT_GE(found, static_cast<double>(number));
        EXPECT_LE(found, static_cast<double>(number) * 1.008);
    }
}

TEST(Histogram, CountsWhatIsBelowZeroAsZero) {
    Histogram histogram;
    histogram.record(Nanoseconds(-5));
    EXPECT_EQ(histogram.percentile(100), Nanoseconds(0));
}

}  // namespace
}  // namespace bench::load
