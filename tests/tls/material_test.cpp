#include "tls/material.hpp"

#include "tests/tls/certificate_recipe.hpp"
#include "tls/peer.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tls {
namespace {

using testing::bake;
using testing::Baked;
using testing::ca_recipe;
using ::testing::HasSubstr;
using testing::k_trust_domain;
using testing::pem_text;
using testing::Recipe;
using testing::signer_of;
using ::testing::StartsWith;
using testing::value_of;

class ParseMaterial : public ::testing::Test {
 protected:
    PemText baked(const Recipe& recipe) const {
        const Baked made = bake(recipe, &signer_);
        return pem_text(
            pem_of(made.certificate.get()), pem_of(made.key.get()), authority_.root().certificate
        );
    }

    Authority authority_ = value_of(Authority::make(k_trust_domain));
    Baked signer_ = signer_of(authority_);
    Issued issued_ = value_of(authority_.issue(testing::identity("shop", "web")));
    PemText good_ = pem_text(issued_, authority_.root().certificate);
};

std::string refusal(const PemText& pem, const std::string& trust_domain = k_trust_domain) {
    const auto parsed = parse_material(pem, trust_domain);
    return parsed ? "accepted" : parsed.error();
}

TEST_F(ParseMaterial, TakesWhatTheAuthorityIssues) {
    const auto material = value_of(parse_material(good_, k_trust_domain));
    EXPECT_EQ(material->self, testing::identity("shop", "web"));
    EXPECT_TRUE(material->intermediates.empty());
    EXPECT_EQ(material->trust_bundles.at(k_trust_domain).size(), 1U);
    EXPECT_GT(material->not_after, std::chrono::system_clock::now() + std::chrono::hours(23));
    EXPECT_EQ(material->trust_generation.size(), 64U);
}

TEST_F(ParseMaterial, TakesEveryKindOfKey) {
    for (const KeyKind kind : {KeyKind::ec_p256, KeyKind::rsa_2048, KeyKind::ed25519}) {
        Recipe recipe;
        recipe.key_kind = kind;
        EXPECT_EQ(refusal(baked(recipe)), "accepted") << static_cast<int>(kind);
    }
}

TEST_F(ParseMaterial, TakesAChainThroughAnIntermediate) {
    const Baked intermediate = bake(ca_recipe("intermediate"), &signer_);
    const Baked leaf = bake(Recipe(), &intermediate);
    PemText pem = pem_text(
        pem_of(leaf.certificate.get()) + pem_of(intermediate.certificate.get()),
        pem_of(leaf.key.get()),
        authority_.root().certificate
    );
    EXPECT_EQ(value_of(parse_material(pem, k_trust_domain))->intermediates.size(), 1U);
    pem.certificate = pem_of(leaf.certificate.get());
    EXPECT_THAT(refusal(pem), HasSubstr("tls.crt: does not verify against ca.crt"));
}

TEST_F(ParseMaterial, EndsWithTheFirstCertificateOfItsChain) {
    Recipe brief = ca_recipe("intermediate");
    brief.ends_in_seconds = 600;
    const Baked intermediate = bake(brief, &signer_);
    const Baked leaf = bake(Recipe(), &intermediate);
    const PemText pem = pem_text(
        pem_of(leaf.certificate.get()) + pem_of(intermediate.certificate.get()),
        pem_of(leaf.key.get()),
        authority_.root().certificate
    );
    const auto end = not_after_of(intermediate.certificate.get());
    EXPECT_LT(end, not_after_of(leaf.certificate.get()));
    EXPECT_EQ(value_of(parse_material(pem, k_trust_domain))->not_after, end);
    // As an anchor it ends the chain as well.
    const PemText anchored = pem_text(
        pem_of(leaf.certificate.get()),
        pem_of(leaf.key.get()),
        pem_of(intermediate.certificate.get())
    );
    EXPECT_EQ(value_of(parse_material(anchored, k_trust_domain))->not_after, end);
}

TEST_F(ParseMaterial, DoesNotEndWithACertificateThatItsChainDoesNotNeed) {
    Recipe over = ca_recipe("another");
    over.starts_in_seconds = -7200;
    over.ends_in_seconds = -60;
    const Baked unneeded = bake(over, &signer_);
    const Baked leaf = bake(Recipe(), &signer_);
    const PemText pem = pem_text(
        pem_of(leaf.certificate.get()) + pem_of(unneeded.certificate.get()),
        pem_of(leaf.key.get()),
        authority_.root().certificate
    );
    EXPECT_EQ(
        value_of(parse_material(pem, k_trust_domain))->not_after,
        not_after_of(leaf.certificate.get())
    );
}

TEST_F(ParseMaterial, TakesAnIntermediateAsAnchor) {
    const Baked intermediate = bake(ca_recipe("intermediate"), &signer_);
    const Baked leaf = bake(Recipe(), &intermediate);
    EXPECT_EQ(
        refusal(pem_text(
            pem_of(leaf.certificate.get()),
            pem_of(leaf.key.get()),
            pem_of(intermediate.certificate.get())
        )),
        "accepted"
    );
}

TEST_F(ParseMaterial, TakesACredentialBundleWithTheKeyFirst) {
    const std::string bundle = issued_.key + issued_.certificate;
    EXPECT_EQ(refusal(pem_text(bundle, bundle, authority_.root().certificate)), "accepted");
}

TEST_F(ParseMaterial, FindsTheSameGenerationInAnyOrderOfAnchors) {
    const Authority other = value_of(Authority::make(k_trust_domain));
    PemText ab = good_;
    PemText ba = good_;
    ab.trust_bundle = authority_.root().certificate + other.root().certificate;
    ba.trust_bundle = other.root().certificate + authority_.root().certificate;
    const auto generation = [](const PemText& pem) {
        return value_of(parse_material(pem, k_trust_domain))->trust_generation;
    };
    EXPECT_EQ(generation(ab), generation(ba));
    EXPECT_NE(generation(ab), generation(good_));
}

TEST_F(ParseMaterial, RefusesAKeyOfAnotherCertificate) {
    good_.key = value_of(authority_.issue(testing::identity("shop", "web"))).key;
    EXPECT_THAT(
        refusal(good_), StartsWith("tls.key: does not belong to the first certificate of ")
    );
}

TEST_F(ParseMaterial, RefusesAnotherTrustDomain) {
    EXPECT_THAT(refusal(good_, "cluster.locale"), HasSubstr("ours is cluster.locale"));
}

TEST_F(ParseMaterial, RefusesTheNameOfAFederatedDomainAsOurs) {
    const Authority other = value_of(Authority::make("other.example"));
    const policy::Identity web{"other.example", "shop", "web"};
    PemText pem = pem_text(value_of(other.issue(web)), authority_.root().certificate);
    pem.federated = {{"other.example", other.root().certificate, "other.crt"}};
    EXPECT_THAT(
        refusal(pem), HasSubstr("belongs to trust domain other.example, ours is cluster.local")
    );
}

TEST_F(ParseMaterial, RefusesToBeNoServiceAccount) {
    Recipe recipe;
    recipe.uris = {"spiffe://cluster.local/web"};
    EXPECT_THAT(
        refusal(baked(recipe)),
        HasSubstr("spiffe://cluster.local/web is no identity of a service account")
    );
}

TEST_F(ParseMaterial, TakesACertificateOfAMeshThatIsMigratedFrom) {
    Recipe recipe;
    recipe.uris.clear();
    recipe.dns_names = {"web.shop.cluster.local"};
    recipe.common_name = recipe.dns_names.front();
    const auto material = value_of(
        parse_material(baked(recipe), Naming(k_trust_domain, {NameForm{NameForm::Kind::osm}}))
    );
    EXPECT_EQ(material->self, testing::identity("shop", "web"));
    EXPECT_THAT(refusal(baked(recipe)), HasSubstr("no URI SAN"));
}

TEST_F(ParseMaterial, KeepsABundleForEachTrustDomain) {
    const Authority other = value_of(Authority::make("other.example"));
    const auto before = value_of(parse_material(good_, k_trust_domain));
    good_.federated = {{"other.example", other.root().certificate, "other.crt"}};
    const auto after = value_of(parse_material(good_, k_trust_domain));
    EXPECT_EQ(after->trust_bundles.at("other.example").size(), 1U);
    EXPECT_NE(after->trust.store_of("other.example"), nullptr);
    EXPECT_NE(after->trust_generation, before->trust_generation);
    // The same CAs, but each for another domain.
    good_.trust_bundle += other.root().certificate;
    good_.federated.front().text = authority_.root().certificate;
    EXPECT_NE(
        value_of(parse_material(good_, k_trust_domain))->trust_generation, after->trust_generation
    );
}

TEST_F(ParseMaterial, RefusesBadBundlesOfOtherTrustDomains) {
    good_.federated = {{"other.example", "rubbish", "other.crt"}};
    EXPECT_THAT(refusal(good_), StartsWith("other.crt: no PEM certificate in it"));
    good_.federated = {{"other.example", issued_.certificate, "other.crt"}};
    EXPECT_THAT(
        refusal(good_), StartsWith("the trust bundle of other.example: holds a certificate that is")
    );
    good_.federated = {{k_trust_domain, authority_.root().certificate, "other.crt"}};
    EXPECT_EQ(refusal(good_), "other.crt: trust domain cluster.local has a trust bundle already");
}

TEST_F(ParseMaterial, RefusesCredentialsWithAPartMissing) {
    const auto refusal_of = [&](bool has_chain, bool has_bundle) {
        Credentials credentials;
        if (has_chain) {
            credentials.chain = value_of(parse_certificates(good_.certificate, "tls.crt"));
        }
        credentials.key = value_of(parse_key(good_.key, "tls.key"));
        if (has_bundle) {
            credentials.trust_bundles.emplace(k_trust_domain, Certificates());
        }
        credentials.certificate_name = "SVID";
        credentials.trust_bundle_name = "bundle";
        return make_material(std::move(credentials), k_trust_domain).error();
    };
    EXPECT_EQ(refusal_of(false, true), "SVID: no certificate in it");
    EXPECT_EQ(refusal_of(true, false), "bundle: no trust bundle of our trust domain cluster.local");
    EXPECT_EQ(refusal_of(true, true), "bundle: no certificate in it");
}

TEST_F(ParseMaterial, RefusesAnUntrustedIssuer) {
    good_.trust_bundle = value_of(Authority::make(k_trust_domain)).root().certificate;
    EXPECT_THAT(refusal(good_), HasSubstr("tls.crt: does not verify against ca.crt"));
}

TEST_F(ParseMaterial, RefusesWhatIsOverOrNotYetBegun) {
    Recipe expired;
    expired.starts_in_seconds = -7200;
    expired.ends_in_seconds = -60;
    EXPECT_THAT(refusal(baked(expired)), HasSubstr("certificate has expired"));
    Recipe early;
    early.starts_in_seconds = 600;
    EXPECT_THAT(refusal(baked(early)), HasSubstr("not yet valid"));
}

TEST_F(ParseMaterial, RefusesALeafInTheTrustBundle) {
    const Baked self_signed = bake(Recipe(), nullptr);
    const std::string certificate = pem_of(self_signed.certificate.get());
    EXPECT_THAT(
        refusal(pem_text(certificate, pem_of(self_signed.key.get()), certificate)),
        StartsWith("ca.crt: holds a certificate that is no CA")
    );
}

TEST_F(ParseMaterial, RefusesItsOwnRootAsLeaf) {
    EXPECT_THAT(
        refusal(pem_text(authority_.root(), authority_.root().certificate)),
        HasSubstr("it is a CA certificate")
    );
}

TEST_F(ParseMaterial, NamesTheFileThatIsEmpty) {
    for (auto part : {&PemText::certificate, &PemText::key, &PemText::trust_bundle}) {
        PemText pem = good_;
        (pem.*part).clear();
        const std::string sentence = refusal(pem);
        EXPECT_THAT(sentence, HasSubstr("no PEM"));
        EXPECT_THAT(
            sentence,
            StartsWith(
                part == &PemText::certificate ? "tls.crt: "
                : part == &PemText::key       ? "tls.key: "
                                              : "ca.crt: "
            )
        );
    }
}

TEST_F(ParseMaterial, RefusesDamagedPem) {
    for (auto part : {&PemText::certificate, &PemText::key, &PemText::trust_bundle}) {
        PemText pem = good_;
        (pem.*part).resize((pem.*part).size() / 2);
        EXPECT_THAT(refusal(pem), HasSubstr("cannot be read")) << pem.*part;
    }
    good_.certificate.replace(100, 4, "!!!!");
    EXPECT_THAT(refusal(good_), StartsWith("tls.crt: certificate 1 cannot be read"));
}

TEST_F(ParseMaterial, RefusesADamagedSecondCertificate) {
    std::string damaged = issued_.certificate;
    damaged.replace(100, 4, "!!!!");
    good_.certificate += damaged;
    EXPECT_THAT(refusal(good_), StartsWith("tls.crt: certificate 2 cannot be read"));
}

TEST_F(ParseMaterial, NeverAsksForAPassphrase) {
    good_.key =
        "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIHsMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAg=\n"
        "-----END ENCRYPTED PRIVATE KEY-----\n";
    EXPECT_THAT(refusal(good_), StartsWith("tls.key: the private key is encrypted"));
}

}  // namespace
}  // namespace tls
