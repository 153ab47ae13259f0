#include "policy/question.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace policy {
namespace {

using testing::HasSubstr;

QuestionWords access_words() {
    QuestionWords words;
    words.from = "shop/web";
    words.port = "8080";
    return words;
}

QuestionWords route_words(const std::string& host) {
    QuestionWords words;
    words.host = host;
    return words;
}

std::string error_of(const QuestionWords& words) {
    const auto question = read_access_question(words, "cluster.local");
    return question ? "" : question.error();
}

TEST(Question, ReadsWhoAsks) {
    QuestionWords words = access_words();
    EXPECT_EQ(read_access_question(words, "td")->peer->uri(), "spiffe://td/ns/shop/sa/web");
    words.from = "spiffe://other.example/ns/a/sa/b";
    EXPECT_EQ(read_access_question(words, "td")->peer->uri(), *words.from);
    words.from = "none";
    EXPECT_EQ(read_access_question(words, "td")->peer, std::nullopt);
}

TEST(Question, TakesAnySpiffeIdAtItsWordButNotAsAWorkload) {
    const std::string consul = "spiffe://consul.example/dc/dc1/svc/web";
    QuestionWords words = access_words();
    words.from = consul;
    EXPECT_EQ(read_access_question(words, "td")->peer->uri(), consul);
    EXPECT_FALSE(read_workload(consul, "td"));
}

TEST(Question, ReadsWhereThePeerComesFrom) {
    QuestionWords words = access_words();
    words.from_address = "10.0.0.1";
    EXPECT_EQ(read_access_question(words, "td")->peer_address->text(), "10.0.0.1");
    words.from_address = "10.0.0.1:80";
    EXPECT_THAT(error_of(words), HasSubstr("from-address: "));
}

TEST(Question, RefusesWhoCannotBe) {
    for (const char* from :
         {"", "web", "shop/", "/web", "a/b/c", "spiffe://x", "http://x/y", "shop/w b"}) {
        QuestionWords words = access_words();
        words.from = from;
        EXPECT_THAT(error_of(words), HasSubstr("from: ")) << from;
    }
}

TEST(Question, HasDefaults) {
    const auto question = read_access_question(access_words(), "cluster.local");
    EXPECT_EQ(question->protocol, Protocol::http);
    EXPECT_EQ(question->port, 8080);
    EXPECT_EQ(question->request.method, "GET");
    EXPECT_EQ(question->request.target, "/");
    EXPECT_EQ(question->request.authority, "");
}

TEST(Question, NamesWhatIsMissing) {
    QuestionWords words = access_words();
    words.from.reset();
    EXPECT_THAT(error_of(words), HasSubstr("from: "));
    words = access_words();
    words.port.reset();
    EXPECT_THAT(error_of(words), HasSubstr("port: "));
    EXPECT_THAT(read_route_question({}).error(), HasSubstr("host: "));
}

TEST(Question, RefusesWhatIsNoPort) {
    for (const char* port : {"", "0", "65536", "-1", "80x", "http", " 80"}) {
        QuestionWords words = access_words();
        words.port = port;
        EXPECT_THAT(error_of(words), HasSubstr("port: ")) << port;
    }
}

TEST(Question, RefusesAnUnknownProtocol) {
    QuestionWords words = access_words();
    words.protocol = "HTTP";
    EXPECT_THAT(error_of(words), HasSubstr("protocol: "));
}

TEST(Question, ReadsHeaders) {
    QuestionWords words = access_words();
    words.headers = {"X-User:  a b ", "Host: pay.shop:80", "empty:"};
    const auto question = read_access_question(words, "cluster.local");
    ASSERT_EQ(question->request.headers.size(), 3U);
    EXPECT_EQ(question->request.headers[0].name, "X-User");
    EXPECT_EQ(question->request.headers[0].value, "a b");
    EXPECT_EQ(question->request.headers[2].value, "");
    EXPECT_EQ(question->request.authority, "pay.shop:80");
}

TEST(Question, RefusesWhatIsNoHeader) {
    for (const char* header : {"", "x", ": v", "a b: c", "x: a\r\ny: b", "x : v", "x: \x7f"}) {
        QuestionWords words = access_words();
        words.headers = {header};
        EXPECT_THAT(error_of(words), HasSubstr("header: ")) << header;
    }
    QuestionWords words = access_words();
    words.headers = {"host: a", "Host: a"};
    EXPECT_THAT(error_of(words), HasSubstr("more than one host"));
}

TEST(Question, TakesTheAuthorityOfTheTarget) {
    QuestionWords words = access_words();
    words.path = "http://pay.shop:81/x?y";
    EXPECT_EQ(read_access_question(words, "td")->request.authority, "pay.shop:81");
    words.method = "CONNECT";
    words.path = "pay:80";
    EXPECT_EQ(read_access_question(words, "td")->request.authority, "pay:80");
}

TEST(Question, ReadsHostsInAllForms) {
    struct Case {
        const char* text;
        const char* authority;
        const char* address;  // empty: a name
    };
    for (const Case& c : std::vector<Case>{
             {"api", "api", ""},
             {"api.shop.svc.cluster.local.:81", "api.shop.svc.cluster.local.:81", ""},
             {"10.0.0.1", "10.0.0.1", "10.0.0.1:80"},
             {"10.0.0.1:81", "10.0.0.1:81", "10.0.0.1:81"},
             {"2001:db8::1", "[2001:db8::1]", "[2001:db8::1]:80"},
             {"[2001:db8::1]", "[2001:db8::1]", "[2001:db8::1]:80"},
             {"[2001:db8::1]:81", "[2001:db8::1]:81", "[2001:db8::1]:81"},
         }) {
        const auto question = read_route_question(route_words(c.text));
        ASSERT_TRUE(question) << question.error();
        EXPECT_EQ(question->request.authority, c.authority);
        EXPECT_EQ(question->destination ? question->destination->text() : "", c.address);
    }
}

TEST(Question, RefusesWhatIsNoHost) {
    for (const char* host :
         {"", ":80", "api:0", "api:http", "a b", "http://api", "u@api", "a/b", "[api]", "[::1"}) {
        const auto question = read_route_question(route_words(host));
        EXPECT_FALSE(question) << host;
    }
}

TEST(Question, LetsAnotherHostStandBesideAnAddressOnly) {
    QuestionWords words = route_words("10.0.0.1");
    words.headers = {"host: api"};
    EXPECT_EQ(read_route_question(words)->request.authority, "api");
    words.host = "web";
    EXPECT_THAT(read_route_question(words).error(), HasSubstr("header: host api"));
    words.host = "api";
    EXPECT_TRUE(read_route_question(words));
}

}  // namespace
}  // namespace policy
