#include "io/loop.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

namespace io {
namespace {

using std::chrono::milliseconds;

TEST(Loop, PostsRunInTheirOrderOnTheLoopsThread) {
    Loop loop;
    std::vector<int> order;
    std::thread::id ran_on;
    std::thread runner([&] {
        ran_on = std::this_thread::get_id();
        loop.run();
    });
    const std::thread::id runner_id = runner.get_id();
    std::atomic<bool> is_same_thread = true;
    for (int i = 0; i < 100; ++i) {
        loop.post([&order, &is_same_thread, runner_id, i] {
            order.push_back(i);
            is_same_thread = is_same_thread && std::this_thread::get_id() == runner_id;
        });
    }
    loop.post([&loop] { loop.stop(); });
    runner.join();
    EXPECT_TRUE(is_same_thread);
    ASSERT_EQ(order.size(), 100U);
    for (int i = 0; i < 100; ++i) {
        EXPECT_EQ(order[static_cast<std::size_t>(i)], i);
    }
}

TEST(Loop, PostsOfSeveralThreadsAllRunAndSeeEachOthersWork) {
    constexpr int k_threads = 4;
    constexpr int k_posts = 250;
    Loop loop;
    int ran = 0;  // of the loop's thread: no lock, no atomic
    std::thread runner([&loop] { loop.run(); });
    std::vector<std::thread> posters;
    for (int i = 0; i < k_threads; ++i) {
        posters.emplace_back([&loop, &ran] {
            for (int post = 0; post < k_posts; ++post) {
                loop.post([&loop, &ran] {
                    if (++ran == k_threads * k_posts) {
                        loop.stop();
                    }
                });
            }
        });
    }
    for (std::thread& poster : posters) {
        poster.join();
    }
    runner.join();
    EXPECT_EQ(ran, k_threads * k_posts);
}

TEST(Loop, StopEndsARunThatWaits) {
    Loop loop;
    std::thread runner([&loop] { loop.run(); });
    loop.stop();
    runner.join();
}

TEST(Loop, PostBeforeRunIsNotLost) {
    Loop loop;
    bool ran = false;
    loop.post([&ran] { ran = true; });
    loop.run_once(milliseconds(1'000));
    EXPECT_TRUE(ran);
}

Awaitable<void> note_after(Loop& loop, milliseconds time, std::vector<int>& order, int number) {
    co_await loop.sleep(time);
    order.push_back(number);
}

TEST(Loop, SleepersWakeInTheOrderOfTheirTimes) {
    Loop loop;
    std::vector<int> order;
    const auto begin = std::chrono::steady_clock::now();
    loop.spawn(note_after(loop, milliseconds(20), order, 2));
    loop.spawn(note_after(loop, milliseconds(1), order, 1));
    loop.spawn(note_after(loop, milliseconds(30), order, 3));
    while (loop.running() > 0) {
        loop.run_once(milliseconds(1'000));
    }
    EXPECT_EQ(order, (std::vector<int>{1, 2, 3}));
    EXPECT_GE(std::chrono::steady_clock::now() - begin, milliseconds(30));
}

TEST(Loop, RoundWithNothingToDoSaysSo) {
    Loop loop;
    EXPECT_FALSE(loop.run_once(milliseconds(0)));
}

TEST(Loop, ATurnIsBoundedAndBeginsAnewEachRound) {
    Loop loop;
    int granted = 0;
    loop.post([&] {
        while (granted < 1'000 && loop.may_go_on()) {
            ++granted;
        }
    });
    loop.run_once(milliseconds(0));
    EXPECT_GT(granted, 1);
    EXPECT_LT(granted, 1'000);
}

}  // namespace
}  // namespace io
