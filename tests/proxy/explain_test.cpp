#include "proxy/command/explain.hpp"

#include <CLI/CLI.hpp>
#include <boost/json.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

namespace proxy::command {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

constexpr const char* k_manifests = R"(
apiVersion: specs.smi-spec.io/v1alpha4
kind: HTTPRouteGroup
metadata: {name: routes, namespace: shop}
spec: {matches: [{name: pay, pathRegex: /pay/.*, methods: [POST]}]}
---
apiVersion: access.smi-spec.io/v1alpha3
kind: TrafficTarget
metadata: {name: pay, namespace: shop}
spec:
  destination: {kind: ServiceAccount, name: pay, namespace: shop}
  rules: [{kind: HTTPRouteGroup, name: routes}]
  sources: [{kind: ServiceAccount, name: web, namespace: shop}]
---
apiVersion: v1
kind: Service
metadata: {name: pay}
spec: {clusterIP: 10.0.0.1, ports: [{port: 80, targetPort: 8080}]}
---
apiVersion: v1
kind: Endpoints
metadata: {name: pay}
subsets: [{addresses: [{ip: 10.1.0.1}], ports: [{port: 8080}]}]
)";

struct Outcome {
    int exit_code = 0;
    std::string output;
    std::string error;

    [[nodiscard]] boost::json::object json() const {
        return boost::json::parse(output).as_object();
    }
};

class Explain : public ::testing::Test {
 protected:
    Explain() {
        std::string name = (std::filesystem::temp_directory_path() / "smilax-XXXXXX").string();
        folder_ = ::mkdtemp(name.data());
        std::ofstream(folder_ / "mesh.yaml") << k_manifests;
        access_.paths = route_.paths = {folder_};
        access_.words.from = "shop/web";
        access_.words.port = "8080";
        access_.words.method = "POST";
        access_.words.path = "/pay/1?x";
        access_.to = "shop/pay";
        access_.as_json = route_.as_json = true;
        route_.words.host = "pay";
        route_.policy.name_space = "shop";
    }
    ~Explain() override { std::filesystem::remove_all(folder_); }

    using Run = int (*)(const ExplainOptions&, const CommandStreams&);
    static Outcome run(Run which, const ExplainOptions& options, const std::string& input = {}) {
        std::istringstream in(input);
        std::ostringstream out;
        std::ostringstream err;
        const int exit_code = which(options, {in, out, err});
        return {exit_code, out.str(), err.str()};
    }
    Outcome ask_access(const std::string& input = {}) {
        return run(run_explain_access, access_, input);
    }
    Outcome ask_route(const std::string& input = {}) {
        return run(run_explain_route, route_, input);
    }

    std::filesystem::path folder_;
    ExplainOptions access_;
    ExplainOptions route_;
};

TEST_F(Explain, TellsWhatAllowed) {
    const Outcome outcome = ask_access();
    EXPECT_EQ(outcome.exit_code, 0) << outcome.error;
    EXPECT_EQ(outcome.json()["verdict"], "allow");
    EXPECT_EQ(
        outcome.json()["rule"],
        boost::json::parse(
            R"({"kind":"TrafficTarget","namespace":"shop","name":"pay","match":"pay"})"
        )
    );
}

TEST_F(Explain, ExitsThreeWhenDenied) {
    access_.words.method = "GET";
    const Outcome outcome = ask_access();
    EXPECT_EQ(outcome.exit_code, 3);
    EXPECT_EQ(outcome.json()["verdict"], "deny");
    EXPECT_EQ(outcome.json()["reason"], "route_not_allowed");
    EXPECT_EQ(
        outcome.json()["considered"].as_array()[0].as_object()["detail"],
        "match pay: method GET is not POST"
    );
}

