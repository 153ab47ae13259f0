#include "decoding.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

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

std::string object(std::string_view kind, std::string_view version, std::string_view rest) {
    return "apiVersion: specs.smi-spec.io/" + std::string(version) +
           "\nkind: " + std::string(kind) + "\nmetadata: {name: r, namespace: shop}\n" +
           std::string(rest) + "\n";
}

std::string group(std::string_view match) {
    return object(
        "HTTPRouteGroup", "v1alpha4", "spec: {matches: [" + std::string(match) + ", {name: ok}]}"
    );
}

TEST(HttpRouteGroupDecoder, ReadsEveryField) {
    const std::string text =
        group("{name: m, pathRegex: '/a.*', methods: [GET, '*'], headers: {x-a: '1', host: b}}");
    EXPECT_THAT(decode(text).problems, IsEmpty());
    const auto decoded = decode_one<HttpRouteGroup>(text);
    EXPECT_EQ(decoded.metadata.name, (ObjectName{"shop", "r"}));
    EXPECT_FALSE(decoded.is_spoiled);
    ASSERT_EQ(decoded.matches.size(), 2U);
    const HttpMatch& match = decoded.matches[0];
    EXPECT_EQ(match.name, "m");
    EXPECT_EQ(match.path_regex, "/a.*");
    EXPECT_THAT(match.methods, ElementsAre("GET", "*"));
    ASSERT_EQ(match.headers.size(), 2U);
    EXPECT_EQ(match.headers[0].name, "x-a");
    EXPECT_EQ(match.headers[0].pattern, "1");
    EXPECT_EQ(match.headers[1].name, "host");
    EXPECT_EQ(match.headers[1].origin.line, 4);
    EXPECT_FALSE(match.is_spoiled);
    EXPECT_EQ(decoded.matches[1].path_regex, std::nullopt);
    EXPECT_THAT(decoded.matches[1].methods, IsEmpty());
    EXPECT_THAT(decoded.matches[1].headers, IsEmpty());
}

struct Form {
    std::string_view version;
    std::string_view rest;
    std::vector<std::string> problems;
};

TEST(HttpRouteGroupDecoder, ReadsMatchesInBothPlacesOfEveryVersion) {
    const Form cases[] = {
        {"v1alpha1", "matches: [{name: m}]", {}},
        {"v1alpha2", "matches: [{name: m}]", {}},
        {"v1alpha3", "spec: {matches: [{name: m}]}", {}},
        {"v1alpha4", "spec: {matches: [{name: m}]}", {}},
        {"v1alpha1", "spec: {matches: [{name: m}]}", {"warning misplaced_field"}},
        {"v1alpha2", "spec: {matches: [{name: m}]}", {"warning misplaced_field"}},
        {"v1alpha3", "matches: [{name: m}]", {"warning misplaced_field"}},
        {"v1alpha4", "matches: [{name: m}]", {"warning misplaced_field"}},
        {"v1alpha4", "spec: {}\nmatches: [{name: m}]", {"warning misplaced_field"}},
    };
    for (const Form& form : cases) {
        const std::string text = object("HTTPRouteGroup", form.version, form.rest);
        EXPECT_EQ(codes(decode(text)), form.problems) << text;
        const auto decoded = decode_one<HttpRouteGroup>(text);
        EXPECT_EQ(decoded.matches.at(0).name, "m") << text;
        EXPECT_FALSE(decoded.is_spoiled) << text;
    }
}

TEST(HttpRouteGroupDecoder, ReadsHeadersAsAMapAndAsAListOfMaps) {
    for (const std::string_view headers :
         {"{x-a: '1', x-b: '2'}", "[{x-a: '1'}, {x-b: '2'}]", "[{x-a: '1', x-b: '2'}]"}) {
        for (const std::string_view version : {"v1alpha1", "v1alpha2"}) {
            const std::string text = object(
                "HTTPRouteGroup",
                version,
                "matches: [{name: m, headers: " + std::string(headers) + "}]"
            );
            EXPECT_THAT(decode(text).problems, IsEmpty()) << text;
            const auto read = decode_one<HttpRouteGroup>(text).matches.at(0).headers;
            ASSERT_EQ(read.size(), 2U) << text;
            EXPECT_EQ(read[0].name + read[0].pattern + read[1].name + read[1].pattern, "x-a1x-b2");
        }
    }
}

