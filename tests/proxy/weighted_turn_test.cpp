#include "proxy/upstream/weighted_turn.hpp"

#include "proxy/upstream/balancer.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <limits>
#include <utility>
#include <vector>

namespace proxy::upstream {
namespace {

std::vector<policy::WeightedBackend> weights(std::initializer_list<std::uint64_t> list) {
    std::vector<policy::WeightedBackend> backends;
    for (const std::uint64_t weight : list) {
        backends.push_back({nullptr, weight});
    }
    return backends;
}

TEST(WeightedTurns, FiftyTurnsOf75To25NeverInvertWhateverTheStart) {
    const auto backends = weights({75, 25});
    for (std::uint64_t seed = 1; seed <= 200; ++seed) {
        WeightedTurns turns(seed);
        int first = 0;
        for (int i = 0; i < 50; ++i) {
            first += turns.next(7, backends) == 0 ? 1 : 0;
        }
        EXPECT_NEAR(first, 37.5, 1.0) << "seed " << seed;
    }
}

/// Turns repeat after the sum of the weights, so a start is a place in the cycle, and fifty turns
/// from each place of one cycle are fifty turns from every start there can be.
TEST(WeightedTurns, FiftyTurnsKeepTheOrderOfTheWeightsFromEveryPossibleStart) {
    constexpr std::size_t k_turns = 50;
    for (const auto& [left, right] :
         {std::pair(75U, 25U), std::pair(25U, 75U), std::pair(3U, 1U), std::pair(60U, 40U)}) {
        const auto backends = weights({left, right});
        WeightedTurns turns(1);
        std::vector<std::size_t> taken(left + right + k_turns);
        for (std::size_t& turn : taken) {
            turn = turns.next(7, backends);
        }
        for (std::size_t start = 0; start < left + right; ++start) {
            const auto first = taken.begin() + static_cast<std::ptrdiff_t>(start);
            const auto to_right = std::count(first, first + k_turns, 1U);
            EXPECT_NEAR(static_cast<double>(to_right), 50.0 * right / (left + right), 1.0)
                << left << '/' << right << " from " << start;
            EXPECT_EQ(to_right > 25, right > left) << left << '/' << right << " from " << start;
        }
    }
}

TEST(WeightedTurns, StartsDiffer) {
    const auto backends = weights({1, 1});
    bool has_started_with_second = false;
    bool has_started_with_first = false;
    for (std::uint64_t seed = 1; seed <= 50; ++seed) {
        const std::size_t first = WeightedTurns(seed).next(7, backends);
        (first == 0 ? has_started_with_first : has_started_with_second) = true;
    }
    EXPECT_TRUE(has_started_with_first && has_started_with_second);
}

TEST(WeightedTurns, ChoicesTakeTurnsOfTheirOwn) {
    const auto backends = weights({1, 1});
    WeightedTurns turns(1);
    const std::size_t first = turns.next(1, backends);
    for (int i = 0; i < 3; ++i) {
        static_cast<void>(turns.next(2, backends));
    }
    EXPECT_NE(turns.next(1, backends), first);
}

TEST(WeightedTurns, NewWeightsTakeEffectAtOnce) {
    WeightedTurns turns(1);
    static_cast<void>(turns.next(1, weights({1, 1})));
    int second = 0;
    for (int i = 0; i < 1'000; ++i) {
        second += turns.next(1, weights({1, 999})) == 1 ? 1 : 0;
    }
    EXPECT_GE(second, 998);
}

TEST(WeightedTurns, HugeWeightsDoNotOverflow) {
    const std::uint64_t huge = std::numeric_limits<std::uint64_t>::max();
    WeightedTurns turns(1);
    int first = 0;
    for (int i = 0; i < 100; ++i) {
        first += turns.next(1, weights({huge, huge})) == 0 ? 1 : 0;
    }
    EXPECT_NEAR(first, 50, 1);
}

TEST(Balancer, TakesEveryEndpointInTurn) {
    policy::Backend backend;
    backend.service = "api";
    backend.endpoints.resize(3);
    Balancer balancer(1);
    std::vector<int> counts(3);
    for (int i = 0; i < 30; ++i) {
        ++counts[balancer.next(backend)];
    }
    EXPECT_EQ(counts, std::vector<int>({10, 10, 10}));
}

TEST(Balancer, KeepsItsTurnWhenTheSnapshotIsNew) {
    policy::Backend before;
    before.service = "api";
    before.endpoints.resize(2);
    const policy::Backend after = before;
    Balancer balancer(1);
    EXPECT_NE(balancer.next(before), balancer.next(after));
}

}  // namespace
}  // namespace proxy::upstream
