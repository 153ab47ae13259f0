#include "decoding.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace policy {
namespace {

using test::codes;
using test::decode;
using test::decode_one;
using test::Decoded;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr std::string_view k_complete = R"(
kind: TrafficTarget
apiVersion: access.smi-spec.io/v1alpha4
metadata:
  name: pay
  namespace: shop
  creationTimestamp: 2024-05-06T07:08:09Z
  labels: {team: a}
spec:
  destination: {kind: ServiceAccount, name: payments, namespace: shop}
  rules:
  - kind: HTTPRouteGroup
    name: routes
    matches: [read, write]
  - kind: TCPRoute
    name: ports
  sources:
  - kind: ServiceAccount
    name: web
    namespace: front
  - kind: ServiceAccount
    name: cron
)";

TEST(AccessDecoder, ReadsEveryField) {
    EXPECT_THAT(decode(k_complete).problems, IsEmpty());
    const auto target = decode_one<TrafficTarget>(k_complete);
    EXPECT_EQ(target.metadata.name, (ObjectName{"shop", "pay"}));
    EXPECT_EQ(target.metadata.origin.file, "f.yaml");
    EXPECT_EQ(target.metadata.origin.line, 2);
    EXPECT_EQ(target.metadata.origin.column, 1);
    EXPECT_EQ(target.metadata.creation_timestamp, "2024-05-06T07:08:09Z");
    EXPECT_EQ(target.metadata.labels.at("team"), "a");
    ASSERT_TRUE(target.destination);
    EXPECT_EQ(target.destination->kind, "ServiceAccount");
    EXPECT_EQ(target.destination->name, "payments");
    EXPECT_EQ(target.destination->name_space, "shop");
    EXPECT_FALSE(target.port);
    ASSERT_EQ(target.rules.size(), 2U);
    EXPECT_EQ(target.rules[0].kind, "HTTPRouteGroup");
    EXPECT_THAT(target.rules[0].matches, ElementsAre("read", "write"));
    EXPECT_EQ(target.rules[0].kind_at.line, 12);
    EXPECT_THAT(target.rules[1].matches, IsEmpty());
    ASSERT_EQ(target.sources.size(), 2U);
    EXPECT_EQ(target.sources[0].name_space, "front");
    EXPECT_EQ(target.sources[1].name, "cron");
    EXPECT_EQ(target.sources[1].name_space, "");
    EXPECT_FALSE(target.is_spoiled);
}

TEST(AccessDecoder, ReadsTheFirstVersionAtTheRoot) {
    constexpr std::string_view text = R"(
kind: TrafficTarget
apiVersion: access.smi-spec.io/v1alpha1
metadata: {name: pay}
destination: {kind: ServiceAccount, name: payments, port: 8080}
specs: [{kind: HTTPRouteGroup, name: routes, matches: [read]}]
sources: [{kind: ServiceAccount, name: web}]
)";
    EXPECT_THAT(decode(text).problems, IsEmpty());
    const auto target = decode_one<TrafficTarget>(text);
    EXPECT_EQ(target.metadata.name, (ObjectName{"default", "pay"}));
    EXPECT_EQ(target.port, 8080);
    EXPECT_EQ(target.rules.at(0).name, "routes");
    EXPECT_EQ(target.sources.at(0).name, "web");
    EXPECT_FALSE(target.is_spoiled);
}

/// A target with one line of its destination replaced.
std::string with_port(std::string_view version, std::string_view port) {
    return "kind: TrafficTarget\napiVersion: access.smi-spec.io/" + std::string(version) +
           "\nmetadata: {name: pay}\nspec:\n  destination:\n    kind: ServiceAccount\n"
           "    name: payments\n    port: " +
           std::string(port) +
           "\n  rules: [{kind: TCPRoute, name: ports}]\n"
           "  sources: [{kind: ServiceAccount, name: web}]\n";
}

