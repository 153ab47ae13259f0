// decide() against a slow and obvious reading of smi.md §1.7, over random small worlds.
#include "tests/policy/access_oracle.hpp"

#include <gtest/gtest.h>

#include <random>

namespace policy::test {
namespace {

class DecideOracle : public testing::TestWithParam<unsigned> {};

TEST_P(DecideOracle, AgreesWithTheObviousReading) {
    std::mt19937 engine(GetParam());
    int allowed = 0;
    for (int round = 0; round < 60; ++round) {
        const std::vector<std::uint8_t> bytes = random_bytes(engine, 4096);
        Dice dice(bytes);
        const ModelWorld world = random_world(dice);
        const std::string text = manifests(world, dice);
        const Compiled compiled = compile_model(world, text);
        const AccessOracle oracle(world);
        for (int i = 0; i < 150; ++i) {
            const ModelQuestion question = random_question(dice);
            const bool expected = oracle.allows(question);
            const Verdict verdict = ask(*compiled.snapshot, question);
            ASSERT_EQ(verdict.allowed, expected) << text << describe(question);
            ASSERT_EQ(verdict.reason == Reason::allowed, expected);
            allowed += expected ? 1 : 0;
        }
    }
    EXPECT_GT(allowed, 100);  // the worlds are not all closed
}

INSTANTIATE_TEST_SUITE_P(Seeds, DecideOracle, testing::Values(1u, 2u, 3u, 5u, 8u, 13u, 21u, 34u));

}  // namespace
}  // namespace policy::test