TEST(HttpRouteGroupDecoder, ReadsEmptyConstraintsAsNone) {
    const std::string text = group("{name: m, methods: [], headers: {}}");
    EXPECT_THAT(codes(decode(text)), ElementsAre("warning empty_methods"));
    const auto match = decode_one<HttpRouteGroup>(text).matches.at(0);
    EXPECT_FALSE(match.is_spoiled);
    EXPECT_THAT(match.methods, IsEmpty());
    EXPECT_THAT(match.headers, IsEmpty());
}

TEST(HttpRouteGroupDecoder, WritesMethodsInUpperCase) {
    const std::string text = group("{name: m, methods: [get, Post, PUT]}");
    EXPECT_THAT(codes(decode(text)), ElementsAre("warning method_case", "warning method_case"));
    EXPECT_THAT(
        decode_one<HttpRouteGroup>(text).matches.at(0).methods, ElementsAre("GET", "POST", "PUT")
    );
}

struct Spoiling {
    std::string_view text;
    std::string_view says;
};

TEST(HttpRouteGroupDecoder, SpoilsTheMatchThatCannotBeReadAndNoOther) {
    const Spoiling cases[] = {
        {"5", "spec.matches[0] is a number: write a mapping"},
        {"{pathRegex: /a}", "spec.matches[0].name is missing"},
        {"{name: 1}", "spec.matches[0].name is a number"},
        {"{name: m, pathRegex: 5}", "spec.matches[0].pathRegex is a number"},
        {"{name: m, pathRegex: [/a]}", "spec.matches[0].pathRegex is a list"},
        {"{name: m, pathRegex: }", "spec.matches[0].pathRegex is empty"},
        {"{name: m, methods: GET}", "spec.matches[0].methods is a string: write a list"},
        {"{name: m, methods: [GET, 1]}", "spec.matches[0].methods[1] is a number"},
        {"{name: m, methods: }", "spec.matches[0].methods is empty"},
        {"{name: m, headers: x-a}", "spec.matches[0].headers is a string"},
        {"{name: m, headers: [x-a]}", "spec.matches[0].headers[0] is a string"},
        {"{name: m, headers: {x-a: 1}}",
         "spec.matches[0].headers.x-a is a number: write it in quotes, \"1\","},
        {"{name: m, headers: [{x-a: }]}", "spec.matches[0].headers[0].x-a is empty"},
        {"{name: m, headers: {'': a}}", "header without a name"},
    };
    for (const Spoiling& spoiling : cases) {
        const std::string text = group(spoiling.text);
        const Decoded decoded = decode(text);
        ASSERT_THAT(codes(decoded), testing::SizeIs(1)) << text;
        EXPECT_EQ(decoded.problems[0].severity, Severity::error);
        EXPECT_EQ(decoded.problems[0].object, "HTTPRouteGroup shop/r");
        EXPECT_THAT(decoded.problems[0].message, HasSubstr(spoiling.says));
        const auto read = decode_one<HttpRouteGroup>(text);
        ASSERT_EQ(read.matches.size(), 2U) << text;
        EXPECT_TRUE(read.matches[0].is_spoiled) << text;
        EXPECT_FALSE(read.matches[1].is_spoiled) << text;
        EXPECT_FALSE(read.is_spoiled) << text;
    }
}

TEST(HttpRouteGroupDecoder, IsSpoiledWithoutReadableMatches) {
    for (const std::string_view rest : {
             "",
             "spec: {}",
             "spec: []",
             "spec:",
             "spec: {matches: }",
             "spec: {matches: {name: m}}",
             "spec: {matches: [{name: m}]}\nmatches: [{name: n}]",
         }) {
        const std::string text = object("HTTPRouteGroup", "v1alpha4", rest);
        EXPECT_EQ(codes(decode(text)).size(), 1U) << text;
        EXPECT_EQ(decode(text).problems.at(0).severity, Severity::error) << text;
        EXPECT_TRUE(decode_one<HttpRouteGroup>(text).is_spoiled) << text;
        EXPECT_THAT(decode_one<HttpRouteGroup>(text).matches, IsEmpty()) << text;
    }
}