TEST(AccessDecoder, EnforcesThePortAlsoWhereItsVersionHasNone) {
    EXPECT_THAT(codes(decode(with_port("v1alpha2", "9091"))), IsEmpty());
    EXPECT_EQ(decode_one<TrafficTarget>(with_port("v1alpha2", "9091")).port, 9091);
    for (const std::string_view version : {"v1alpha3", "v1alpha4"}) {
        for (const std::string_view port : {"9091", "\"9091\""}) {
            const std::string text = with_port(version, port);
            EXPECT_THAT(codes(decode(text)), ElementsAre("warning misplaced_field")) << text;
            EXPECT_EQ(decode_one<TrafficTarget>(text).port, 9091) << text;
            EXPECT_FALSE(decode_one<TrafficTarget>(text).is_spoiled) << text;
        }
    }
}

TEST(AccessDecoder, IsSpoiledByAPortThatIsNone) {
    for (const std::string_view port :
         {"0", "65536", "-1", "80.5", "http", "\"\"", "\"80 \"", "[80]", "true", "", "~"}) {
        const std::string text = with_port("v1alpha2", port);
        EXPECT_EQ(codes(decode(text)).size(), 1U) << text;
        EXPECT_EQ(decode(text).problems.at(0).severity, Severity::error) << text;
        EXPECT_EQ(decode(text).problems.at(0).origin.line, 8) << text;
        EXPECT_TRUE(decode_one<TrafficTarget>(text).is_spoiled) << text;
    }
}

struct Spoiling {
    std::string_view spec;
    std::string_view says;
};

TEST(AccessDecoder, IsSpoiledByEveryFieldOfAWrongType) {
    const Spoiling cases[] = {
        {"[]", "spec is a list: write a mapping"},
        {"", "spec is empty"},
        {"{destination: web}", "spec.destination is a string"},
        {"{destination: {name: 80}}", "spec.destination.name is a number: write it in quotes"},
        {"{destination: {kind: ServiceAccount}}", "spec.destination.name is missing"},
        {"{destination: {name: \"\"}}", "spec.destination.name is empty"},
        {"{destination: {name: x, namespace: []}}", "spec.destination.namespace is a list"},
        {"{sources: {name: web}}", "spec.sources is a mapping: write a list"},
        {"{sources: [web]}", "spec.sources[0] is a string"},
        {"{sources: [{name: a}, {name: true}]}", "spec.sources[1].name is a boolean"},
        {"{sources: [{name: a, kind: {}}]}", "spec.sources[0].kind is a mapping"},
        {"{sources: }", "spec.sources is empty"},
        {"{rules: tcp}", "spec.rules is a string"},
        {"{rules: [{name: r, matches: read}]}", "spec.rules[0].matches is a string: write a list"},
        {"{rules: [{name: r, matches: [1]}]}", "spec.rules[0].matches[0] is a number"},
        {"{rules: [{name: r, matches: }]}", "spec.rules[0].matches is empty"},
        {"{rules: [{kind: TCPRoute}]}", "spec.rules[0].name is missing"},
    };
    for (const Spoiling& spoiling : cases) {
        const std::string text =
            "apiVersion: access.smi-spec.io/v1alpha3\nkind: TrafficTarget\n"
            "metadata: {name: pay, namespace: shop}\nspec: " +
            std::string(spoiling.spec) + "\n";
        const Decoded decoded = decode(text);
        ASSERT_THAT(codes(decoded), testing::SizeIs(1)) << text;
        EXPECT_EQ(decoded.problems[0].severity, Severity::error) << text;
        EXPECT_EQ(decoded.problems[0].object, "TrafficTarget shop/pay");
        EXPECT_EQ(decoded.problems[0].origin.line, 4) << text;
        EXPECT_GT(decoded.problems[0].origin.column, 0) << text;
        EXPECT_THAT(decoded.problems[0].message, HasSubstr(spoiling.says));
        EXPECT_TRUE(decode_one<TrafficTarget>(text).is_spoiled) << text;
    }
}

