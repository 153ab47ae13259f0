#include "proxy/control/explain_pages.hpp"

#include "policy/compile.hpp"
#include "policy/inventory.hpp"

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>

namespace proxy::control {
namespace {

using ::testing::HasSubstr;

constexpr const char* k_manifests = R"(
apiVersion: specs.smi-spec.io/v1alpha4
kind: HTTPRouteGroup
metadata: {name: routes, namespace: shop}
spec: {matches: [{name: user, headers: {x-user: '^a\+b c$'}, pathRegex: /pay}]}
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
metadata: {name: api}
spec: {clusterIP: 10.0.0.1, ports: [{port: 80, targetPort: 8080}]}
---
apiVersion: v1
kind: Endpoints
metadata: {name: api}
subsets: [{addresses: [{ip: 10.1.0.1}], ports: [{port: 8080}]}]
)";

class ExplainPages : public testing::Test {
 protected:
    ExplainPages() {
        policy::Inventory inventory("shop");
        EXPECT_TRUE(inventory.replace_file("a.yaml", k_manifests));
        const policy::Workload workload{"cluster.local", "shop", "pay", "pay-1"};
        snapshot_ = policy::compile(inventory, workload, policy::Options(), 1).snapshot;
        handlers_.snapshot = [this] { return std::move(snapshot_); };  // the page must hold it
        handlers_.problems = [] {
            return std::vector<policy::Problem>{
                {policy::Severity::warning, {"a.yaml", 1, 2}, "", "some_code", "Mind it."}
            };
        };
    }

    AdminPage access(const std::string& query) { return explain_access_page(handlers_, query); }
    AdminPage route(const std::string& query) { return explain_route_page(handlers_, query); }

    AdminHandlers handlers_;
    std::shared_ptr<const policy::Snapshot> snapshot_;
};

TEST_F(ExplainPages, AnswersAboutTheSnapshotInForce) {
    const AdminPage page = access("from=shop/web&port=8080&path=/pay&header=x-user:%20a+b%20c");
    EXPECT_EQ(page.status, 200U);
    EXPECT_EQ(page.content_type, "application/json");
    const auto answer = boost::json::parse(page.body).as_object();
    EXPECT_EQ(answer.at("verdict"), "allow") << page.body;
    EXPECT_EQ(answer.at("problems").as_array().size(), 1U);
}

TEST_F(ExplainPages, TellsTheConditionThatFailed) {
    const AdminPage page = access("from=shop/web&port=8080&path=/pay");
    EXPECT_EQ(page.status, 200U);
    EXPECT_THAT(page.body, HasSubstr(R"("detail":"match user: header x-user is absent")"));
}

TEST_F(ExplainPages, AnswersWhereItGoes) {
    const AdminPage page = route("host=api&protocol=tcp");
    EXPECT_EQ(page.status, 200U);
    EXPECT_EQ(boost::json::parse(page.body).as_object().at("service"), "shop/api");
}

TEST_F(ExplainPages, TakesTheTrustDomainOfTheConfiguration) {
    handlers_.trust_domain = "other.example";
    EXPECT_THAT(
        access("from=shop/web&port=8080").body, HasSubstr(R"("reason":"source_not_allowed")")
    );
}

TEST_F(ExplainPages, RefusesAQueryThatIsNotBeyondDoubt) {
    struct Case {
        const char* query;
        const char* sentence;
    };
    for (const Case& c : std::vector<Case>{
             {"", "from: "},
             {"from=shop/web", "port: "},
             {"from=shop/web&port=0", "port: "},
             {"from=shop/web&port=80&port=80", "port: it is there twice"},
             {"from=shop/web&port=80&ports=1", "no parameter \"ports\""},
             {"from=shop/web&port=80&host=api", "no parameter \"host\""},
             {"from=shop/web&port=80&path", "path: it has no value"},
             {"from=shop/web&port=80&path=/%zz", "path: it has no value that can be percent"},
             {"from=shop/web&port=80&path=/%2", "path: it has no value that can be percent"},
             {"from=shop/web&port=80&&", "no parameter \"\""},
             {"from=shop/web&port=80&header=x", "header: "},
             {"from=shop/web&port=80&header=x:%0d%0ay:1", "header: "},
             {"from=shop/web&port=80&protocol=smtp", "protocol: "},
             {"from=web&port=80", "from: "},
         }) {
        const AdminPage page = access(c.query);
        EXPECT_EQ(page.status, 400U) << c.query;
        EXPECT_THAT(page.body, HasSubstr(c.sentence));
        EXPECT_THAT(page.content_type, HasSubstr("text/plain"));
    }
    EXPECT_EQ(route("").status, 400U);
    EXPECT_EQ(route("host=").status, 400U);
    EXPECT_THAT(route("host=api&from=shop/web").body, HasSubstr("no parameter \"from\""));
}

TEST_F(ExplainPages, SaysThatThereIsNoSnapshotYet) {
    snapshot_.reset();
    EXPECT_EQ(access("from=shop/web&port=80").status, 503U);
    EXPECT_EQ(route("host=api").status, 503U);
}

}  // namespace
}  // namespace proxy::control
