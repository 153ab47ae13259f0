#include "tls/bounded_map.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <string>

namespace tls {
namespace {

using Map = BoundedMap<int, std::string, std::hash<int>>;

TEST(BoundedMap, ForgetsWhatWasNotUsedForTheLongestTime) {
    Map map(2);
    map.put(1, "one");
    map.put(2, "two");
    ASSERT_NE(map.find(1), nullptr);
    map.put(3, "three");
    EXPECT_EQ(map.find(2), nullptr);
    ASSERT_NE(map.find(1), nullptr);
    EXPECT_EQ(*map.find(1), "one");
    EXPECT_EQ(*map.find(3), "three");
    EXPECT_EQ(map.size(), 2U);
}

TEST(BoundedMap, ReplacesWithoutForgettingOthers) {
    Map map(2);
    map.put(1, "one");
    map.put(2, "two");
    EXPECT_EQ(map.put(2, "zwei"), "zwei");
    EXPECT_EQ(*map.find(1), "one");
    EXPECT_EQ(*map.find(2), "zwei");
    EXPECT_EQ(map.size(), 2U);
}

TEST(BoundedMap, ErasesOneAndMindsNoneThatIsNotThere) {
    Map map(2);
    map.put(1, "one");
    map.erase(1);
    map.erase(7);
    EXPECT_EQ(map.find(1), nullptr);
    EXPECT_EQ(map.size(), 0U);
}

}  // namespace
}  // namespace tls
