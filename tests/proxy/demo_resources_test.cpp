#include "policy/compile.hpp"
#include "policy/decide.hpp"
#include "policy/inventory.hpp"
#include "policy/route.hpp"
#include "proxy/command/configuration_file.hpp"
#include "proxy/command/demo/network.hpp"
#include "proxy/command/demo/resources.hpp"
#include "proxy/command/demo/work_directory.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <unistd.h>

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace proxy::command::demo {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

std::vector<std::string> sentences(const std::vector<policy::Problem>& problems) {
    std::vector<std::string> out;
    for (const policy::Problem& problem : problems) {
        out.push_back(policy::to_string(problem));
    }
    return out;
}

/// What a sidecar makes of the demo's files.
struct Compiled {
    policy::Inventory inventory{"shop"};
    std::shared_ptr<const policy::Snapshot> snapshot;
    std::vector<std::string> problems;

    Compiled(const Plan& plan, const std::string& split) {
        inventory.replace_file("cluster.yaml", cluster_text(plan));
        inventory.replace_file("access.yaml", access_text());
        inventory.replace_file("split.yaml", split);
        policy::Workload workload;
        workload.name_space = "shop";
        workload.service_account = "api";
        workload.pod = "api-v1";
        auto compiled = policy::compile(inventory, workload, {}, 1);
        snapshot = compiled.snapshot;
        problems = sentences(inventory.problems());
        for (const std::string& sentence : sentences(compiled.problems)) {
            problems.push_back(sentence);
        }
    }

    [[nodiscard]] policy::Reason decide(const std::string& account, const std::string& path) const {
        policy::Identity peer;
        peer.trust_domain = "cluster.local";
        peer.name_space = "shop";
        peer.service_account = account;
        policy::HttpFacts facts;
        facts.peer = &peer;
        facts.port = 8080;
        facts.method = "GET";
        facts.path = path;
        return policy::decide_http(*snapshot, facts).reason;
    }
};

class DemoPlans : public testing::TestWithParam<Plan> {};

TEST_P(DemoPlans, ResourcesHaveNoProblems) {
    EXPECT_THAT(Compiled(GetParam(), weighted_split_text(90, 10)).problems, IsEmpty());
    EXPECT_THAT(Compiled(GetParam(), canary_split_text()).problems, IsEmpty());
}

TEST_P(DemoPlans, TargetLetsWebReadBooksAndNothingElse) {
    const Compiled compiled(GetParam(), weighted_split_text(90, 10));

    EXPECT_EQ(compiled.decide("web", "/books"), policy::Reason::allowed);
    EXPECT_EQ(compiled.decide("web", "/books/42"), policy::Reason::allowed);
    EXPECT_EQ(compiled.decide("web", "/bookshelf"), policy::Reason::route_not_allowed);
    EXPECT_EQ(compiled.decide("web", "/admin"), policy::Reason::route_not_allowed);
    EXPECT_EQ(compiled.decide("payments", "/books"), policy::Reason::source_not_allowed);
}

TEST_P(DemoPlans, SplitDividesApiByWeight) {
    const Compiled compiled(GetParam(), weighted_split_text(90, 10));
    policy::HttpRouteFacts facts;
    const std::string host = GetParam().service("api").host();
    facts.authority = host;
    facts.method = "GET";
    facts.path = "/books";

    const policy::Route route = policy::route_http(*compiled.snapshot, facts);

    ASSERT_EQ(route.reason, policy::Reason::routed);
    EXPECT_EQ(route.split_name, "api-rollout");
    ASSERT_EQ(route.backends.size(), 2U);
    EXPECT_EQ(route.backends[0].weight, 9 * route.backends[1].weight);
    EXPECT_TRUE(route.backends[0].backend->endpoints.at(0).meshed);
}

TEST_P(DemoPlans, SidecarConfigurationIsOneThatTheProxyReads) {
    const SidecarFiles files{"/tmp/it's here/resources", "/tmp/it's here/identity"};
    const std::string path =
        testing::TempDir() + "/demo-proxy-" + std::to_string(::getpid()) + ".yaml";
    for (const Pod& pod : GetParam().pods) {
        if (!pod.is_meshed()) {
            continue;
        }
        ASSERT_TRUE(replace_file(path, sidecar_text(GetParam(), pod, files), 0600, std::nullopt));
        const auto read = load_configuration(path, {});
        ASSERT_TRUE(read.has_value()) << sentences(read.error()).front();
        EXPECT_EQ(read->workload.service_account, pod.service_account);
        EXPECT_EQ(read->resource_directories.at(0), files.resources);
        EXPECT_EQ(read->identity.key, files.identity + "/tls.key");
    }
    std::filesystem::remove(path);
}

INSTANTIATE_TEST_SUITE_P(
    Modes,
    DemoPlans,
    testing::Values(
        plan_namespaces("smilax-demo-1", true),
        plan_namespaces("smilax-demo-1", false),
        plan_loopback("smilax-demo-1", 7)
    )
);

TEST(Network, GivesEachPodOneLegOnTheBridge) {
    const Plan plan = plan_namespaces("smilax-demo-1", true);

    for (const Pod& pod : plan.pods) {
        EXPECT_THAT(
            bridge_batch(plan), HasSubstr("peer name eth0 netns " + pod.network_namespace + "\n")
        );
        EXPECT_THAT(pod_batch(plan, pod), HasSubstr("addr add " + pod.address.text() + "/16"));
        EXPECT_THAT(pod_batch(plan, pod), HasSubstr("addr add " + pod.address6->text() + "/64"));
    }
}

TEST(Network, DoesWithoutIpv6) {
    const Plan plan = plan_namespaces("smilax-demo-1", false);

    EXPECT_THAT(bridge_batch(plan), Not(HasSubstr("2001:")));
    EXPECT_THAT(pod_batch(plan, plan.pods.front()), Not(HasSubstr("2001:")));
    EXPECT_THAT(cluster_text(plan), Not(HasSubstr("IPv6")));
}

}  // namespace
}  // namespace proxy::command::demo
