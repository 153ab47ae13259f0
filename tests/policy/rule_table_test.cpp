// Lists and indexes of matches: shared while their groups stay, and within their room.
#include "policy/rule_table.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <string>

namespace policy {
namespace {

std::shared_ptr<const RouteGroup> group_of(int matches) {
    auto group = std::make_shared<RouteGroup>();
    for (int i = 0; i < matches; ++i) {
        group->rules.emplace_back().name = "m" + std::to_string(i % 2);
        group->rules.back().methods.allow_any();
    }
    return group;
}

Room full_room() {
    Room room;
    EXPECT_TRUE(room.take(Room::units_max));
    return room;
}

TEST(RuleTable, MakesAListAndAnIndexOnceForAllWhoAsk) {
    RuleTable table;
    Room room;
    const auto group = group_of(6);
    table.begin_run();
    const auto all = table.list({{group, {}}}, room);
    const auto named = table.list({{group, {"m1"}}}, room);
    EXPECT_EQ(all->rules.size(), 6u);
    EXPECT_EQ(named->rules.size(), 3u);
    const auto index = table.index({all, named}, room);
    table.end_run();
    table.begin_run();
    EXPECT_EQ(table.list({{group, {}}}, room), all);
    EXPECT_EQ(table.index({all, named}, room), index);
    EXPECT_NE(table.list({{group_of(6), {}}}, room), all) << "another group, though it looks alike";
    table.end_run();
}

TEST(RuleTable, ForgetsWhatARunDidNotAskFor) {
    RuleTable table;
    Room room;
    const auto group = group_of(1);
    table.begin_run();
    const std::weak_ptr<const RuleList> list = table.list({{group, {}}}, room);
    table.end_run();
    EXPECT_FALSE(list.expired());
    table.begin_run();
    table.end_run();
    EXPECT_TRUE(list.expired());
}

TEST(RuleTable, ChargesForAListOnceInARun) {
    RuleTable table;
    const auto group = group_of(100);
    table.begin_run();
    Room room;
    ASSERT_NE(table.list({{group, {}}}, room), nullptr);
    Room full = full_room();
    EXPECT_NE(table.list({{group, {}}}, full), nullptr);
    table.end_run();
    table.begin_run();
    EXPECT_EQ(table.list({{group, {}}}, full), nullptr) << "remembered, but not paid for";
    table.end_run();
}

TEST(RuleTable, AlwaysHasRoomForNothing) {
    RuleTable table;
    Room full = full_room();
    table.begin_run();
    const auto list = table.list({}, full);
    ASSERT_NE(list, nullptr);
    EXPECT_NE(table.index({list}, full), nullptr);
    EXPECT_NE(table.index({}, full), nullptr);
    EXPECT_EQ(table.list({{group_of(1), {}}}, full), nullptr);
    table.end_run();
}

}  // namespace
}  // namespace policy
