#include "tls/authority.hpp"

#include "tests/tls/certificate_recipe.hpp"
#include "tls/describe.hpp"
#include "tls/peer.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tls {
namespace {

using std::chrono::hours;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::k_trust_domain;
using ::testing::StartsWith;
using testing::value_of;

const policy::Identity k_web = testing::identity("shop", "web");

Certificates parsed(const Issued& issued) {
    return value_of(parse_certificates(issued.certificate, "pem"));
}

std::string objection_to(const Certificates& chain, const Authority& authority) {
    TrustBundles bundles;
    bundles.emplace(k_trust_domain, parsed(authority.root()));
    return objection_to_peer(chain, bundles, k_trust_domain);
}

TEST(Authority, IssuesWhatVerifies) {
    for (const KeyKind kind : {KeyKind::ec_p256, KeyKind::rsa_2048, KeyKind::ed25519}) {
        const Authority authority = value_of(Authority::make(k_trust_domain, kind));
        const Certificates leaf = parsed(value_of(authority.issue(k_web, hours(1), kind)));
        EXPECT_EQ(objection_to(leaf, authority), "");
        EXPECT_EQ(value_of(identity_of(leaf[0].get(), k_trust_domain)), k_web);
    }
}

TEST(Authority, NamesItsTrustDomainInItsRoot) {
    const Authority authority = value_of(Authority::make("prod.example"));
    EXPECT_THAT(uris_of(parsed(authority.root())[0].get()), ElementsAre("spiffe://prod.example"));
    EXPECT_EQ(X509_check_ca(parsed(authority.root())[0].get()), 1);
}

TEST(Authority, IsTheSameAfterParsing) {
    const Authority made = value_of(Authority::make(k_trust_domain));
    const Authority again = value_of(Authority::parse(made.root(), "ca.crt", "ca.key"));
    EXPECT_EQ(again.trust_domain(), k_trust_domain);
    const Certificates leaf = parsed(value_of(again.issue(k_web)));
    EXPECT_EQ(objection_to(leaf, made), "");
}

TEST(Authority, GivesEveryCertificateItsOwnSerialAndKey) {
    const Authority authority = value_of(Authority::make(k_trust_domain));
    const Issued first = value_of(authority.issue(k_web));
    const Issued second = value_of(authority.issue(k_web));
    EXPECT_NE(first.key, second.key);
    EXPECT_NE(
        ASN1_INTEGER_cmp(
            X509_get0_serialNumber(parsed(first)[0].get()),
            X509_get0_serialNumber(parsed(second)[0].get())
        ),
        0
    );
}

TEST(Authority, WritesPkcs8) {
    const Authority authority = value_of(Authority::make(k_trust_domain));
    EXPECT_THAT(value_of(authority.issue(k_web)).key, StartsWith("-----BEGIN PRIVATE KEY-----"));
}

TEST(Authority, NeverIssuesPastItsOwnEnd) {
    const Authority authority =
        value_of(Authority::make(k_trust_domain, KeyKind::ec_p256, hours(2)));
    const auto leaf = parsed(value_of(authority.issue(k_web, hours(48))));
    EXPECT_EQ(not_after_of(leaf[0].get()), not_after_of(parsed(authority.root())[0].get()));
}

TEST(Authority, CanIssueWhatIsOver) {
    const Authority authority = value_of(Authority::make(k_trust_domain));
    const auto leaf = parsed(value_of(authority.issue(k_web, -hours(1))));
    EXPECT_LT(not_after_of(leaf[0].get()), std::chrono::system_clock::now());
    EXPECT_LT(not_before_of(leaf[0].get()), not_after_of(leaf[0].get()));
    EXPECT_THAT(objection_to(leaf, authority), HasSubstr("expired"));
}

TEST(Authority, SignsForItsOwnTrustDomainOnly) {
    const Authority authority = value_of(Authority::make(k_trust_domain));
    const auto issued = authority.issue(policy::Identity{"cluster.locale", "shop", "web"});
    ASSERT_FALSE(issued);
    EXPECT_THAT(issued.error(), HasSubstr("signs for trust domain cluster.local only"));
}

TEST(Authority, RefusesNamesThatAreNoIdentity) {
    EXPECT_FALSE(Authority::make(""));
    EXPECT_FALSE(Authority::make("Upper.Case"));
    EXPECT_FALSE(Authority::make("a/b"));
    const Authority authority = value_of(Authority::make(k_trust_domain));
    EXPECT_FALSE(authority.issue(testing::identity("shop", "")));
    EXPECT_FALSE(authority.issue(testing::identity("shop", "web,DNS:evil")));
    EXPECT_FALSE(authority.issue(testing::identity("..", "web")));
}

TEST(Authority, RefusesARootThatIsNone) {
    const Authority authority = value_of(Authority::make(k_trust_domain));
    const Issued leaf = value_of(authority.issue(k_web));
    const auto refusal = [](const std::string& certificate, const std::string& key) {
        const Issued root{certificate, key};
        const auto result = Authority::parse(root, "ca.crt", "ca.key");
        return result ? "accepted" : result.error();
    };
    EXPECT_EQ(refusal(leaf.certificate, leaf.key), "ca.crt: is no CA certificate");
    EXPECT_EQ(refusal(authority.root().certificate, leaf.key), "ca.key: does not belong to ca.crt");
    EXPECT_THAT(refusal("", ""), StartsWith("ca.crt: no PEM certificate"));
    const Authority old = value_of(Authority::make(k_trust_domain, KeyKind::ec_p256, -hours(1)));
    EXPECT_THAT(refusal(old.root().certificate, old.root().key), HasSubstr("expired"));
}

}  // namespace
}  // namespace tls
