#include "tls/peer.hpp"

#include "tests/tls/certificate_recipe.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <functional>

namespace tls {
namespace {

using testing::bake;
using ::testing::HasSubstr;
using testing::Recipe;
using namespace std::string_literals;

policy::Result<policy::Identity> judge(const Recipe& recipe) {
    return identity_of(bake(recipe, nullptr).certificate.get(), testing::k_trust_domain);
}

TEST(IdentityOf, ReadsTheOnlyUri) {
    const auto identity = judge(Recipe());
    ASSERT_TRUE(identity) << identity.error();
    EXPECT_EQ(identity->uri(), "spiffe://cluster.local/ns/shop/sa/web");
}

struct Good {
    const char* name;
    std::function<void(Recipe&)> change;
};

class GoodLeaf : public ::testing::TestWithParam<Good> {};

TEST_P(GoodLeaf, IsAccepted) {
    Recipe recipe;
    GetParam().change(recipe);
    const auto identity = judge(recipe);
    ASSERT_TRUE(identity) << identity.error();
    EXPECT_EQ(*identity, testing::identity("shop", "web"));
}

INSTANTIATE_TEST_SUITE_P(
    IdentityOf,
    GoodLeaf,
    ::testing::Values(
        Good{"Rsa", [](Recipe& r) { r.key_kind = KeyKind::rsa_2048; }},
        Good{"Ed25519", [](Recipe& r) { r.key_kind = KeyKind::ed25519; }},
        Good{"NoExtendedKeyUsage", [](Recipe& r) { r.extended_key_usage.clear(); }},
        Good{"NoBasicConstraints", [](Recipe& r) { r.basic_constraints.clear(); }},
        Good{"DnsNamesBesides", [](Recipe& r) { r.dns_names = {"web.shop.svc", "web"}; }},
        Good{
            "KeyEnciphermentToo",
            [](Recipe& r) { r.key_usage = "critical,digitalSignature,keyEncipherment"; }
        }
    ),
    [](const auto& tested) { return std::string(tested.param.name); }
);

struct Bad {
    const char* name;
    std::function<void(Recipe&)> change;
    const char* sentence;
};

class BadLeaf : public ::testing::TestWithParam<Bad> {};

TEST_P(BadLeaf, NamesNobody) {
    Recipe recipe;
    GetParam().change(recipe);
    const auto identity = judge(recipe);
    ASSERT_FALSE(identity) << identity->uri();
    EXPECT_THAT(identity.error(), HasSubstr(GetParam().sentence));
}

auto uri(std::string text) {
    return [text = std::move(text)](Recipe& r) { r.uris = {text}; };
}

INSTANTIATE_TEST_SUITE_P(
    IdentityOf,
    BadLeaf,
    ::testing::Values(
        Bad{"TwoUris",
            [](Recipe& r) { r.uris.emplace_back("spiffe://cluster.local/ns/shop/sa/admin"); },
            "more than one URI SAN"},
        Bad{"TheSameUriTwice",
            [](Recipe& r) { r.uris.push_back(r.uris.front()); },
            "more than one URI SAN"},
        Bad{"SecondUriOfAnotherScheme",
            [](Recipe& r) { r.uris.emplace_back("https://example.com/"); },
            "more than one URI SAN"},
        Bad{"NoSan", [](Recipe& r) { r.san_extensions = 0; }, "no subjectAltName"},
        Bad{"TwoSanExtensions", [](Recipe& r) { r.san_extensions = 2; }, "cannot be read"},
        Bad{"OnlyDns",
            [](Recipe& r) {
                r.uris.clear();
                r.dns_names = {"web.shop.svc"};
            },
            "no URI SAN"},
        Bad{"OnlyCommonName",
            [](Recipe& r) {
                r.san_extensions = 0;
                r.common_name = "spiffe://cluster.local/ns/shop/sa/web";
            },
            "no subjectAltName"},
        Bad{"NulAtTheEnd", uri("spiffe://cluster.local/ns/shop/sa/web\0"s), "NUL in the URI SAN"},
        Bad{"NulBeforeMore",
            uri("spiffe://cluster.local/ns/shop/sa/web\0.evil"s),
            "NUL in the URI SAN"},
        Bad{"UpperCaseDomain", uri("spiffe://Cluster.local/ns/shop/sa/web"), "URI SAN"},
        Bad{"OtherScheme", uri("https://cluster.local/ns/shop/sa/web"), "URI SAN"},
        Bad{"UpperCaseScheme", uri("SPIFFE://cluster.local/ns/shop/sa/web"), "URI SAN"},
        Bad{"NoPath", uri("spiffe://cluster.local"), "URI SAN"},
        Bad{"TrailingSlash", uri("spiffe://cluster.local/ns/shop/sa/web/"), "URI SAN"},
        Bad{"DotSegment", uri("spiffe://cluster.local/ns/shop/sa/.."), "URI SAN"},
        Bad{"PercentEscape", uri("spiffe://cluster.local/ns/shop/sa/w%65b"), "URI SAN"},
        Bad{"TrailingSpace", uri("spiffe://cluster.local/ns/shop/sa/web "), "URI SAN"},
        Bad{"Empty", uri(""), "URI SAN"},
        Bad{"CaAsLeaf",
            [](Recipe& r) { r.basic_constraints = "critical,CA:TRUE"; },
            "it is a CA certificate"},
        Bad{"NoKeyUsage", [](Recipe& r) { r.key_usage.clear(); }, "no keyUsage"},
        Bad{"NoDigitalSignature",
            [](Recipe& r) { r.key_usage = "critical,keyEncipherment"; },
            "lacks digitalSignature"},
        Bad{"KeyCertSign",
            [](Recipe& r) { r.key_usage = "critical,digitalSignature,keyCertSign"; },
            "keyCertSign"},
        Bad{"CrlSign",
            [](Recipe& r) { r.key_usage = "critical,digitalSignature,cRLSign"; },
            "cRLSign"},
        Bad{"KeyUsageNotCritical",
            [](Recipe& r) { r.key_usage = "digitalSignature"; },
            "not marked critical"},
        Bad{"OnlyServerAuth",
            [](Recipe& r) { r.extended_key_usage = "serverAuth"; },
            "lacks serverAuth or clientAuth"},
        Bad{"OnlyClientAuth",
            [](Recipe& r) { r.extended_key_usage = "clientAuth"; },
            "lacks serverAuth or clientAuth"},
        Bad{"AnyExtendedKeyUsage",
            [](Recipe& r) { r.extended_key_usage = "anyExtendedKeyUsage"; },
            "lacks serverAuth or clientAuth"},
        Bad{"CodeSigning",
            [](Recipe& r) { r.extended_key_usage = "codeSigning"; },
            "lacks serverAuth or clientAuth"}
    ),
    [](const auto& tested) { return std::string(tested.param.name); }
);

TEST(NotAfterOf, IsTheEndOfValidity) {
    Recipe recipe;
    recipe.ends_in_seconds = 1000;
    const auto baked = bake(recipe, nullptr);
    const auto left = not_after_of(baked.certificate.get()) - std::chrono::system_clock::now();
    EXPECT_GT(left, std::chrono::seconds(900));
    EXPECT_LE(left, std::chrono::seconds(1000));
    EXPECT_LT(not_before_of(baked.certificate.get()), std::chrono::system_clock::now());
}

TEST(NotAfterOf, NeverIsLaterThanAnyDay) {
    const auto baked = bake(Recipe{}, nullptr);
    X509* certificate = baked.certificate.get();
    ASSERT_EQ(ASN1_TIME_set_string(X509_getm_notAfter(certificate), "99991231235959Z"), 1);
    EXPECT_GT(
        not_after_of(certificate), std::chrono::system_clock::now() + std::chrono::years(100)
    );
}

TEST(UrisOf, EscapesWhatATerminalWouldObey) {
    Recipe recipe;
    recipe.uris = {"spiffe://a\0\x1b"s, "x:y"};
    const auto uris = uris_of(bake(recipe, nullptr).certificate.get());
    EXPECT_THAT(uris, ::testing::ElementsAre("spiffe://a\\x00\\x1b", "x:y"));
}

}  // namespace
}  // namespace tls
