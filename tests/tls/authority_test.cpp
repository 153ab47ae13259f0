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
    const Judge judge{k_trust_domain, std::move(bundles)};
    const std::string objection = objection_to_peer(chain, PeerRole::client, judge);
    EXPECT_EQ(objection_to_peer(chain, PeerRole::server, judge), objection);
    return objection;
}

TEST(Authority, IssuesWhatVerifies) {
    for (const KeyKind kind :
         {KeyKind::ec_p256, KeyKind::ec_p384, KeyKind::rsa_2048, KeyKind::ed25519}) {
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

TEST(Authority, SignsByAnIntermediateWithoutTheRootsKey) {
    const Authority root = value_of(Authority::make(k_trust_domain));
    const Authority made = value_of(root.make_intermediate(KeyKind::ec_p384));
    AuthorityPem pem;
    pem.root.certificate = made.root().certificate;
    pem.intermediate = made.intermediate();
    const Authority again = value_of(Authority::parse(pem));
    EXPECT_EQ(again.trust_domain(), k_trust_domain);
    EXPECT_EQ(again.signing_root(), root.root().certificate);
    const Certificates chain = parsed(value_of(again.issue(k_web)));
    ASSERT_EQ(chain.size(), 2U);
    EXPECT_EQ(objection_to(chain, root), "");
    EXPECT_EQ(X509_get_pathlen(chain[1].get()), 0);
    EXPECT_THAT(again.make_intermediate().error(), HasSubstr("the root's key was put away"));
}

TEST(Authority, NeverOutlivesItsRootByAnIntermediate) {
    const Authority root = value_of(Authority::make(k_trust_domain, KeyKind::ec_p256, hours(2)));
    const Authority made = value_of(root.make_intermediate(KeyKind::ec_p256, hours(48)));
    const Certificates chain = parsed(value_of(made.issue(k_web, hours(48))));
    for (const auto& certificate : chain) {
        EXPECT_EQ(not_after_of(certificate.get()), not_after_of(parsed(root.root())[0].get()));
    }
}

TEST(Authority, SignsByTheRootOfABundleThatItsKeyBelongsTo) {
    const Authority old = value_of(Authority::make(k_trust_domain));
    const Authority next = value_of(Authority::make(k_trust_domain));
    const std::string both = old.root().certificate + next.root().certificate;
    for (const Authority* signer : {&old, &next}) {
        const Authority parsed_again =
            value_of(Authority::parse({both, signer->root().key}, "ca.crt", "ca.key"));
        EXPECT_EQ(parsed_again.signing_root(), signer->root().certificate);
        EXPECT_EQ(parsed_again.root().certificate, both);
        EXPECT_EQ(objection_to(parsed(value_of(parsed_again.issue(k_web))), *signer), "");
    }
}

TEST(Authority, RefusesAnIntermediateThatIsNone) {
    const Authority root = value_of(Authority::make(k_trust_domain));
    const Authority made = value_of(root.make_intermediate());
    const auto refusal = [&](const Issued& intermediate, const std::string& root_certificate) {
        AuthorityPem pem;
        pem.root.certificate = root_certificate;
        pem.intermediate = intermediate;
        pem.root_certificate_name = "ca.crt";
        pem.intermediate_certificate_name = "intermediate.crt";
        pem.intermediate_key_name = "intermediate.key";
        const auto result = Authority::parse(pem);
        return result ? "accepted" : result.error();
    };
    const std::string own = root.root().certificate;
    const std::string other = value_of(Authority::make(k_trust_domain)).root().certificate;
    EXPECT_EQ(refusal(made.intermediate(), own), "accepted");
    EXPECT_EQ(
        refusal(made.intermediate(), other), "intermediate.crt: was signed by no root of ca.crt"
    );
    EXPECT_EQ(
        refusal({made.intermediate().certificate, root.root().key}, own),
        "intermediate.key: does not belong to intermediate.crt"
    );
    EXPECT_EQ(refusal(value_of(root.issue(k_web)), own), "intermediate.crt: is no CA certificate");
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
