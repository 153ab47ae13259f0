#include "proxy/http/asked_request.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace proxy::http {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

policy::RequestQuestion read(
    const std::string& method,
    const std::string& target,
    std::vector<policy::HeaderLine> headers = {},
    const std::string& authority = "api"
) {
    policy::RequestQuestion question;
    question.method = method;
    question.target = target;
    question.headers = std::move(headers);
    question.authority = authority;
    read_as_proxy(question, Limits());
    return question;
}

std::vector<std::string> names(const policy::RequestQuestion& question) {
    std::vector<std::string> names;
    for (const policy::HeaderLine& header : question.headers) {
        names.push_back(header.name);
    }
    return names;
}

TEST(AskedRequest, KeepsWhatGoesOn) {
    const auto question = read("GET", "/a?b", {{"X-User", "a"}, {"accept", "*/*"}});
    EXPECT_EQ(question.malformed, "");
    EXPECT_EQ(question.authority, "api");
    EXPECT_THAT(names(question), ElementsAre("X-User", "accept", "Host"));
    EXPECT_THAT(question.dropped, IsEmpty());
}

TEST(AskedRequest, NamesTheHeadersThatAreRemovedAndSoNotJudged) {
    const auto question = read(
        "GET",
        "/",
        {{"Connection", "x-hop"}, {"X-Hop", "1"}, {"smilax-peer", "me"}, {"X-Stays", "1"}}
    );
    EXPECT_THAT(names(question), ElementsAre("X-Stays", "Host"));
    EXPECT_THAT(question.dropped, ElementsAre("Connection", "X-Hop", "smilax-peer"));
}

TEST(AskedRequest, KeepsAnUpgrade) {
    const auto question = read("GET", "/", {{"Connection", "upgrade"}, {"Upgrade", "websocket"}});
    EXPECT_THAT(names(question), ElementsAre("Upgrade", "Host", "Connection"));
    EXPECT_THAT(question.dropped, IsEmpty());
}

TEST(AskedRequest, FindsTheAuthority) {
    EXPECT_EQ(read("GET", "/", {{"Host", "pay:81"}}, "pay:81").authority, "pay:81");
    EXPECT_EQ(read("CONNECT", "pay:80", {}, "pay:80").authority, "pay:80");
    EXPECT_EQ(read("GET", "http://pay/x", {}, "pay").authority, "pay");
    EXPECT_EQ(read("GET", "/", {}, "").authority, "");
}

TEST(AskedRequest, SaysWhyItIsNone) {
    EXPECT_THAT(read("get", "/").malformed, HasSubstr("no HTTP method"));
    EXPECT_THAT(read("GET", "/a b").malformed, HasSubstr("space"));
    EXPECT_THAT(read("GET", "/\r\nx: y").malformed, HasSubstr("control character"));
    EXPECT_THAT(read("GET", "a").malformed, HasSubstr("target"));
    EXPECT_THAT(read("GET", "*").malformed, HasSubstr("OPTIONS"));
    EXPECT_THAT(read("CONNECT", "/").malformed, HasSubstr("CONNECT"));
    EXPECT_THAT(read("GET", "/", {{"Host", "a,b"}}, "a,b").malformed, HasSubstr("Host"));
    EXPECT_THAT(read("GET", "/" + std::string(100'000, 'x')).malformed, HasSubstr("too long"));
}

}  // namespace
}  // namespace proxy::http
