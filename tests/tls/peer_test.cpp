#include "tls/peer.hpp"

#include "tests/tls/certificate_recipe.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>

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

// Which leaves are accepted and which are not: verification_test.

/// A leaf as OSM makes them.
Recipe osm_recipe() {
    Recipe recipe;
    recipe.uris.clear();
    recipe.dns_names = {"web.shop.cluster.local"};
    recipe.common_name = "web.shop.cluster.local";
    recipe.key_usage = "critical,digitalSignature,keyEncipherment";
    return recipe;
}

Recipe linkerd_recipe() {
    Recipe recipe = osm_recipe();
    recipe.dns_names = {"web.shop.serviceaccount.identity.linkerd.cluster.local"};
    recipe.common_name = recipe.dns_names.front();
    return recipe;
}

const Naming k_migrating(
    "cluster.local", {NameForm{NameForm::Kind::osm}, NameForm{NameForm::Kind::linkerd, "linkerd"}}
);

std::string verdict(const Recipe& recipe, const Naming& naming) {
    const auto identity = identity_of(bake(recipe, nullptr).certificate.get(), naming);
    return identity ? identity->uri() : identity.error();
}

TEST(IdentityOf, ReadsNamesOfOtherMeshesWhereTheyAreAdmitted) {
    EXPECT_EQ(verdict(osm_recipe(), k_migrating), "spiffe://cluster.local/ns/shop/sa/web");
    EXPECT_EQ(verdict(linkerd_recipe(), k_migrating), "spiffe://cluster.local/ns/shop/sa/web");
    EXPECT_EQ(verdict(osm_recipe(), testing::k_trust_domain), "no URI SAN");
    EXPECT_EQ(verdict(linkerd_recipe(), testing::k_trust_domain), "no URI SAN");
}

TEST(IdentityOf, JudgesACertificateWithAUriByThatAlone) {
    Recipe recipe = osm_recipe();
    recipe.uris = {"spiffe://cluster.local/ns/shop/sa/api"};
    EXPECT_THAT(verdict(recipe, k_migrating), HasSubstr("identity.names does not list"));
    recipe.uris = {"https://cluster.local/"};
    EXPECT_THAT(verdict(recipe, k_migrating), HasSubstr("its URI SAN is no identity"));
}

TEST(IdentityOf, RefusesTwoNamesThatDiffer) {
    Recipe recipe = linkerd_recipe();
    recipe.dns_names.emplace_back("api.shop.serviceaccount.identity.linkerd.cluster.local");
    EXPECT_THAT(verdict(recipe, k_migrating), HasSubstr("more than one workload"));
    recipe = linkerd_recipe();
    recipe.dns_names.emplace_back("api.shop.cluster.local");
    recipe.common_name = "api.shop.cluster.local";
    EXPECT_THAT(verdict(recipe, k_migrating), HasSubstr("more than one workload"));
    recipe = linkerd_recipe();
    recipe.dns_names.push_back(recipe.dns_names.front());
    recipe.dns_names.emplace_back("web.shop.svc");
    EXPECT_EQ(verdict(recipe, k_migrating), "spiffe://cluster.local/ns/shop/sa/web");
}

TEST(IdentityOf, WantsTheOneCommonNameOfOsm) {
    Recipe recipe = osm_recipe();
    recipe.common_name = "api.shop.cluster.local";
    EXPECT_THAT(verdict(recipe, k_migrating), HasSubstr("no DNS SAN of a form"));
    recipe.common_name.clear();
    EXPECT_THAT(verdict(recipe, k_migrating), HasSubstr("no DNS SAN of a form"));
    const auto baked = bake(osm_recipe(), nullptr);
    testing::set_common_name(baked.certificate.get(), "web.shop.cluster.local");
    EXPECT_FALSE(identity_of(baked.certificate.get(), k_migrating));
}

TEST(IdentityOf, RelaxesNothingElseForThem) {
    Recipe recipe = linkerd_recipe();
    recipe.key_usage = "digitalSignature";
    EXPECT_EQ(verdict(recipe, k_migrating), "keyUsage is not marked critical");
    recipe = osm_recipe();
    recipe.extended_key_usage = "serverAuth";
    EXPECT_EQ(verdict(recipe, k_migrating), "extendedKeyUsage lacks serverAuth or clientAuth");
    recipe = osm_recipe();
    recipe.basic_constraints = "critical,CA:TRUE";
    EXPECT_THAT(verdict(recipe, k_migrating), HasSubstr("it is a CA certificate"));
    recipe = osm_recipe();
    recipe.dns_names = {std::string("web.shop.cluster.local\0", 23)};
    EXPECT_THAT(verdict(recipe, k_migrating), HasSubstr("no DNS SAN of a form"));
}

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