TEST(HttpRouteGroupDecoder, MatchesNothingWithAMisspeltConstraint) {
    const std::string text = group("{name: m, pathregex: /a}, {name: n}");
    EXPECT_THAT(codes(decode(text)), ElementsAre("error unknown_field"));
    EXPECT_TRUE(decode_one<HttpRouteGroup>(text).matches.at(0).is_spoiled);
    EXPECT_FALSE(decode_one<HttpRouteGroup>(text).matches.at(1).is_spoiled);
    EXPECT_THAT(decode(text).problems[0].message, HasSubstr("spec.matches[0].pathregex"));
}

TEST(PortRouteDecoder, IsSpoiledByAMisspeltConstraint) {
    for (const std::string_view rest :
         {"spec: {matches: {port: [80]}}", "spec: {port: [80]}", "ports: [80]", "port: 80"}) {
        for (const std::string_view kind : {"TCPRoute", "UDPRoute"}) {
            const std::string text = object(kind, "v1alpha4", rest);
            EXPECT_THAT(codes(decode(text)), ElementsAre("error unknown_field")) << text;
        }
        EXPECT_TRUE(decode_one<TcpRoute>(object("TCPRoute", "v1alpha4", rest)).is_spoiled) << rest;
    }
}

TEST(PortRouteDecoder, ReadsPortsWhereverTheyStand) {
    const Form cases[] = {
        {"v1alpha4", "spec: {matches: {ports: [80, 81]}}", {}},
        {"v1alpha4", "spec: {matches: {name: x, ports: [80, 81]}}", {}},
        {"v1alpha3", "spec: {matches: {ports: [80, 81]}}", {"warning misplaced_field"}},
        {"v1alpha4", "matches: {ports: [80, 81]}", {"warning misplaced_field"}},
        {"v1alpha4", "spec: {ports: [80, 81]}", {"warning misplaced_field"}},
    };
    for (const Form& form : cases) {
        const std::string text = object("TCPRoute", form.version, form.rest);
        EXPECT_EQ(codes(decode(text)), form.problems) << text;
        EXPECT_THAT(decode_one<TcpRoute>(text).ports, ElementsAre(80, 81)) << text;
        EXPECT_FALSE(decode_one<TcpRoute>(text).is_spoiled) << text;
    }
    const std::string udp = object("UDPRoute", "v1alpha4", "spec: {matches: {ports: [53]}}");
    EXPECT_THAT(decode_one<UdpRoute>(udp).ports, ElementsAre(53));
}

TEST(PortRouteDecoder, IsForAllPortsWhenItListsNone) {
    const Form cases[] = {
        {"v1alpha1", "", {}},
        {"v1alpha2", "", {}},
        {"v1alpha3", "spec: {}", {}},
        {"v1alpha4", "", {}},
        {"v1alpha4", "spec: {}", {}},
        {"v1alpha4", "spec: {matches: {}}", {}},
        {"v1alpha4", "spec: {matches: {ports: []}}", {}},
    };
    for (const Form& form : cases) {
        const std::string text = object("TCPRoute", form.version, form.rest);
        EXPECT_EQ(codes(decode(text)), form.problems) << text;
        EXPECT_THAT(decode_one<TcpRoute>(text).ports, IsEmpty()) << text;
        EXPECT_FALSE(decode_one<TcpRoute>(text).is_spoiled) << text;
    }
}

TEST(PortRouteDecoder, IsSpoiledByPortsThatAreNone) {
    for (const std::string_view rest : {
             "spec: []",
             "spec:",
             "spec: {matches: }",
             "spec: {matches: [{ports: [80]}]}",
             "spec: {matches: {ports: }}",
             "spec: {matches: {ports: 80}}",
             "spec: {matches: {ports: [\"80\"]}}",
             "spec: {matches: {ports: [http]}}",
             "spec: {matches: {ports: [80.5]}}",
             "spec: {matches: {ports: [080]}}",
             "spec: {matches: {ports: [0]}}",
             "spec: {matches: {ports: [65536]}}",
             "spec: {matches: {ports: [-80]}}",
             "spec: {matches: {ports: [~]}}",
             "spec: {matches: {ports: [80]}, ports: [81]}",
         }) {
        const std::string text = object("TCPRoute", "v1alpha4", rest);
        EXPECT_EQ(codes(decode(text)).size(), 1U) << text;
        EXPECT_EQ(decode(text).problems.at(0).severity, Severity::error) << text;
        EXPECT_TRUE(decode_one<TcpRoute>(text).is_spoiled) << text;
    }
}

}  // namespace
}  // namespace policy
