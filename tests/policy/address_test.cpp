#include "policy/address.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <utility>

namespace policy {
namespace {

TEST(Address, WritesEachAddressInItsOneForm) {
    const std::pair<std::string_view, std::string_view> cases[] = {
        {"10.0.0.1", "10.0.0.1"},
        {"255.255.255.255", "255.255.255.255"},
        {"::ffff:10.0.0.1", "10.0.0.1"},
        {"::FFFF:0a00:0001", "10.0.0.1"},
        {"::1", "::1"},
        {"::", "::"},
        {"[::1]", "::1"},
        {"2001:DB8:0:0:0:0:0:1", "2001:db8::1"},
        {"2001:0db8::0001", "2001:db8::1"},
        {"2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"},
        {"2001:0:0:1:0:0:0:1", "2001:0:0:1::1"},
        {"2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"},
        {"1::", "1::"},
        {"::1:2", "::1:2"},
        {"1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8"},
    };
    for (const auto& [text, expected] : cases) {
        const auto ip = parse_ip(text);
        ASSERT_TRUE(ip) << text;
        EXPECT_EQ(ip->text(), expected) << text;
        EXPECT_EQ(parse_ip(ip->text()), ip) << text;
    }
}

TEST(Address, RefusesWhatIsNoAddress) {
    using namespace std::string_view_literals;
    const std::string_view cases[] = {
        "",
        "localhost",
        "10.0.0",
        "10.0.0.256",
        "10.0.0.01",
        "1.2.3.4.5",
        "10.0.0.1 ",
        " 10.0.0.1",
        "fe80::1%lo",
        "[10.0.0.1]",
        "[::1",
        "::1]",
        "10.0.0.1\0"sv,
        "::1\0x"sv,
        ":::",
        "12345::",
        "[]",
        "0x7f.0.0.1",
        "1111:2222:3333:4444:5555:6666:7777:8888:9999",
        "1111:2222:3333:4444:5555:6666:255.255.255.255.255",
    };
    for (const std::string_view text : cases) {
        EXPECT_FALSE(parse_ip(text)) << text;
    }
}

TEST(Address, KnowsItsFamilyAndLoopback) {
    EXPECT_TRUE(parse_ip("127.0.0.53")->is_loopback());
    EXPECT_TRUE(parse_ip("::1")->is_loopback());
    EXPECT_FALSE(parse_ip("128.0.0.1")->is_loopback());
    EXPECT_FALSE(parse_ip("::2")->is_loopback());
    EXPECT_FALSE(parse_ip("::127.0.0.1")->is_loopback());
    EXPECT_TRUE(parse_ip("::ffff:1.2.3.4")->is_v4());
    EXPECT_FALSE(parse_ip("::1.2.3.4")->is_v4());
}

TEST(SocketAddress, RoundTrips) {
    for (const std::string_view text : {"10.0.0.1:80", "[::1]:65535", "0.0.0.0:0"}) {
        const auto address = parse_socket_address(text);
        ASSERT_TRUE(address) << text;
        EXPECT_EQ(address->text(), text);
    }
}

TEST(SocketAddress, RefusesWhatIsAmbiguousOrBroken) {
    for (const std::string_view text : {
             "",
             "10.0.0.1",
             "10.0.0.1:",
             ":80",
             "::1:80",
             "[::1]",
             "10.0.0.1:65536",
             "10.0.0.1:-1",
             "10.0.0.1:+1",
             "10.0.0.1:80x",
             "[10.0.0.1]:80",
             "host:80",
         }) {
        EXPECT_FALSE(parse_socket_address(text)) << text;
    }
}

TEST(SocketAddress, HashesFollowEqualityAndSpread) {
    const SocketAddressHash hash;
    const auto a = *parse_socket_address("10.0.0.1:80");
    EXPECT_EQ(hash(a), hash(*parse_socket_address("[::ffff:10.0.0.1]:80")));
    EXPECT_NE(hash(a), hash(*parse_socket_address("10.0.0.1:81")));
    EXPECT_NE(hash(a), hash(*parse_socket_address("10.0.0.2:80")));
}

}  // namespace
}  // namespace policy
