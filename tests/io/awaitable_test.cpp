#include "io/awaitable.hpp"

#include "io/loop.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

namespace io {
namespace {

Awaitable<std::unique_ptr<int>> make(int value) {
    co_return std::make_unique<int>(value);
}

Awaitable<int> add(int left, int right) {
    const auto first = co_await make(left);
    const auto second = co_await make(right);
    co_return *first + *second;
}

Awaitable<void> store(int& sum) {
    sum = co_await add(40, 2);
}

void run_all(Loop& loop) {
    while (loop.running() > 0) {
        loop.run_once(std::chrono::milliseconds(1'000));
    }
}

TEST(Awaitable, GivesItsValueToWhoeverAwaitsIt) {
    Loop loop;
    int sum = 0;
    loop.spawn(store(sum));
    EXPECT_EQ(sum, 0);  // it begins with the next round
    run_all(loop);
    EXPECT_EQ(sum, 42);
}

TEST(Awaitable, BeginsOnlyWhenAwaited) {
    int sum = 0;
    {
        const auto never = store(sum);
    }
    EXPECT_EQ(sum, 0);
}

/// Says when it is destroyed.
class Mark {
 public:
    Mark(std::vector<std::string>& said, std::string name) : said_(said), name_(std::move(name)) {}
    Mark(const Mark&) = delete;
    Mark& operator=(const Mark&) = delete;
    ~Mark() { said_.push_back(name_); }

 private:
    std::vector<std::string>& said_;
    std::string name_;
};

Awaitable<void> sleep_inside(Loop& loop, std::vector<std::string>& said) {
    const Mark mark(said, "inner");
    co_await loop.sleep(std::chrono::hours(1));
}

Awaitable<void> sleep_outside(Loop& loop, std::vector<std::string>& said) {
    const Mark mark(said, "outer");
    co_await sleep_inside(loop, said);
}

TEST(Awaitable, FramesDieWithTheLoopFromTheInnermost) {
    std::vector<std::string> said;
    {
        Loop loop;
        loop.spawn(sleep_outside(loop, said));
        loop.run_once(std::chrono::milliseconds(0));
        EXPECT_EQ(loop.running(), 1U);
        EXPECT_TRUE(said.empty());
    }
    EXPECT_EQ(said, (std::vector<std::string>{"inner", "outer"}));
}

TEST(Awaitable, NewestOfTheSpawnedDiesFirst) {
    // What was spawned later may use what its spawner's frame holds.
    std::vector<std::string> said;
    {
        Loop loop;
        loop.spawn(sleep_outside(loop, said));
        loop.run_once(std::chrono::milliseconds(0));
        loop.spawn(sleep_inside(loop, said));
        loop.run_once(std::chrono::milliseconds(0));
        said.clear();
    }
    EXPECT_EQ(said, (std::vector<std::string>{"inner", "inner", "outer"}));
}

Awaitable<int> one() {
    co_return 1;
}

Awaitable<void> count(int& total, int rounds) {
    for (int i = 0; i < rounds; ++i) {
        total += co_await one();
    }
}

TEST(Awaitable, MemoryOfFramesIsUsedAgain) {
    Loop loop;
    int total = 0;
    loop.spawn(count(total, 2'000));
    run_all(loop);
    EXPECT_EQ(total, 2'000);
}

}  // namespace
}  // namespace io
