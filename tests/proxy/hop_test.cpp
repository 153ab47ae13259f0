#include "proxy/upstream/hop.hpp"

#include "tests/support/data_path.hpp"

#include <gtest/gtest.h>

namespace proxy::upstream {
namespace {

class PerSnapshotTest : public ::testing::Test {
 protected:
    int get(std::uint64_t generation, std::uint64_t choice, const void* part) {
        return values_.get(generation, choice, part, [this] { return ++made_; });
    }

    PerSnapshot<int> values_;
    int made_ = 0;
    int parts_[2] = {};
};

TEST_F(PerSnapshotTest, MakesOncePerChoiceAndPart) {
    EXPECT_EQ(get(1, 7, &parts_[0]), 1);
    EXPECT_EQ(get(1, 7, &parts_[0]), 1);
    EXPECT_EQ(get(1, 7, &parts_[1]), 2);
    EXPECT_EQ(get(1, 8, &parts_[0]), 3);
}

TEST_F(PerSnapshotTest, ForgetsAllWithTheNextSnapshot) {
    EXPECT_EQ(get(1, 7, &parts_[0]), 1);
    EXPECT_EQ(get(1, 7, &parts_[1]), 2);
    EXPECT_EQ(get(2, 7, &parts_[0]), 3) << "the same address, and somebody else's by now";
    EXPECT_EQ(values_.size(), 1U);
}

TEST_F(PerSnapshotTest, IsBounded) {
    for (std::uint64_t choice = 0; choice <= PerSnapshot<int>::entries_max; ++choice) {
        static_cast<void>(get(1, choice, nullptr));
    }
    EXPECT_EQ(values_.size(), 1U);
}

class PoolPlaces : public test::DataPath {};

TEST_F(PoolPlaces, AreOnePerTargetAndForgottenWhenNobodyPinsThem) {
    Target plain;
    plain.address.port = 80;
    Target meshed = plain;
    meshed.identity = policy::Identity{"cluster.local", "shop", "pay"};
    Pool& pool = worker().pool;
    const PlacePin pinned = pool.place(plain);
    EXPECT_EQ(pool.place(plain), pinned);
    EXPECT_NE(pool.place(meshed), pinned) << "another identity is another target";
    EXPECT_EQ(pool.place_count(), 2U);
    pass_time(std::chrono::milliseconds(0));
    EXPECT_EQ(pool.place_count(), 1U);
    EXPECT_EQ(pool.place(plain), pinned);
}

}  // namespace
}  // namespace proxy::upstream