TEST_F(Explain, CompilesForTheWorkloadThatIsCalled) {
    access_.to = "shop/other";
    EXPECT_EQ(ask_access().json()["reason"], "no_target");
    access_.to = "spiffe://cluster.local/ns/shop/sa/pay";
    EXPECT_EQ(ask_access().exit_code, 0);
    access_.policy.trust_domain = "other.example";
    access_.to = "shop/pay";
    EXPECT_EQ(ask_access().exit_code, 0) << "both are in that trust domain";
    access_.words.from = "spiffe://cluster.local/ns/shop/sa/web";
    EXPECT_EQ(ask_access().json()["reason"], "source_not_allowed");
}

TEST_F(Explain, HeedsTheSwitches) {
    access_.words.path = "/pay/1/..%2f";
    EXPECT_EQ(ask_access().json()["reason"], "path_refused");
    access_.policy.options.keep_escaped_slash = true;
    EXPECT_EQ(ask_access().exit_code, 0);
}

TEST_F(Explain, JudgesOnlyHeadersThatGoOn) {
    access_.words.headers = {"connection: x-a", "x-a: 1"};
    EXPECT_EQ(ask_access().json()["droppedHeaders"], boost::json::parse(R"(["connection","x-a"])"));
}

TEST_F(Explain, SaysThatTheProxyWouldNotTakeTheRequest) {
    access_.words.method = "post";
    const Outcome outcome = ask_access();
    EXPECT_EQ(outcome.exit_code, 3);
    EXPECT_EQ(outcome.json()["reason"], "malformed_request");
}

TEST_F(Explain, ShowsBackends) {
    const Outcome outcome = ask_route();
    EXPECT_EQ(outcome.exit_code, 0) << outcome.error;
    EXPECT_EQ(outcome.json()["service"], "shop/pay");
    EXPECT_EQ(
        outcome.json()["backends"],
        boost::json::parse(R"([{"service":"shop/pay","port":80,"weight":"1","share":1,
            "endpoints":["10.1.0.1:8080"]}])")
    );
}

TEST_F(Explain, ResolvesShortNamesInTheNamespaceOfTheCaller) {
    route_.policy.name_space = "default";
    route_.words.from = "shop/web";
    EXPECT_EQ(ask_route().exit_code, 3);
    EXPECT_EQ(ask_route().json()["reason"], "passthrough");
    route_.words.host = "pay.default";
    EXPECT_EQ(ask_route().json()["service"], "default/pay");
}

TEST_F(Explain, ReadsStandardInput) {
    route_.paths = {"-"};
    EXPECT_EQ(ask_route(k_manifests).exit_code, 0);
    EXPECT_EQ(ask_route("").exit_code, 3);
}

TEST_F(Explain, ShowsProblemsAndNeverHidesAFile) {
    std::ofstream(folder_ / "broken.yaml") << "a: [\n";
    std::filesystem::create_symlink("nowhere", folder_ / "gone.yaml");
    const auto problems = ask_access().json()["problems"].as_array();
    ASSERT_GE(problems.size(), 2U);
    std::string codes;
    for (const auto& problem : problems) {
        codes += problem.at("code").as_string().c_str() + std::string(" ");
    }
    EXPECT_THAT(codes, HasSubstr("unreadable_file"));
    access_.as_json = false;
    EXPECT_THAT(ask_access().output, HasSubstr("broken.yaml:"));
}

TEST_F(Explain, ExitsTwoWithASentenceForWrongUsage) {
    const auto expect_wrong = [this](const std::string& sentence) {
        const Outcome outcome = ask_access();
        EXPECT_EQ(outcome.exit_code, 2);
        EXPECT_THAT(outcome.output, IsEmpty());
        EXPECT_THAT(outcome.error, StartsWith("smilax explain access: "));
        EXPECT_THAT(outcome.error, HasSubstr(sentence));
    };
    const ExplainOptions good = access_;
    access_.words.from = "web";
    expect_wrong("from: ");
    access_ = good;
    access_.to = "none";
    expect_wrong("to: ");
    access_ = good;
    access_.words.port = "http";
    expect_wrong("port: ");
    access_ = good;
    access_.words.headers = {"nonsense"};
    expect_wrong("header: ");
    access_ = good;
    access_.paths = {(folder_ / "absent").string()};
    expect_wrong("No such file");
    access_ = good;
    access_.policy.name_space = "a/b";
    expect_wrong("--namespace");
}

