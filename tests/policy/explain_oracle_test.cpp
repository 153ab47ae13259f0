// explain() says what decide() and route() say, over random small worlds and questions.
#include "policy/explain.hpp"
#include "tests/policy/world.hpp"

#include <array>
#include <random>

namespace policy::test {
namespace {

class Dice {
 public:
    explicit Dice(unsigned seed) : engine_(seed) {}
    int below(int bound) { return static_cast<int>(engine_() % static_cast<unsigned>(bound)); }
    template <class T, std::size_t N>
    const T& pick(const std::array<T, N>& from) {
        return from[static_cast<std::size_t>(below(N))];
    }

 private:
    std::mt19937 engine_;
};

const std::array<std::string, 7> k_matches{
    "[{name: all}]",
    "[{name: a, pathRegex: /a, methods: [GET]}]",
    "[{name: b, pathRegex: '/(a|b)/'}, {name: p, methods: [PURGE]}]",
    "[{name: h, headers: {x: ^1$}}]",
    "[{name: h, headers: {host: ^api$}}, {name: two, headers: {x: '1', y: '2'}}]",
    "[{name: broken, pathRegex: '('}]",
    "[]",
};
const std::array<std::string, 5> k_ports{"", "80", "8080", "80, 8080", "9090"};
const std::array<std::string, 7> k_rules{
    "{kind: TCPRoute, name: t0}",
    "{kind: TCPRoute, name: t1}",
    "{kind: TCPRoute, name: gone}",
    "{kind: UDPRoute, name: u0}",
    "{kind: HTTPRouteGroup, name: g0}",
    "{kind: HTTPRouteGroup, name: g1}",
    "{kind: HTTPRouteGroup, name: gone}",
};
const std::array<std::string, 6> k_targets{"/", "/a", "/a/b?q=1", "/a//./b", "/b%2Fc", "*"};
const std::array<std::string, 3> k_methods{"GET", "POST", "PURGE"};
const std::array<std::string, 7> k_hosts{
    "api", "api.shop:81", "10.0.0.1", "virtual", "nobody", "10.1.0.1:8080", "empty"
};

std::string random_source(Dice& dice) {
    if (dice.below(4) == 0) {
        return "{kind: IdentityBinding, namespace: shop, name: pods}";
    }
    return "{kind: ServiceAccount, namespace: shop, name: " +
           dice.pick(std::array<std::string, 2>{"web", "cart"}) + "}";
}

std::string random_manifests(Dice& dice) {
    std::string text = tcp_route("t0", dice.pick(k_ports)) + tcp_route("t1", dice.pick(k_ports)) +
                       udp_route("u0", dice.pick(k_ports)) + group("g0", dice.pick(k_matches)) +
                       group("g1", dice.pick(k_matches));
    for (int i = dice.below(5); i > 0; --i) {
        std::string rules;
        for (int r = 1 + dice.below(3); r > 0; --r) {
            rules += (rules.empty() ? "" : ", ") + dice.pick(k_rules);
        }
        text +=
            "---\napiVersion: access.smi-spec.io/v1alpha3\nkind: TrafficTarget\nmetadata: "
            "{name: t" +
            std::to_string(i) +
            "}\nspec: {destination: {kind: ServiceAccount, name: pay, namespace: shop}, "
            "sources: [" +
            random_source(dice) + "], rules: [" + rules + "]}\n";
    }
    text +=
        "---\napiVersion: access.smi-spec.io/v1alpha4\nkind: IdentityBinding\nmetadata: {name: "
        "pods}\nspec: {schemes: {podLabelSelector: {matchLabels: {app: web}}}}\n"
        "---\napiVersion: v1\nkind: Pod\nmetadata: {name: web-1, labels: {app: web}}\n"
        "spec: {serviceAccountName: web}\nstatus: {podIP: 10.2.0.1}\n";
    text += service("api", "10.0.0.1", "10.1.0.1") + service("v1", "10.0.0.2", "10.1.0.2") +
            service("empty", "10.0.0.3", "");
    const std::array<std::string, 4> roots{"api", "api.shop", "virtual", "v1"};
    const std::array<std::string, 3> backends{
        "[{service: v1, weight: 3}, {service: api, weight: 1}]",
        "[{service: empty, weight: 1}]",
        "[{service: v1, weight: 0}, {service: gone, weight: 2}, {service: api, weight: 7}]",
    };
    const std::array<std::string, 3> more{
        "",
        ", matches: [{kind: HTTPRouteGroup, name: g0}]",
        ", matches: [{kind: HTTPRouteGroup, name: g1}, {kind: HTTPRouteGroup, name: gone}]"
    };
    for (int i = dice.below(4); i > 0; --i) {
        text +=
            split("s" + std::to_string(i), dice.pick(roots), dice.pick(backends), dice.pick(more));
    }
    return text;
}

RequestQuestion random_request(Dice& dice) {
    RequestQuestion request;
    request.method = dice.pick(k_methods);
    request.target = dice.pick(k_targets);
    for (int i = dice.below(3); i > 0; --i) {
        request.headers.push_back(
            {dice.pick(std::array<std::string, 2>{"X", "y"}),
             dice.pick(std::array<std::string, 2>{"1", "2"})}
        );
    }
    return request;
}

std::string path_of(const std::string& target) {
    return target == "*" ? "" : target == "/a/b?q=1" || target == "/a//./b" ? "/a/b" : target;
}

std::vector<HeaderField> fields_of(const RequestQuestion& request) {
    std::vector<HeaderField> fields;
    for (const HeaderLine& header : request.headers) {
        fields.push_back({header.name, header.value});
    }
    return fields;
}

/// On an opaque port requests are bytes.
Protocol seen_by_proxy(const Snapshot& snapshot, const AccessQuestion& question) {
    const bool is_bytes = question.protocol == Protocol::http && snapshot.is_opaque(question.port);
    return is_bytes ? Protocol::tcp : question.protocol;
}

Verdict verdict_of(const Snapshot& snapshot, Protocol protocol, const HttpFacts& facts) {
    switch (protocol) {
        case Protocol::tcp:
            return decide_tcp(snapshot, {facts.peer, facts.port, facts.peer_address});
        case Protocol::udp:
            return decide_udp(snapshot, {facts.peer, facts.port, facts.peer_address});
        case Protocol::http:
            break;
    }
    return decide_http(snapshot, facts);
}

AccessQuestion random_question(Dice& dice) {
    AccessQuestion question;
    if (dice.below(8) != 0) {
        question.peer = account(dice.pick(std::array<std::string, 3>{"web", "cart", "ghost"}));
    }
    question.port = dice.pick(std::array<std::uint16_t, 3>{80, 8080, 9090});
    question.protocol = dice.pick(
        std::array<Protocol, 4>{Protocol::http, Protocol::http, Protocol::tcp, Protocol::udp}
    );
    if (dice.below(2) == 0) {
        question.peer_address =
            parse_ip(dice.pick(std::array<const char*, 2>{"10.2.0.1", "10.2.0.9"}));
    }
    question.request = random_request(dice);
    question.request.authority = dice.pick(std::array<std::string, 2>{"api", "pay:80"});
    return question;
}

class ExplainOracle : public testing::TestWithParam<unsigned> {};

TEST_P(ExplainOracle, GivesTheVerdictOfDecide) {
    Dice dice(GetParam());
    int allowed = 0;
    for (int round = 0; round < 30; ++round) {
        World world(random_manifests(dice));
        if (dice.below(4) == 0) {
            world.options.opaque_ports = {80};
        }
        world.options.mtls = MtlsMode::permissive;
        world.options.port_mtls = {{9090, MtlsMode::strict}};
        for (int asked = 0; asked < 60; ++asked) {
            const AccessQuestion question = random_question(dice);
            const AccessExplanation explanation = explain_access(world.snapshot(), question);
            const Protocol protocol = seen_by_proxy(world.snapshot(), question);
            const bool is_plaintext =
                !question.peer && question.port == 9090 && protocol != Protocol::udp;
            ASSERT_EQ(explanation.reason == Reason::mtls_required, is_plaintext);
            if (is_plaintext) {
                EXPECT_FALSE(explanation.allowed);
                continue;
            }
            if (explanation.reason == Reason::path_refused) {
                EXPECT_EQ(question.request.target, "/b%2Fc");
                EXPECT_EQ(protocol, Protocol::http);
                EXPECT_FALSE(explanation.allowed);
                continue;
            }
            const std::string path = has_path_rules(world.snapshot(), question.port)
                                         ? path_of(question.request.target)
                                         : question.request.target;
            const auto fields = fields_of(question.request);
            HttpFacts facts;
            facts.peer = question.peer ? &*question.peer : nullptr;
            facts.port = question.port;
            facts.method = question.request.method;
            facts.path = path;
            facts.authority = question.request.authority;
            facts.headers = fields;
            facts.peer_address = question.peer_address;
            const Verdict verdict = verdict_of(world.snapshot(), protocol, facts);
            ASSERT_EQ(explanation.allowed, verdict.allowed);
            ASSERT_EQ(explanation.reason, verdict.reason);
            allowed += verdict.allowed ? 1 : 0;
            if (verdict.allowed) {
                ASSERT_EQ(explanation.rule->target.name, verdict.rule.name);
                ASSERT_EQ(explanation.rule->match, verdict.rule.match);
                ASSERT_TRUE(explanation.considered.empty());
                continue;
            }
            for (const ConsideredTarget& target : explanation.considered) {
                ASSERT_NE(target.failed, Reason::allowed);
                ASSERT_NE(target.detail, "");
            }
            const bool has_valid = !explanation.considered.empty() &&
                                   explanation.considered.front().failed != Reason::target_invalid;
            ASSERT_EQ(has_valid, verdict.reason != Reason::no_target);
            // The target that the proxy's denial names.
            ASSERT_EQ(
                verdict.rule.name.empty(), !has_valid || verdict.reason == Reason::unauthenticated
            );
            if (!verdict.rule.name.empty()) {
                ASSERT_EQ(explanation.considered.front().name.name, verdict.rule.name);
                ASSERT_EQ(explanation.considered.front().failed, verdict.reason);
            }
        }
    }
    EXPECT_GT(allowed, 50);
}

TEST_P(ExplainOracle, GivesTheRouteOfRoute) {
    Dice dice(GetParam());
    int split = 0;
    for (int round = 0; round < 30; ++round) {
        World world(random_manifests(dice));
        for (int asked = 0; asked < 60; ++asked) {
            QuestionWords words;
            words.host = dice.pick(k_hosts);
            RouteQuestion question = *read_route_question(words);
            const std::string authority = question.request.authority;
            question.request = random_request(dice);
            question.request.authority = authority;
            const RouteExplanation explanation = explain_route(world.snapshot(), question);
            const auto fields = fields_of(question.request);
            HttpRouteFacts facts;
            facts.authority = authority;
            facts.destination = question.destination;
            facts.method = question.request.method;
            facts.headers = fields;
            const std::string path = has_path_rules(world.snapshot(), facts)
                                         ? path_of(question.request.target)
                                         : question.request.target;
            facts.path = path;
            if (explanation.reason == Reason::path_refused) {
                EXPECT_EQ(question.request.target, "/b%2Fc");
                continue;
            }
            const Route route = route_http(world.snapshot(), facts);
            ASSERT_EQ(
                explanation.reason,
                route.reason == Reason::unknown_service ? Reason::passthrough : route.reason
            );
            ASSERT_EQ(explanation.split ? explanation.split->name : "", route.split_name);
            ASSERT_EQ(explanation.backends.size(), route.backends.size());
            double sum = 0;
            for (std::size_t i = 0; i < route.backends.size(); ++i) {
                ASSERT_EQ(explanation.backends[i].service.name, route.backends[i].backend->service);
                sum += explanation.backends[i].share;
            }
            ASSERT_NEAR(sum, explanation.is_routed() ? 1.0 : 0.0, 1e-9);
            const auto applying = std::count_if(
                explanation.tried.begin(),
                explanation.tried.end(),
                [](const TriedSplit& tried) {
                    return tried.outcome == TriedSplit::Outcome::applies;
                }
            );
            ASSERT_EQ(applying, explanation.split ? 1 : 0);
            for (const TriedSplit& tried : explanation.tried) {
                ASSERT_NE(tried.detail, "");
            }
            split += explanation.split ? 1 : 0;
        }
    }
    EXPECT_GT(split, 50);
}

INSTANTIATE_TEST_SUITE_P(Seeds, ExplainOracle, testing::Values(1u, 2u, 3u, 5u));

}  // namespace
}  // namespace policy::test