TEST(AccessDecoder, IsSpoiledWithoutASpec) {
    constexpr std::string_view text =
        "apiVersion: access.smi-spec.io/v1alpha4\nkind: TrafficTarget\nmetadata: {name: pay}\n"
        "sources: []\n";
    EXPECT_THAT(codes(decode(text)), ElementsAre("error unknown_field", "error missing_field"));
    EXPECT_TRUE(decode_one<TrafficTarget>(text).is_spoiled);
}

TEST(AccessDecoder, IsSpoiledByFieldsItDoesNotKnow) {  // they may be misspelt constraints
    constexpr std::string_view text = R"(
apiVersion: access.smi-spec.io/v1alpha3
kind: TrafficTarget
metadata: {name: pay}
extra: 1
spec:
  destinations: {}
  destination: {kind: ServiceAccount, name: payments, nameSpace: shop}
  rules: [{kind: TCPRoute, name: r, match: [a]}]
  sources: [{kind: ServiceAccount, name: web, sa: x}]
)";
    const Decoded decoded = decode(text);
    EXPECT_THAT(codes(decoded), testing::SizeIs(5));
    EXPECT_THAT(codes(decoded), testing::Each("error unknown_field"));
    EXPECT_THAT(decoded.problems[2].message, HasSubstr("spec.destination.nameSpace"));
    EXPECT_EQ(decoded.problems[2].origin.line, 8);
    EXPECT_TRUE(decode_one<TrafficTarget>(text).is_spoiled);
}

TEST(AccessDecoder, IsSpoiledByAnUnknownFieldWhereverItStands) {
    const std::string parts =
        "destination: {kind: ServiceAccount, name: payments@}, "
        "sources: [{kind: ServiceAccount, name: web, namespace: shop@}], "
        "RULES: [{kind: TCPRoute, name: r@}]@";
    const auto with = [](std::string text, const std::string& mark, const std::string& by) {
        for (auto at = text.find(mark); at != std::string::npos; at = text.find(mark, at)) {
            text.replace(at, mark.size(), by);
        }
        return text;
    };
    for (const std::string version : {"v1alpha1", "v1alpha2", "v1alpha3", "v1alpha4"}) {
        const bool has_spec = version != "v1alpha1";
        const std::string fields = with(parts, "RULES", has_spec ? "rules" : "specs");
        const std::string object = "{apiVersion: access.smi-spec.io/" + version +
                                   ", kind: TrafficTarget, metadata: {name: pay}" +
                                   (has_spec ? "@, spec: {" + fields + "}}" : ", " + fields + "}");
        const std::string clean = with(object, "@", "");
        EXPECT_FALSE(decode_one<TrafficTarget>(clean).is_spoiled) << clean;
        for (auto at = object.find('@'); at != std::string::npos; at = object.find('@', at + 1)) {
            std::string text = object;
            text.replace(at, 1, ", extra: 1");
            text = with(text, "@", "");
            EXPECT_THAT(codes(decode(text)), ElementsAre("error unknown_field")) << text;
            EXPECT_TRUE(decode_one<TrafficTarget>(text).is_spoiled) << text;
        }
    }
}

TEST(AccessDecoder, ReadsTheNamespaceOfARuleOnlyAsItsOwn) {  // U11; Traefik Mesh's users write it
    const auto with_rule = [](const std::string& rule) {
        return "apiVersion: access.smi-spec.io/v1alpha3\nkind: TrafficTarget\n"
               "metadata: {name: pay, namespace: shop}\nspec:\n"
               "  destination: {kind: ServiceAccount, name: payments}\n"
               "  sources: [{kind: ServiceAccount, name: web, namespace: shop}]\n"
               "  rules: [{kind: TCPRoute, name: r, namespace: " +
               rule + "}]\n";
    };
    EXPECT_THAT(decode(with_rule("shop")).problems, IsEmpty());
    EXPECT_FALSE(decode_one<TrafficTarget>(with_rule("shop")).is_spoiled);
    EXPECT_THAT(codes(decode(with_rule("other"))), ElementsAre("error rule_in_other_namespace"));
    EXPECT_TRUE(decode_one<TrafficTarget>(with_rule("other")).is_spoiled);
}

}  // namespace
}  // namespace policy
