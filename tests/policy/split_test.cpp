#include "decoding.hpp"
#include "policy/smi/weight.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <string_view>
#include <utility>
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

std::string split(std::string_view version, std::string_view spec) {
    return "apiVersion: split.smi-spec.io/" + std::string(version) +
           "\nkind: TrafficSplit\nmetadata: {name: s, namespace: shop}\nspec: " +
           std::string(spec) + "\n";
}

std::string with_weight(std::string_view version, std::string_view weight) {
    return split(version, "{service: web, backends: [{service: a" + std::string(weight) + "}]}");
}

TEST(SplitDecoder, ReadsEveryField) {
    const std::string text = split(
        "v1alpha4",
        "{service: web.shop, backends: [{service: a, weight: 90}, {service: b, weight: 10}], "
        "matches: [{kind: HTTPRouteGroup, name: beta, apiGroup: specs.smi-spec.io}]}"
    );
    EXPECT_THAT(decode(text).problems, IsEmpty());
    const auto read = decode_one<TrafficSplit>(text);
    EXPECT_EQ(read.metadata.name, (ObjectName{"shop", "s"}));
    EXPECT_EQ(read.service, "web.shop");
    ASSERT_EQ(read.backends.size(), 2U);
    EXPECT_EQ(read.backends[0].service, "a");
    EXPECT_EQ(read.backends[0].weight_milli, 90'000U);
    EXPECT_EQ(read.backends[1].weight_milli, 10'000U);
    EXPECT_EQ(read.backends[1].service_at.line, 4);
    ASSERT_EQ(read.matches.size(), 1U);
    EXPECT_EQ(read.matches[0].kind, "HTTPRouteGroup");
    EXPECT_EQ(read.matches[0].name, "beta");
    EXPECT_FALSE(read.is_spoiled);
}

TEST(SplitDecoder, ReadsIntegersIntegralFloatsAndQuantityStringsInEveryVersion) {
    const std::pair<std::string_view, std::uint64_t> cases[] = {
        {", weight: 0", 0},
        {", weight: 90", 90'000},
        {", weight: 90.0", 90'000},
        {", weight: 1e3", 1'000'000},
        {", weight: \"100\"", 100'000},
        {", weight: 500m", 500},
        {", weight: \"500m\"", 500},
        {", weight: \"1e3\"", 1'000'000},
        {", weight: \"0.5\"", 500},
        {", weight: 2147483647", 2'147'483'647'000},
    };
    for (const std::string_view version : {"v1alpha1", "v1alpha2", "v1alpha3", "v1alpha4"}) {
        for (const auto& [weight, milli] : cases) {
            const std::string text = with_weight(version, weight);
            EXPECT_THAT(decode(text).problems, IsEmpty()) << text;
            EXPECT_EQ(decode_one<TrafficSplit>(text).backends.at(0).weight_milli, milli) << text;
        }
    }
}

TEST(SplitDecoder, ReadsFractionsAndAbsentWeightsInTheFirstVersionOnly) {
    EXPECT_EQ(
        decode_one<TrafficSplit>(with_weight("v1alpha1", ", weight: 0.5")).backends[0].weight_milli,
        500U
    );
    EXPECT_EQ(decode_one<TrafficSplit>(with_weight("v1alpha1", "")).backends[0].weight_milli, 0U);
    EXPECT_THAT(
        codes(decode(with_weight("v1alpha2", ", weight: 0.5"))), ElementsAre("error invalid_weight")
    );
    EXPECT_THAT(codes(decode(with_weight("v1alpha2", ""))), ElementsAre("error missing_field"));
}

TEST(SplitDecoder, ExcludesABackendOfBadWeightAndKeepsTheSplit) {
    for (const std::string_view weight : {
             ", weight: -1",
             ", weight: heavy",
             ", weight: \"\"",
             ", weight: \"10%\"",
             ", weight: 1000000000001",
             ", weight: 99999999999999999999",
             ", weight: 1e400",
             ", weight: [1]",
             ", weight: true",
             ", weight: .inf",
             ", weight: 0x10",
             ", weight: ",
         }) {
        const std::string text = with_weight("v1alpha4", weight);
        EXPECT_THAT(codes(decode(text)), ElementsAre("error invalid_weight")) << text;
        const auto read = decode_one<TrafficSplit>(text);
        ASSERT_EQ(read.backends.size(), 1U) << text;
        EXPECT_EQ(read.backends[0].weight_milli, std::nullopt) << text;
        EXPECT_FALSE(read.is_spoiled) << text;
    }
}

TEST(SplitDecoder, HonoursMatchesInVersionsThatHaveNone) {
    const std::string text = split(
        "v1alpha2",
        "{service: web, backends: [{service: a, weight: 1}], "
        "matches: [{kind: HTTPRouteGroup, name: g}]}"
    );
    EXPECT_THAT(codes(decode(text)), ElementsAre("warning misplaced_field"));
    EXPECT_EQ(decode_one<TrafficSplit>(text).matches.size(), 1U);
}

struct Spoiling {
    std::string_view spec;
    std::string_view says;
};

TEST(SplitDecoder, IsSpoiledByEveryOtherFieldOfAWrongType) {
    const Spoiling cases[] = {
        {"[]", "spec is a list"},
        {"", "spec is empty"},
        {"{backends: [{service: a, weight: 1}]}", "spec.service is missing"},
        {"{service: 5, backends: []}", "spec.service is a number"},
        {"{service: web}", "spec.backends is missing"},
        {"{service: web, backends: }", "spec.backends is empty"},
        {"{service: web, backends: {service: a}}", "spec.backends is a mapping"},
        {"{service: web, backends: [a]}", "spec.backends[0] is a string"},
        {"{service: web, backends: [{weight: 1}]}", "spec.backends[0].service is missing"},
        {"{service: web, backends: [{service: [], weight: 1}]}", "spec.backends[0].service is a"},
        {"{service: web, backends: [], matches: beta}", "spec.matches is a string"},
        {"{service: web, backends: [], matches: }", "spec.matches is empty"},
        {"{service: web, backends: [], matches: [{kind: A}]}", "spec.matches[0].name is missing"},
        {"{service: web, backends: [], matches: [{name: a}]}", "spec.matches[0].kind is missing"},
    };
    for (const Spoiling& spoiling : cases) {
        const std::string text = split("v1alpha4", spoiling.spec);
        const Decoded decoded = decode(text);
        ASSERT_THAT(codes(decoded), testing::SizeIs(1)) << text;
        EXPECT_EQ(decoded.problems[0].object, "TrafficSplit shop/s");
        EXPECT_THAT(decoded.problems[0].message, HasSubstr(spoiling.says));
        EXPECT_TRUE(decode_one<TrafficSplit>(text).is_spoiled) << text;
    }
}

TEST(Weight, IsAQuantityInThousandths) {
    const std::pair<std::string_view, std::optional<std::uint64_t>> cases[] = {
        {"0", 0},
        {"1", 1000},
        {"+1", 1000},
        {"-0", 0},
        {"10m", 10},
        {"1n", 1},
        {"1u", 1},
        {"0.0001", 1},
        {"0.0010", 1},
        {"0.0011", 2},
        {".5", 500},
        {"5.", 5000},
        {"2k", 2'000'000},
        {"1M", 1'000'000'000},
        {"1G", 1'000'000'000'000},
        {"1T", 1'000'000'000'000'000},
        {"2T", std::nullopt},
        {"1P", std::nullopt},
        {"1E", std::nullopt},
        {"1e3", 1'000'000},
        {"1E3", 1'000'000},
        {"1e+3", 1'000'000},
        {"1e-3", 1},
        {"1e12", 1'000'000'000'000'000},
        {"1e13", std::nullopt},
        {"0e99", 0},
        {"1Ki", 1'024'000},
        {"1Mi", 1'048'576'000},
        {"1Ti", std::nullopt},
        {"999999999999999999", std::nullopt},
        {"9999999999999999999999", std::nullopt},
        {"", std::nullopt},
        {"-", std::nullopt},
        {".", std::nullopt},
        {"-1", std::nullopt},
        {"--1", std::nullopt},
        {"1e", std::nullopt},
        {"1e1e1", std::nullopt},
        {"1e999", std::nullopt},
        {"e3", std::nullopt},
        {"1 ", std::nullopt},
        {"1mm", std::nullopt},
        {"1K", std::nullopt},
        {"1.2.3", std::nullopt},
        {"ten", std::nullopt},
    };
    for (const auto& [text, milli] : cases) {
        EXPECT_EQ(smi::parse_weight_milli(text), milli) << text;
    }
}

}  // namespace
}  // namespace policy
