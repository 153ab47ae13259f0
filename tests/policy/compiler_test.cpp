// A Compiler remembers, and nobody can tell from what it makes.
#include "tests/policy/world.hpp"

#include <random>

namespace policy::test {
namespace {

std::string texts_of(const std::vector<Problem>& problems) {
    std::string texts;
    for (const Problem& problem : problems) {
        texts += to_string(problem) + '\n';
    }
    return texts;
}

const Workload k_workload{"cluster.local", "shop", "pay", "pay-1"};

TEST(Compiler, GivesWhatAFreshOneWouldGive) {
    std::mt19937 dice(3);
    const auto name = [&](const char* stem) { return stem + std::to_string(dice() % 4); };
    const auto random_file = [&] {
        std::string text;
        for (auto count = dice() % 4; count > 0; --count) {
            switch (dice() % 4) {
                case 0:
                    text += group(
                        name("g"),
                        "[{name: a, pathRegex: '/" + name("[x]") + "'}, {name: b, " +
                            (dice() % 3 == 0 ? "pathRegex: '('" : "methods: [GET]") +
                            ", headers: {x: " + name("h") + "}}]"
                    );
                    break;
                case 1:
                    text += target(
                        name("t"),
                        "[{kind: HTTPRouteGroup, name: " + name("g") +
                            (dice() % 2 == 0 ? ", matches: [b]}]" : "}]")
                    );
                    break;
                case 2:
                    text +=
                        service(name("s"), "10.9.0." + std::to_string(dice() % 9 + 1), "10.1.0.1");
                    break;
                default:
                    text += split(
                        name("p"),
                        name("s"),
                        "[{service: " + name("s") + ", weight: 1}]",
                        dice() % 2 == 0
                            ? ", matches: [{kind: HTTPRouteGroup, name: " + name("g") + "}]"
                            : ""
                    );
            }
        }
        return text;
    };
    Inventory inventory("shop");
    Compiler compiler(k_workload, {});
    std::shared_ptr<const Snapshot> before;
    for (std::uint64_t round = 1; round < 300; ++round) {
        static_cast<void>(inventory.replace_file(name("f"), random_file()));
        const Compiled remembered = compiler.compile(inventory, round);
        const Compiled fresh = compile(inventory, k_workload, {}, round);
        ASSERT_EQ(remembered.snapshot->to_json(), fresh.snapshot->to_json());
        ASSERT_EQ(texts_of(remembered.problems), texts_of(fresh.problems));
        if (before != nullptr) {
            // What is still pinned by a request must not have been taken away.
            EXPECT_FALSE(before->to_json().empty());
        }
        before = remembered.snapshot;
    }
}

TEST(Compiler, CompilesAGroupAgainWhenSomebodyBeginsToUseIt) {
    Inventory inventory("shop");
    const std::string unused = group("g", "[{name: a, pathRegex: '/v[0-9]+/'}]");
    ASSERT_TRUE(inventory.replace_file("g", unused));
    Compiler compiler(k_workload, {});
    static_cast<void>(compiler.compile(inventory, 1));
    ASSERT_TRUE(inventory.replace_file("t", target("t", "[{kind: HTTPRouteGroup, name: g}]")));
    const Compiled compiled = compiler.compile(inventory, 2);
    const Identity web = account("web");
    EXPECT_TRUE(decide_http(*compiled.snapshot, {&web, 80, "GET", "/v1/", "pay", {}}).allowed);
}

}  // namespace
}  // namespace policy::test
