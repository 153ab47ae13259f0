#include "policy/identity.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace policy {
namespace {

TEST(Identity, RoundTripsThroughItsUri) {
    const auto identity = parse_identity("spiffe://cluster.local/ns/shop/sa/web-1.x_Y");
    ASSERT_TRUE(identity.has_value());
    EXPECT_EQ(*identity, (Identity{"cluster.local", "shop", "web-1.x_Y"}));
    EXPECT_EQ(identity->uri(), "spiffe://cluster.local/ns/shop/sa/web-1.x_Y");
}

struct Refusal {
    std::string_view uri;
    std::string_view says;
};

TEST(Identity, RefusesEveryOtherFormAndSaysWhy) {
    using namespace std::string_view_literals;
    const Refusal cases[] = {
        {"", "does not begin"},
        {"https://cluster.local/ns/shop/sa/web", "does not begin"},
        {"SPIFFE://cluster.local/ns/shop/sa/web", "does not begin"},
        {"spiffe:/cluster.local/ns/shop/sa/web", "does not begin"},
        {"spiffe:///ns/shop/sa/web", "no trust domain"},
        {"spiffe://Cluster.local/ns/shop/sa/web", "trust domain"},
        {"spiffe://cluster.local:443/ns/shop/sa/web", "trust domain"},
        {"spiffe://me@cluster.local/ns/shop/sa/web", "trust domain"},
        {"spiffe://cluster%2elocal/ns/shop/sa/web", "trust domain"},
        {"spiffe://cluster.local\0/ns/shop/sa/web"sv, "trust domain"},
        {"spiffe://cluster.local", "has no path"},
        {"spiffe://cluster.local/", "empty path segment"},
        {"spiffe://cluster.local/ns/shop/sa/web/", "empty path segment"},
        {"spiffe://cluster.local//ns/shop/sa/web", "empty path segment"},
        {"spiffe://cluster.local/ns/shop/sa/web/x", "of the form"},
        {"spiffe://cluster.local/ns/shop/sa", "of the form"},
        {"spiffe://cluster.local/sa/web/ns/shop", "of the form"},
        {"spiffe://cluster.local/NS/shop/sa/web", "of the form"},
        {"spiffe://cluster.local/ns/shop/SA/web", "of the form"},
        {"spiffe://cluster.local/ns//sa/web", "empty path segment"},
        {"spiffe://cluster.local/ns/shop/sa/", "empty path segment"},
        {"spiffe://cluster.local/ns/../sa/web", "dot segment"},
        {"spiffe://cluster.local/ns/shop/sa/.", "dot segment"},
        {"spiffe://cluster.local/ns/shop/sa/web?x", "may use only"},
        {"spiffe://cluster.local/ns/shop/sa/web#x", "may use only"},
        {"spiffe://cluster.local/ns/shop/sa/w%65b", "may use only"},
        {"spiffe://cluster.local/ns/shop/sa/web\0"sv, "may use only"},
        {"spiffe://cluster.local/ns/shop/sa/web "sv, "may use only"},
        {"spiffe://cluster.local/ns/sh\xc3\xb6p/sa/web", "may use only"},
    };
    for (const Refusal& refusal : cases) {
        const auto identity = parse_identity(refusal.uri);
        ASSERT_TRUE(identity.has_error()) << refusal.uri;
        EXPECT_NE(identity.error().find(refusal.says), std::string::npos)
            << refusal.uri << ": " << identity.error();
    }
}

TEST(Identity, TakesAnIdOfAnotherFormOnlyWhereOneIsAskedFor) {
    const char* const consul = "spiffe://11111111.consul/ns/default/dc/dc1/svc/web";
    EXPECT_TRUE(parse_identity(consul).has_error());
    const auto id = parse_spiffe_id(consul);
    ASSERT_TRUE(id.has_value());
    EXPECT_EQ(*id, (Identity{"11111111.consul", "", "", "/ns/default/dc/dc1/svc/web"}));
    EXPECT_EQ(id->uri(), consul);
    EXPECT_EQ(
        *parse_spiffe_id("spiffe://cluster.local/ns/shop/sa/web"),
        (Identity{"cluster.local", "shop", "web"})
    );
    EXPECT_TRUE(parse_spiffe_id("spiffe://cluster.local/x").has_value());
    EXPECT_TRUE(parse_spiffe_id("spiffe://cluster.local").has_error());
    EXPECT_TRUE(parse_spiffe_id("spiffe://cluster.local/x/").has_error());
    EXPECT_TRUE(parse_spiffe_id("spiffe://cluster.local/x/../y").has_error());
}

TEST(Identity, IsBoundedIn2048Bytes) {
    const std::string prefix = "spiffe://cluster.local/ns/shop/sa/";
    EXPECT_TRUE(parse_identity(prefix + std::string(2048 - prefix.size(), 'x')).has_value());
    EXPECT_TRUE(parse_identity(prefix + std::string(2049 - prefix.size(), 'x')).has_error());
}

}  // namespace
}  // namespace policy
