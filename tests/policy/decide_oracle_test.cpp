// decide() against a slow and obvious reading of smi.md §1.7, over random small worlds.
#include "policy/decide.hpp"
#include "tests/policy/world.hpp"

#include <array>
#include <functional>
#include <random>

namespace policy::test {
namespace {

// Patterns with what they mean, said in another way than by a regular expression.
struct Pattern {
    const char* text;
    bool (*matches)(const std::string&);
};
const std::array<Pattern, 6> k_paths{{
    {"/a", [](const std::string& path) { return path.substr(0, 2) == "/a"; }},
    {"/a$", [](const std::string& path) { return path == "/a"; }},
    {"/(a|b)/",
     [](const std::string& path) {
         return path.substr(0, 3) == "/a/" || path.substr(0, 3) == "/b/";
     }},
    {".*b", [](const std::string& path) { return path.find('b') != std::string::npos; }},
    {".*", [](const std::string&) { return true; }},
    {"(", [](const std::string&) { return false; }},  // does not compile
}};
const std::array<const char*, 6> k_request_paths{"/", "/a", "/a/b", "/ab", "/b", "/b/c"};
const std::array<const char*, 3> k_methods{"GET", "POST", "PURGE"};
const std::array<const char*, 3> k_names{"web", "cart", "ghost"};
const std::array<std::uint16_t, 3> k_ports{80, 8080, 9090};

struct ModelMatch {
    int path = -1;  // index, -1: any
    std::vector<std::string> methods;
    bool wants_header = false;  // x: ^1$
};
struct ModelRule {
    std::string kind;
    std::vector<std::uint16_t> ports;  // of TCPRoute and UDPRoute
    std::vector<ModelMatch> matches;
    int named_match = -1;  // of HTTPRouteGroup: -1 all, else its index (which may be missing)
    bool is_missing = false;
};
struct ModelTarget {
    bool is_for_us = true;
    std::optional<std::uint16_t> port;
    std::vector<std::string> sources;
    std::vector<ModelRule> rules;
};
struct ModelRequest {
    std::optional<std::string> peer;
    std::uint16_t port = 80;
    std::string method, path;
    std::vector<std::string> header_values;
    bool is_http = true;
};

class Dice {
 public:
    explicit Dice(unsigned seed) : engine_(seed) {}
    int below(int bound) { return static_cast<int>(engine_() % static_cast<unsigned>(bound)); }
    bool one_in(int n) { return below(n) == 0; }
    template <class T, std::size_t N>
    T pick(const std::array<T, N>& from) {
        return from[static_cast<std::size_t>(below(N))];
    }

