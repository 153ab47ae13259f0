// decide() and route() are on the path of every request: they allocate nothing.
#include "tests/policy/world.hpp"
#include "tests/support/count_allocations.hpp"

namespace policy::test {
namespace {

/// Allocations of one more `question`. RE2 builds its automaton while it matches, so the first
/// few questions may allocate inside it.
template <class Question>
std::size_t allocations_of(const Question& question) {
    for (int i = 0; i < 3; ++i) {
        question();
    }
    const std::size_t before = ::test::allocations;
    question();
    return ::test::allocations - before;
}

constexpr std::string_view k_long_host = "pay-with-a-rather-long-name.shop.svc.cluster.local:8080";

TEST(Allocation, CountsWhatIsAllocated) {
    EXPECT_GE(allocations_of([] { std::string(100, 'x').shrink_to_fit(); }), 1u);
}

TEST(Allocation, DecidesWithoutAllocating) {
    World world(
        tcp_route("r", "8080") +
        group(
            "g", "[{name: a, pathRegex: '/v[0-9]+/', headers: {host: '^pay[.]', x-a: '[0-9]'}}]"
        ) +
        target("t", "[{kind: TCPRoute, name: r}, {kind: HTTPRouteGroup, name: g}]")
    );
    const Identity web = account("a-service-account-with-a-long-name");
    const Identity listed = account("web");
    const std::vector<HeaderField> headers{{"X-A", "1"}, {"x-other", "a value longer than 16"}};
    HttpFacts facts{&listed, 8080, "GET", "/v1/some/rather/long/path", k_long_host, headers};
    const Snapshot& snapshot = world.snapshot();
    EXPECT_EQ(allocations_of([&] { EXPECT_FALSE(decide_http(snapshot, facts).allowed); }), 0u);
    facts.authority = "pay.shop:8080";
    EXPECT_EQ(allocations_of([&] { EXPECT_TRUE(decide_http(snapshot, facts).allowed); }), 0u);
    facts.peer = &web;
    EXPECT_EQ(allocations_of([&] { EXPECT_FALSE(decide_http(snapshot, facts).allowed); }), 0u);
    EXPECT_EQ(
        allocations_of([&] { EXPECT_FALSE(decide_tcp(snapshot, {&listed, 8080}).allowed); }), 0u
    );
}

TEST(Allocation, DecidesAmongManyMatchesWithoutAllocating) {
    std::string matches;
    for (int i = 0; i < 300; ++i) {
        const std::string id = std::to_string(i);
        matches += "{name: a" + id + ", pathRegex: '/api/r" + id + "/[0-9]+/(read|write)$'}, " +
                   "{name: b" + id + ", pathRegex: '/api/s" + id + "/.*', methods: [GET]}, ";
    }
    World world(group("g", "[" + matches + "]") + target("t", "[{kind: HTTPRouteGroup, name: g}]"));
    const Identity web = account("web");
    HttpFacts facts{&web, 8080, "GET", "/api/r299/17/write", "pay", {}};
    const Snapshot& snapshot = world.snapshot();
    EXPECT_EQ(allocations_of([&] { EXPECT_TRUE(decide_http(snapshot, facts).allowed); }), 0u);
    facts.path = "/api/s299/anything";
    EXPECT_EQ(allocations_of([&] { EXPECT_TRUE(decide_http(snapshot, facts).allowed); }), 0u);
    facts.path = "/api/none";
    EXPECT_EQ(allocations_of([&] { EXPECT_FALSE(decide_http(snapshot, facts).allowed); }), 0u);
}

TEST(Allocation, RoutesWithoutAllocating) {
    World world(
        service("pay-with-a-rather-long-name", "10.9.0.1", "10.1.0.1") +
        group("g", "[{name: a, pathRegex: '/v[0-9]+/'}]") +
        split(
            "s",
            "pay-with-a-rather-long-name",
            "[{service: pay-with-a-rather-long-name, weight: 1}]",
            ", matches: [{kind: HTTPRouteGroup, name: g}]"
        )
    );
    const Snapshot& snapshot = world.snapshot();
    HttpRouteFacts facts;
    facts.authority = "pay-with-a-rather-long-name.shop.svc.cluster.local.";
    facts.method = "GET";
    facts.path = "/v1/some/rather/long/path";
    EXPECT_EQ(
        allocations_of([&] { EXPECT_FALSE(route_http(snapshot, facts).split_name.empty()); }), 0u
    );
    facts.path = "/elsewhere";
    EXPECT_EQ(
        allocations_of([&] { EXPECT_EQ(route_http(snapshot, facts).reason, Reason::routed); }), 0u
    );
    facts.authority = "unknown.example.com";
    EXPECT_EQ(
        allocations_of([&] { EXPECT_TRUE(route_http(snapshot, facts).backends.empty()); }), 0u
    );
    const SocketAddress address = *parse_socket_address("10.9.0.1:80");
    EXPECT_EQ(
        allocations_of([&] { EXPECT_EQ(route_tcp(snapshot, {address}).backends.size(), 1u); }), 0u
    );
}

}  // namespace
}  // namespace policy::test
