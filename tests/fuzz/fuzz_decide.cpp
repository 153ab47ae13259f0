// decide() against the slow and obvious reading that the tests use too. Input: bytes that choose
// a small world, the shape of its manifests, and questions to it.
#include "tests/policy/access_oracle.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <span>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace policy::test;
    // From two parts, so that a change of the world leaves the questions as they are.
    const std::span bytes(data, size);
    Dice world_dice(bytes.subspan(0, size / 2));
    Dice question_dice(bytes.subspan(size / 2));
    const ModelWorld world = random_world(world_dice);
    const std::string text = manifests(world, world_dice);
    const policy::Compiled compiled = compile_model(world, text);
    const AccessOracle oracle(world);
    for (int i = 0; i < 40; ++i) {
        const ModelQuestion question = random_question(question_dice);
        const policy::Verdict verdict = ask(*compiled.snapshot, question);
        if (verdict.allowed != oracle.allows(question) ||
            verdict.allowed != (verdict.reason == policy::Reason::allowed)) {
            std::fprintf(stderr, "%s%s\n", text.c_str(), describe(question).c_str());
            std::abort();
        }
    }
    return 0;
}
