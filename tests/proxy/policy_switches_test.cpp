#include "proxy/command/policy_switches.hpp"

#include <CLI/CLI.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace proxy::command {
namespace {

using policy::RegexMode;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class PolicySwitchesTest : public ::testing::Test {
 protected:
    PolicySwitchesTest() {
        add_policy_switches(app_, switches_);
        app_.add_option("PATH", paths_);
    }

    const PolicySwitches& parse(std::vector<std::string> arguments) {
        app_.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));
        return switches_;
    }

    PolicySwitches switches_;
    std::vector<std::string> paths_;
    CLI::App app_;
};

TEST_F(PolicySwitchesTest, WithoutAnyTheyAreTheDefaultsOfTheProxy) {
    const PolicySwitches& switches = parse({"manifests"});
    EXPECT_EQ(switches.name_space, "default");
    EXPECT_EQ(switches.trust_domain, "cluster.local");
    EXPECT_EQ(switches.options.access, std::nullopt);
    EXPECT_EQ(switches.options.path_regex, RegexMode::start);
    EXPECT_EQ(switches.options.header_regex, RegexMode::search);
    EXPECT_FALSE(switches.options.allow_cross_namespace_targets);
    EXPECT_FALSE(switches.options.keep_escaped_slash);
    EXPECT_FALSE(switches.options.empty_backends_fail);
    EXPECT_THAT(switches.options.opaque_ports, IsEmpty());
}

TEST_F(PolicySwitchesTest, EachSetsItsOption) {
    const PolicySwitches& switches = parse(
        {"--namespace=shop",
         "--trust-domain=mesh.example",
         "--access=audit",
         "--mtls=permissive",
         "--path-regex=full",
         "--header-regex=full",
         "--allow-cross-namespace-targets",
         "--escaped-slash=keep",
         "--empty-backend=fail",
         "--opaque-port=3306"}
    );
    EXPECT_EQ(switches.name_space, "shop");
    EXPECT_EQ(switches.trust_domain, "mesh.example");
    EXPECT_EQ(switches.options.access, policy::AccessMode::audit);
    EXPECT_EQ(switches.options.mtls, policy::MtlsMode::permissive);
    EXPECT_EQ(switches.options.path_regex, RegexMode::full);
    EXPECT_EQ(switches.options.header_regex, RegexMode::full);
    EXPECT_TRUE(switches.options.allow_cross_namespace_targets);
    EXPECT_TRUE(switches.options.keep_escaped_slash);
    EXPECT_TRUE(switches.options.empty_backends_fail);
    EXPECT_THAT(switches.options.opaque_ports, ElementsAre(3306));
}

TEST_F(PolicySwitchesTest, AnOpaquePortLeavesThePathBehindItAlone) {
    const PolicySwitches& switches =
        parse({"--opaque-port", "5432", "--opaque-port", "3306", "manifests"});
    EXPECT_THAT(switches.options.opaque_ports, ElementsAre(3306, 5432));
    EXPECT_THAT(paths_, ElementsAre("manifests"));
}

TEST_F(PolicySwitchesTest, TheDefaultCanBeSaidAloud) {
    const PolicySwitches& switches =
        parse({"--path-regex=start", "--header-regex=search", "--escaped-slash=refuse"});
    EXPECT_EQ(switches.options.path_regex, RegexMode::start);
    EXPECT_EQ(switches.options.header_regex, RegexMode::search);
    EXPECT_FALSE(switches.options.keep_escaped_slash);
}

TEST_F(PolicySwitchesTest, HelpNamesTheWordsAndTheDefault) {
    EXPECT_THAT(app_.help(), HasSubstr("{start,full}"));
    EXPECT_THAT(app_.help(), HasSubstr("{search,full}=search"));
}

class RefusedSwitch : public PolicySwitchesTest,
                      public ::testing::WithParamInterface<const char*> {};

TEST_P(RefusedSwitch, IsWrongUsage) {
    EXPECT_THROW(parse({GetParam()}), CLI::ValidationError);
}

INSTANTIATE_TEST_SUITE_P(
    All,
    RefusedSwitch,
    ::testing::Values(
        "--access=on",
        "--path-regex=search",
        "--header-regex=start",
        "--escaped-slash=decode",
        "--empty-backend=drop",
        "--opaque-port=0",
        "--opaque-port=65536"
    )
);

TEST(JudgeSwitches, RefusesWhatNoIdentityCanHave) {
    PolicySwitches switches;
    EXPECT_EQ(judge_switches(switches), std::nullopt);
    switches.name_space = "a/sa/b";
    EXPECT_NE(judge_switches(switches), std::nullopt);
    switches.name_space = "shop";
    switches.trust_domain = "Mesh";
    EXPECT_NE(judge_switches(switches), std::nullopt);
}

}  // namespace
}  // namespace proxy::command
