#include "tls/naming.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tls {
namespace {

using ::testing::HasSubstr;
using Kind = NameForm::Kind;

const Naming k_osm("cluster.local", {NameForm{Kind::osm}});
const Naming k_linkerd("cluster.local", {NameForm{Kind::linkerd, "linkerd"}});
const Naming k_osm_spiffe("cluster.local", {NameForm{Kind::osm_spiffe}});

/// "ns/sa"; the SPIFFE ID when it is not of a service account; empty for nobody.
std::string word(const std::optional<policy::Identity>& identity) {
    if (!identity) {
        return "";
    }
    return identity->path.empty() ? identity->name_space + "/" + identity->service_account
                                  : identity->uri();
}

std::string by_dns(const std::string& name, const Naming& naming) {
    return word(identity_of_dns_name(name, name, naming));
}

std::string by_uri(const std::string& uri, const Naming& naming) {
    const auto identity = identity_of_uri(uri, naming);
    return identity ? word(*identity) : identity.error();
}

TEST(ParseNameForm, ReadsWhatItWrites) {
    for (const char* text : {"spiffe", "osm-spiffe", "osm", "linkerd", "linkerd:mesh-system"}) {
        const auto form = parse_name_form(text);
        ASSERT_TRUE(form) << text;
        EXPECT_EQ(text_of(*form), text);
    }
}

TEST(ParseNameForm, RefusesEverythingElse) {
    for (const char* text :
         {"", "Spiffe", "osm ", "linkerd:", "linkerd:a.b", "linkerd:*", "linkerd:A", "dns"}) {
        EXPECT_FALSE(parse_name_form(text)) << text;
    }
}

TEST(Naming, KnowsSpiffeAloneByDefault) {
    const Naming naming("cluster.local");
    EXPECT_EQ(by_uri("spiffe://cluster.local/ns/shop/sa/web", naming), "shop/web");
    EXPECT_EQ(by_dns("web.shop.cluster.local", naming), "");
    EXPECT_EQ(by_dns("web.shop.serviceaccount.identity.linkerd.cluster.local", naming), "");
    EXPECT_EQ(by_uri("spiffe://cluster.local/web/shop", naming), "spiffe://cluster.local/web/shop");
}

TEST(Naming, ReadsOsmNames) {
    EXPECT_EQ(by_dns("web.shop.cluster.local", k_osm), "shop/web");
    EXPECT_EQ(by_dns("web-2.shop-1.cluster.local", k_osm), "shop-1/web-2");
}

TEST(Naming, ReadsLinkerdNames) {
    EXPECT_EQ(
        by_dns("web.shop.serviceaccount.identity.linkerd.cluster.local", k_linkerd), "shop/web"
    );
    const Naming elsewhere("a.example", {NameForm{Kind::linkerd, "mesh"}});
    EXPECT_EQ(by_dns("web.shop.serviceaccount.identity.mesh.a.example", elsewhere), "shop/web");
}

TEST(Naming, TakesNoOsmNameWhoseLabelsDoNotCount) {
    for (const char* name :
         {"web.cluster.local",
          "web.admin.shop.cluster.local",
          ".shop.cluster.local",
          "web..cluster.local",
          "web.shop.cluster.local.",
          "web.shop.cluster.local.evil",
          "web.shop.cluster-local",
          "web.shopcluster.local",
          "*.shop.cluster.local",
          "web.*.cluster.local",
          "Web.shop.cluster.local",
          "web.shop.Cluster.local",
          "w_eb.shop.cluster.local",
          "-web.shop.cluster.local",
          "web-.shop.cluster.local",
          "web.shop.cluster.local ",
          "web/shop.cluster.local",
          "cluster.local",
          ""}) {
        EXPECT_EQ(by_dns(name, k_osm), "") << name;
    }
    EXPECT_EQ(by_dns(std::string(64, 'a') + ".shop.cluster.local", k_osm), "");
    EXPECT_EQ(by_dns(std::string("web\0.shop.cluster.local", 23), k_osm), "");
}

TEST(Naming, TakesNoLinkerdNameThatIsNotExact) {
    for (const char* name :
         {"web.shop.serviceaccount.identity.other.cluster.local",
          "web.shop.serviceaccount.identity.linkerd.cluster.local.evil",
          "web.shop.serviceaccount.identity.linkerd",
          "web.shop.Serviceaccount.identity.linkerd.cluster.local",
          "web.shop.x.serviceaccount.identity.linkerd.cluster.local",
          "shop.serviceaccount.identity.linkerd.cluster.local",
          "web.shop.cluster.local"}) {
        EXPECT_EQ(by_dns(name, k_linkerd), "") << name;
    }
}

TEST(Naming, TakesAnOsmNameOnlyWithTheSameCommonName) {
    for (const char* common_name : {"", "web.shop", "api.shop.cluster.local"}) {
        EXPECT_FALSE(identity_of_dns_name("web.shop.cluster.local", common_name, k_osm));
    }
    EXPECT_TRUE(identity_of_dns_name(
        "web.shop.serviceaccount.identity.linkerd.cluster.local", "other", k_linkerd
    ));
}

TEST(Naming, TurnsTheOrderOfOsmsSpiffeIds) {
    EXPECT_EQ(by_uri("spiffe://cluster.local/web/shop", k_osm_spiffe), "shop/web");
    EXPECT_THAT(
        by_uri("spiffe://cluster.local/ns/shop/sa/web", k_osm_spiffe),
        HasSubstr("which identity.names does not list")
    );
    EXPECT_THAT(by_uri("spiffe://cluster.local/a/b/c", k_osm_spiffe), HasSubstr("does not list"));
    const Naming both("cluster.local", {NameForm{}, NameForm{Kind::osm_spiffe}});
    EXPECT_EQ(by_uri("spiffe://cluster.local/web/shop", both), "shop/web");
    EXPECT_EQ(by_uri("spiffe://cluster.local/ns/shop/sa/web", both), "shop/web");
    EXPECT_EQ(by_uri("spiffe://cluster.local/ns/shop", both), "shop/ns");
}

TEST(Naming, LeavesOtherTrustDomainsTheirSpiffeIds) {
    EXPECT_EQ(
        by_uri("spiffe://other.example/web/shop", k_osm_spiffe), "spiffe://other.example/web/shop"
    );
    const auto identity = identity_of_uri("spiffe://other.example/ns/shop/sa/web", k_osm);
    ASSERT_TRUE(identity);
    EXPECT_EQ(identity->trust_domain, "other.example");
    EXPECT_EQ(by_dns("web.shop.other.example", k_osm), "");
}

}  // namespace
}  // namespace tls
