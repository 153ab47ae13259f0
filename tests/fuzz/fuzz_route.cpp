// route() against the slow and obvious reading that the tests use too. Input: bytes that choose a
// small world, the shape of its manifests, and questions to it.
#include "tests/policy/route_oracle.hpp"

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
    const ModelRouteWorld world = random_route_world(world_dice);
    const std::string text = manifests(world, world_dice);
    const policy::Compiled compiled = compile_model(world, text);
    const RouteOracle oracle(world);
    for (int i = 0; i < 40; ++i) {
        const ModelAsk question = random_ask(question_dice, world);
        const ModelAnswer expected = oracle.answer(question);
        const ModelAnswer answer = ask(*compiled.snapshot, question);
        if (!are_same(answer, expected)) {
            std::fprintf(
                stderr,
                "%s%s\nexpected %s\nanswered %s\n",
                text.c_str(),
                describe(world, question).c_str(),
                describe(expected).c_str(),
                describe(answer).c_str()
            );
            std::abort();
        }
    }
    return 0;
}
