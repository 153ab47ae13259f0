#include "proxy/control/heap_keeper.hpp"

#include <gtest/gtest.h>

#include <chrono>

namespace proxy::control {
namespace {

using namespace std::chrono_literals;

constexpr auto k_quiet = 60s;
const HeapKeeper::Clock::time_point k_start{};

TEST(HeapKeeper, TrimsOnceWhenManyConnectionsHaveBeenGoneForAWhile) {
    HeapKeeper heap(k_quiet);
    EXPECT_FALSE(heap.should_trim(1'000, k_start));
    EXPECT_FALSE(heap.should_trim(500, k_start + 1s));
    EXPECT_FALSE(heap.should_trim(0, k_start + 60s));
    EXPECT_TRUE(heap.should_trim(0, k_start + 61s));
    EXPECT_FALSE(heap.should_trim(0, k_start + 62s));
    EXPECT_FALSE(heap.should_trim(0, k_start + 1h));
}

TEST(HeapKeeper, WaitsWhileMoreThanHalfAreLeft) {
    HeapKeeper heap(k_quiet);
    EXPECT_FALSE(heap.should_trim(1'000, k_start));
    EXPECT_FALSE(heap.should_trim(501, k_start + 1s));
    EXPECT_FALSE(heap.should_trim(501, k_start + 1h));
}

TEST(HeapKeeper, WaitsAnewWhenConnectionsComeBack) {
    HeapKeeper heap(k_quiet);
    EXPECT_FALSE(heap.should_trim(1'000, k_start));
    EXPECT_FALSE(heap.should_trim(0, k_start + 1s));
    EXPECT_FALSE(heap.should_trim(900, k_start + 50s));
    EXPECT_FALSE(heap.should_trim(0, k_start + 70s));
    EXPECT_FALSE(heap.should_trim(0, k_start + 129s));
    EXPECT_TRUE(heap.should_trim(0, k_start + 130s));
}

TEST(HeapKeeper, CountsFromWhatWasLeftByTheLastTrim) {
    HeapKeeper heap(0s);
    EXPECT_FALSE(heap.should_trim(1'000, k_start));
    EXPECT_TRUE(heap.should_trim(400, k_start + 1s));
    EXPECT_FALSE(heap.should_trim(300, k_start + 2s));
    EXPECT_TRUE(heap.should_trim(200, k_start + 3s));
}

TEST(HeapKeeper, TrimsOnceAfterTheLastOfSeveralChanges) {
    HeapKeeper heap(k_quiet);
    heap.on_freed(k_start);
    EXPECT_FALSE(heap.should_trim(0, k_start + 59s));
    heap.on_freed(k_start + 59s);
    EXPECT_FALSE(heap.should_trim(0, k_start + 118s));
    EXPECT_TRUE(heap.should_trim(0, k_start + 119s));
    EXPECT_FALSE(heap.should_trim(0, k_start + 1h));
}

TEST(HeapKeeper, LetsFewConnectionsBe) {
    HeapKeeper heap(0s);
    EXPECT_FALSE(heap.should_trim(127, k_start));
    EXPECT_FALSE(heap.should_trim(0, k_start + 1h));
}

}  // namespace
}  // namespace proxy::control
