// route() against a slow and obvious reading of smi.md §1.5 T*, §1.6 U12–U18 and §1.8, over random
// small worlds.
#include "tests/policy/route_oracle.hpp"

#include <gtest/gtest.h>

#include <random>

namespace policy::test {
namespace {

class RouteOracleTest : public testing::TestWithParam<unsigned> {};

TEST_P(RouteOracleTest, AgreesWithTheObviousReading) {
    std::mt19937 engine(GetParam());
    int split = 0;
    int whole = 0;
    for (int round = 0; round < 60; ++round) {
        const std::vector<std::uint8_t> bytes = random_bytes(engine, 8192);
        Dice dice(bytes);
        const ModelRouteWorld world = random_route_world(dice);
        const std::string text = manifests(world, dice);
        const Compiled compiled = compile_model(world, text);
        const RouteOracle oracle(world);
        for (int i = 0; i < 150; ++i) {
            const ModelAsk question = random_ask(dice, world);
            const ModelAnswer expected = oracle.answer(question);
            const ModelAnswer answer = ask(*compiled.snapshot, question);
            ASSERT_TRUE(are_same(answer, expected))
                << text << describe(world, question) << "\nexpected " << describe(expected)
                << "\nanswered " << describe(answer);
            const bool is_routed = expected.reason == Reason::routed;
            split += is_routed && !expected.split.empty() ? 1 : 0;
            whole += is_routed && expected.split.empty() ? 1 : 0;
        }
    }
    EXPECT_GT(split, 60);  // the worlds are not all empty
    EXPECT_GT(whole, 100);
}

INSTANTIATE_TEST_SUITE_P(
    Seeds, RouteOracleTest, testing::Values(1u, 2u, 3u, 5u, 8u, 13u, 21u, 34u)
);

}  // namespace
}  // namespace policy::test