TEST_F(Explain, ACallerWithoutAnIdentityIsOfTheNamespaceThatIsSaid) {
    route_.words.from = "none";
    const Outcome outcome = ask_route();
    EXPECT_EQ(outcome.exit_code, 0) << outcome.error;
    EXPECT_EQ(outcome.json()["service"], "shop/pay");
    EXPECT_EQ(outcome.json()["asked"], "GET / from shop/default to pay");
    route_.words.from = "web";
    EXPECT_EQ(ask_route().exit_code, 2);
    EXPECT_THAT(ask_route().error, StartsWith("smilax explain route: from: "));
}

TEST_F(Explain, HeedsTheModeOfThePodsConfiguration) {
    std::ofstream(folder_ / "namespace.yaml")
        << "{apiVersion: v1, kind: Namespace, metadata: {name: shop, annotations: "
           "{smilax.dev/access: audit}}}\n";
    EXPECT_EQ(ask_access().json()["mode"], "audit");
    access_.policy.options.access = policy::AccessMode::enforce;
    EXPECT_EQ(ask_access().json()["mode"], "enforce");
}

TEST_F(Explain, WritesColoursOnlyWhenAsked) {
    access_.as_json = false;
    EXPECT_THAT(ask_access().output, StartsWith("allowed: POST /pay/1?x from shop/web"));
    access_.use_colours = true;
    EXPECT_THAT(ask_access().output, StartsWith("\x1b[1;32mallowed\x1b[0m: POST"));
    access_.words.method = "GET";
    EXPECT_THAT(
        ask_access().output, StartsWith("\x1b[1;31mdenied (route_not_allowed)\x1b[0m: GET")
    );
}

class ExplainLine : public Explain {
 protected:
    /// What main does with the arguments; -1 when they cannot be read.
    int parse(std::vector<std::string> arguments) {
        CLI::App app;
        CommandResult result;
        add_explain_command(app, result);
        std::reverse(arguments.begin(), arguments.end());
        testing::internal::CaptureStdout();
        try {
            app.parse(arguments);
        } catch (const CLI::ParseError&) {
            result.exit_code = -1;
        }
        output_ = testing::internal::GetCapturedStdout();
        return result.exit_code;
    }

    std::string output_;
};

TEST_F(ExplainLine, ReadsItsOptions) {
    const std::string folder = folder_.string();
    EXPECT_EQ(
        parse(
            {"explain",
             "access",
             "-H",
             "x-a: 1",
             folder,
             "--from",
             "shop/web",
             "--to",
             "shop/pay",
             "--port",
             "8080",
             "-H",
             "x-b: 2",
             "--method",
             "POST",
             "--path",
             "/pay/1",
             "-o",
             "json"}
        ),
        0
    );
    EXPECT_THAT(output_, StartsWith(R"({"verdict":"allow")"));
    EXPECT_EQ(
        parse({"explain", "route", folder, "--host", "pay:80", "--protocol", "tcp", "-o", "json"}),
        0
    );
    EXPECT_THAT(output_, StartsWith(R"({"service":"default/pay")"));
}

TEST_F(ExplainLine, InsistsOnWhatItNeeds) {
    const std::string folder = folder_.string();
    EXPECT_EQ(parse({"explain"}), -1);
    EXPECT_EQ(parse({"explain", "access", folder, "--to", "shop/pay", "--port", "1"}), -1);
    EXPECT_EQ(parse({"explain", "access", folder, "--from", "shop/web", "--port", "1"}), -1);
    EXPECT_EQ(parse({"explain", "access", folder, "--from", "a/b", "--to", "shop/pay"}), -1);
    EXPECT_EQ(parse({"explain", "route", folder}), -1);
    EXPECT_EQ(parse({"explain", "route", "--host", "pay"}), -1);
}

}  // namespace
}  // namespace proxy::command