 private:
    std::mt19937 engine_;
};

ModelRule random_rule(Dice& dice) {
    ModelRule rule;
    rule.kind = dice.pick(std::array<const char*, 5>{
        "TCPRoute", "TCPRoute", "HTTPRouteGroup", "HTTPRouteGroup", "UDPRoute"
    });
    if (dice.one_in(25)) {
        rule.kind = "OddRoute";
    }
    rule.is_missing = dice.one_in(10);
    for (int i = dice.below(3); i > 0; --i) {
        rule.ports.push_back(dice.pick(k_ports));
    }
    for (int i = dice.below(3); i > 0; --i) {
        ModelMatch match;
        match.path = dice.below(static_cast<int>(k_paths.size()) + 1) - 1;
        if (dice.one_in(2)) {
            match.methods.push_back(dice.pick(k_methods));
        }
        match.wants_header = dice.one_in(4);
        rule.matches.push_back(match);
    }
    rule.named_match = dice.one_in(3) ? dice.below(3) : -1;
    return rule;
}

std::vector<ModelTarget> random_world(Dice& dice) {
    std::vector<ModelTarget> targets(static_cast<std::size_t>(dice.below(5)));
    for (ModelTarget& target : targets) {
        target.is_for_us = !dice.one_in(6);
        if (dice.one_in(5)) {
            target.port = dice.pick(k_ports);
        }
        for (int i = dice.below(4); i > 0; --i) {
            target.sources.push_back(dice.pick(std::array<const char*, 2>{"web", "cart"}));
        }
        for (int i = dice.below(4); i > 0; --i) {
            target.rules.push_back(random_rule(dice));
        }
    }
    return targets;
}

std::string list(const std::vector<std::string>& items) {
    std::string text = "[";
    for (const std::string& item : items) {
        text += (text.size() > 1 ? ", " : "") + item;
    }
    return text + "]";
}

std::string manifest_of(const ModelRule& rule, const std::string& name) {
    if (rule.is_missing || rule.kind == "OddRoute") {
        return {};
    }
    if (rule.kind != "HTTPRouteGroup") {
        std::vector<std::string> ports;
        for (const std::uint16_t port : rule.ports) {
            ports.push_back(std::to_string(port));
        }
        const std::string text = list(ports);
        const std::string inner = text.substr(1, text.size() - 2);
        return rule.kind == "TCPRoute" ? tcp_route(name, inner) : udp_route(name, inner);
    }
    std::vector<std::string> matches;
    for (std::size_t i = 0; i < rule.matches.size(); ++i) {
        const ModelMatch& match = rule.matches[i];
        std::string text = "{name: m" + std::to_string(i);
        if (match.path >= 0) {
            text += std::string(", pathRegex: '") +
                    k_paths[static_cast<std::size_t>(match.path)].text + "'";
        }
        text += match.methods.empty() ? "" : ", methods: " + list(match.methods);
        text += match.wants_header ? ", headers: {X: '^1$'}}" : "}";
        matches.push_back(text);
    }
    return group(name, list(matches));
}

std::string manifests_of(const std::vector<ModelTarget>& targets) {
    std::string text;
    for (std::size_t t = 0; t < targets.size(); ++t) {
        const ModelTarget& model = targets[t];
        std::vector<std::string> rules;
        std::vector<std::string> sources;
        for (const std::string& source : model.sources) {
            sources.push_back("{kind: ServiceAccount, namespace: shop, name: " + source + "}");
        }
        for (std::size_t r = 0; r < model.rules.size(); ++r) {
            const ModelRule& rule = model.rules[r];
            const std::string name = "r" + std::to_string(t) + std::to_string(r);
            text += manifest_of(rule, name);
            std::string reference = "{kind: " + rule.kind + ", name: " + name;
            reference += rule.named_match < 0
                             ? "}"
                             : ", matches: [m" + std::to_string(rule.named_match) + "]}";
            rules.push_back(reference);
        }
        text +=
            "---\napiVersion: access.smi-spec.io/v1alpha2\nkind: TrafficTarget\nmetadata: {name: "
            "t" +
            std::to_string(t) +
            "}\nspec: {destination: {kind: ServiceAccount, namespace: shop, name: " +
            (model.is_for_us ? "pay" : "other") +
            (model.port ? ", port: " + std::to_string(*model.port) : std::string()) +
            "}, sources: " + list(sources) + ", rules: " + list(rules) + "}\n";
    }
    return text;
}

// --- The oracle: §1.7, clause by clause ---

bool has_kind(const ModelTarget& target, const std::string& kind) {
    return std::any_of(target.rules.begin(), target.rules.end(), [&](const ModelRule& rule) {
        return rule.kind == kind;
    });
}

bool is_valid(const ModelTarget& target) {
    return target.is_for_us && !target.rules.empty() && !target.sources.empty() &&
           !has_kind(target, "OddRoute");
}

bool has_source(const ModelTarget& target, const ModelRequest& request) {
    return request.peer &&
           std::count(target.sources.begin(), target.sources.end(), *request.peer) > 0;
}

bool tcp_ports_contain(const ModelTarget& target, std::uint16_t port) {
    return std::any_of(target.rules.begin(), target.rules.end(), [&](const ModelRule& rule) {
        return rule.kind == "TCPRoute" && !rule.is_missing &&
               (rule.ports.empty() || std::count(rule.ports.begin(), rule.ports.end(), port) > 0);
    });
}

bool match_holds(const ModelMatch& match, const ModelRequest& request) {
    const bool method = match.methods.empty() ||
                        std::count(match.methods.begin(), match.methods.end(), request.method) > 0;
    const bool path =
        match.path < 0 || k_paths[static_cast<std::size_t>(match.path)].matches(request.path);
    const auto& values = request.header_values;
    const bool header =
        !match.wants_header || (!values.empty() && std::count(values.begin(), values.end(), "1") ==
                                                       static_cast<std::ptrdiff_t>(values.size()));
    return method && path && header;
}

bool some_match_holds(const ModelTarget& target, const ModelRequest& request) {
    for (const ModelRule& rule : target.rules) {
        for (std::size_t i = 0; i < rule.matches.size(); ++i) {
            const bool is_listed = rule.named_match < 0 || rule.named_match == static_cast<int>(i);
            if (rule.kind == "HTTPRouteGroup" && !rule.is_missing && is_listed &&
                match_holds(rule.matches[i], request)) {
                return true;
            }
        }
    }
    return false;
}

bool allows(const ModelTarget& target, const ModelRequest& request, bool is_opaque) {
    const bool has_tcp = has_kind(target, "TCPRoute");
    const bool has_http = has_kind(target, "HTTPRouteGroup");
    if (!is_valid(target) || !has_source(target, request) ||
        (target.port && *target.port != request.port)) {
        return false;
    }
    if (!request.is_http) {
        return has_tcp && tcp_ports_contain(target, request.port) && (!has_http || is_opaque);
    }
    return (!has_tcp || tcp_ports_contain(target, request.port)) && (has_tcp || has_http) &&
           (!has_http || some_match_holds(target, request));
}

ModelRequest random_request(Dice& dice) {
    ModelRequest request;
    if (!dice.one_in(10)) {
        request.peer = dice.pick(k_names);
    }
    request.port = dice.pick(k_ports);
    request.method = dice.pick(k_methods);
    request.path = dice.pick(k_request_paths);
    for (int i = dice.below(3); i > 0; --i) {
        request.header_values.push_back(dice.one_in(4) ? "2" : "1");
    }
    request.is_http = !dice.one_in(3);
    return request;
}

Verdict ask(World& world, const ModelRequest& request) {
    const auto peer = request.peer ? std::optional(account(*request.peer)) : std::nullopt;
    if (!request.is_http) {
        return ask_tcp(world, peer, request.port);
    }
    Request http{request.method, request.path, "pay", {}, request.port};
    for (const std::string& value : request.header_values) {
        http.headers.push_back({"x", value});
    }
    return ask_http(world, peer, http);
}

class DecideOracle : public testing::TestWithParam<unsigned> {};

TEST_P(DecideOracle, AgreesWithTheObviousReading) {
    Dice dice(GetParam());
    int allowed = 0;
    for (int round = 0; round < 40; ++round) {
        const std::vector<ModelTarget> targets = random_world(dice);
        const std::string manifests = manifests_of(targets);
        World world(manifests);
        const bool is_opaque = dice.one_in(4);
        if (is_opaque) {
            world.options.opaque_ports = {k_ports.begin(), k_ports.end()};
        }
        for (int question = 0; question < 100; ++question) {
            const ModelRequest request = random_request(dice);
            const bool expected =
                std::any_of(targets.begin(), targets.end(), [&](const auto& target) {
                    return allows(target, request, is_opaque);
                });
            const Verdict verdict = ask(world, request);
            ASSERT_EQ(verdict.allowed, expected)
                << manifests << "\npeer " << request.peer.value_or("none") << " port "
                << request.port << (request.is_http ? " http " : " tcp ") << request.method << ' '
                << request.path << " headers " << request.header_values.size();
            ASSERT_EQ(verdict.reason == Reason::allowed, expected);
            allowed += expected ? 1 : 0;
        }
    }
    EXPECT_GT(allowed, 100);  // the worlds are not all closed
}

INSTANTIATE_TEST_SUITE_P(Seeds, DecideOracle, testing::Values(1u, 2u, 3u, 5u, 8u, 13u, 21u, 34u));

}  // namespace
}  // namespace policy::test
