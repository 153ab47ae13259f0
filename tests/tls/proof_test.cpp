#include "tls/proof.hpp"

#include "tests/tls/session_pair.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/param_build.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>

namespace tls {
namespace {

using namespace std::chrono_literals;
using testing::bake;
using testing::Baked;
using testing::ca_recipe;
using testing::context_of;
using testing::context_presenting;
using ::testing::HasSubstr;
using testing::k_trust_domain;
using testing::Recipe;
using testing::SessionPair;
using testing::signer_of;
using testing::value_of;
using Step = Session::Step;

const policy::Identity k_web = testing::identity("shop", "web");
const policy::Identity k_api = testing::identity("shop", "api");

/// Asks as a handshake does: the chain with the leaf first.
class ProvedChainsTest : public ::testing::Test {
 protected:
    policy::Result<std::shared_ptr<const Proof>, Refusal> prove(
        const std::vector<X509*>& chain, Clock::time_point now, PeerRole role = PeerRole::client
    ) {
        STACK_OF(X509)* presented = sk_X509_new_null();
        for (X509* certificate : chain) {
            sk_X509_push(presented, certificate);
        }
        X509_STORE_CTX* asked = X509_STORE_CTX_new();
        X509_STORE_CTX_init(asked, nullptr, chain.front(), presented);
        auto result = chains_.prove(asked, role, trust_, now);
        X509_STORE_CTX_free(asked);
        sk_X509_free(presented);
        return result;
    }

    Authority authority_ = value_of(Authority::make(k_trust_domain));
    Baked signer_ = signer_of(authority_);
    Trust trust_ = testing::trust_of(authority_.root().certificate);
    Clock::time_point now_ = Clock::now();
    ProvedChains chains_;
};

TEST_F(ProvedChainsTest, VerifiesTheSameChainOnce) {
    const Baked leaf = bake(Recipe(), &signer_);
    const auto first = prove({leaf.certificate.get()}, now_);
    ASSERT_TRUE(first);
    EXPECT_EQ((*first)->identity, k_web);
    const auto second = prove({leaf.certificate.get()}, now_);
    ASSERT_TRUE(second);
    EXPECT_EQ(*second, *first);
    EXPECT_EQ(chains_.verifications(), 1U);
}

TEST_F(ProvedChainsTest, VerifiesAgainWhenTheTimeOfTheChainIsOver) {
    const Baked leaf = bake(Recipe(), &signer_);
    ASSERT_TRUE(prove({leaf.certificate.get()}, now_));
    ASSERT_TRUE(prove({leaf.certificate.get()}, now_ + 3590s));
    EXPECT_EQ(chains_.verifications(), 1U);
    const auto late = prove({leaf.certificate.get()}, now_ + 3601s);
    ASSERT_FALSE(late);
    EXPECT_THAT(late.error().sentence, HasSubstr("certificate has expired"));
    EXPECT_EQ(chains_.verifications(), 2U);
}

TEST_F(ProvedChainsTest, VerifiesAgainWhenTheClockWentBackBeforeTheChain) {
    const Baked leaf = bake(Recipe(), &signer_);
    ASSERT_TRUE(prove({leaf.certificate.get()}, now_));
    EXPECT_FALSE(prove({leaf.certificate.get()}, now_ - 10min));
    EXPECT_EQ(chains_.verifications(), 2U);
}

TEST_F(ProvedChainsTest, BelievesAChainNoLongerThanItsShortestCertificate) {
    Recipe issuer = ca_recipe("intermediate");
    issuer.ends_in_seconds = 100;
    const Baked intermediate = bake(issuer, &signer_);
    const Baked leaf = bake(Recipe(), &intermediate);
    const auto proof = prove({leaf.certificate.get(), intermediate.certificate.get()}, now_);
    ASSERT_TRUE(proof) << proof.error().sentence;
    EXPECT_LE((*proof)->validity.until, now_ + 101s);
    EXPECT_GT((*proof)->leaf_not_after, now_ + 3000s);
    EXPECT_FALSE((*proof)->is_valid_at(now_ + 102s));
}

TEST_F(ProvedChainsTest, DoesNotTakeALeafThatVerifiedWithAnIntermediateWithoutIt) {
    const Baked intermediate = bake(ca_recipe("intermediate"), &signer_);
    const Baked leaf = bake(Recipe(), &intermediate);
    ASSERT_TRUE(prove({leaf.certificate.get(), intermediate.certificate.get()}, now_));
    const auto alone = prove({leaf.certificate.get()}, now_);
    ASSERT_FALSE(alone);
    EXPECT_EQ(alone.error().obstacle, Obstacle::chain);
}

TEST_F(ProvedChainsTest, VerifiesForEachSideOfItsOwn) {
    const Baked leaf = bake(Recipe(), &signer_);
    ASSERT_TRUE(prove({leaf.certificate.get()}, now_, PeerRole::client));
    ASSERT_TRUE(prove({leaf.certificate.get()}, now_, PeerRole::server));
    EXPECT_EQ(chains_.verifications(), 2U);
    EXPECT_EQ(chains_.size(), 2U);
}

TEST_F(ProvedChainsTest, GivesOneProofHoweverMuchIsPresentedBesides) {
    const Baked leaf = bake(Recipe(), &signer_);
    const auto plain = prove({leaf.certificate.get()}, now_);
    ASSERT_TRUE(plain);
    for (int i = 0; i < 3; ++i) {
        const Baked junk = bake(ca_recipe("junk"), nullptr);
        const auto padded = prove({leaf.certificate.get(), junk.certificate.get()}, now_);
        ASSERT_TRUE(padded);
        EXPECT_EQ(*padded, *plain);
    }
}

TEST_F(ProvedChainsTest, RemembersNoRefusal) {
    const Baked forged = bake(Recipe(), nullptr);
    Recipe nobody;
    nobody.uris.clear();
    const Baked nameless = bake(nobody, &signer_);
    for (int i = 0; i < 2; ++i) {
        const auto chain = prove({forged.certificate.get()}, now_);
        ASSERT_FALSE(chain);
        EXPECT_EQ(chain.error().obstacle, Obstacle::chain);
        const auto identity = prove({nameless.certificate.get()}, now_);
        ASSERT_FALSE(identity);
        EXPECT_EQ(identity.error().obstacle, Obstacle::identity);
    }
    EXPECT_EQ(chains_.verifications(), 4U);
    EXPECT_EQ(chains_.size(), 0U);
}

TEST_F(ProvedChainsTest, RefusesARememberedLeafWithAnotherSignature) {
    const Baked leaf = bake(Recipe(), &signer_);
    ASSERT_TRUE(prove({leaf.certificate.get()}, now_));
    const Owned<X509> altered(X509_dup(leaf.certificate.get()));
    const ASN1_BIT_STRING* signature = nullptr;
    X509_get0_signature(&signature, nullptr, altered.get());
    const_cast<ASN1_BIT_STRING*>(signature)->data[signature->length - 1] ^= 1;
    EXPECT_FALSE(prove({altered.get()}, now_));
    EXPECT_EQ(chains_.verifications(), 2U);
}

/// Says that it belongs to `theirs`, signs with `own`.
Owned<EVP_PKEY> key_pretending(const EVP_PKEY* theirs, const EVP_PKEY* own) {
    std::array<unsigned char, 128> point{};
    std::size_t point_bytes = 0;
    EVP_PKEY_get_octet_string_param(
        theirs, OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size(), &point_bytes
    );
    BIGNUM* secret = nullptr;
    EVP_PKEY_get_bn_param(own, OSSL_PKEY_PARAM_PRIV_KEY, &secret);
    OSSL_PARAM_BLD* builder = OSSL_PARAM_BLD_new();
    OSSL_PARAM_BLD_push_utf8_string(builder, OSSL_PKEY_PARAM_GROUP_NAME, "prime256v1", 0);
    OSSL_PARAM_BLD_push_octet_string(builder, OSSL_PKEY_PARAM_PUB_KEY, point.data(), point_bytes);
    OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_PRIV_KEY, secret);
    OSSL_PARAM* parameters = OSSL_PARAM_BLD_to_param(builder);
    EVP_PKEY_CTX* maker = EVP_PKEY_CTX_new_from_name(nullptr, "EC", nullptr);
    EVP_PKEY* key = nullptr;
    EVP_PKEY_fromdata_init(maker);
    EVP_PKEY_fromdata(maker, &key, EVP_PKEY_KEYPAIR, parameters);
    EVP_PKEY_CTX_free(maker);
    OSSL_PARAM_free(parameters);
    OSSL_PARAM_BLD_free(builder);
    BN_clear_free(secret);
    return Owned<EVP_PKEY>(key);
}

TEST_F(ProvedChainsTest, ARememberedLeafWithoutItsKeyIsNobody) {
    const auto api = context_of(authority_, k_api);
    Baked web = bake(Recipe(), &signer_);
    SessionPair genuine(api, context_presenting(web, authority_), k_api);
    genuine.shake_hands();
    ASSERT_TRUE(genuine.is_joined());

    const Owned<EVP_PKEY> own = testing::make_key(KeyKind::ec_p256);
    web.key = key_pretending(web.key.get(), own.get());
    ASSERT_NE(web.key, nullptr);
    SessionPair stolen(api, context_presenting(web, authority_), k_api);
    stolen.shake_hands();
    EXPECT_EQ(stolen.server_step, Step::failed);
    EXPECT_THAT(stolen.server.failure(), HasSubstr("bad signature"));
    EXPECT_EQ(stolen.server.peer().identity, policy::Identity());
    EXPECT_EQ(api->caches->chains.verifications(), 1U);
}

TEST_F(ProvedChainsTest, HandshakesShareTheProofAndNotTheExpectation) {
    const auto web = context_of(authority_, k_web);
    const auto api = context_of(authority_, k_api);
    SessionPair right(api, web, k_api);
    right.shake_hands();
    ASSERT_TRUE(right.is_joined());
    SessionPair wrong(api, web, testing::identity("shop", "db"));
    wrong.shake_hands();
    EXPECT_EQ(wrong.client_step, Step::failed);
    EXPECT_EQ(wrong.client.handshake_failure(), HandshakeFailure::unexpected_identity);
    EXPECT_EQ(web->caches->chains.verifications(), 1U);
}

/// A peer that was verified once, under Materials that come later.
class ObjectionTo : public ::testing::Test {
 protected:
    static std::shared_ptr<const Material> material(
        const Authority& ours, const std::string& bundle, std::vector<FederatedPem> federated = {}
    ) {
        PemText pem = testing::pem_text(value_of(ours.issue(k_api)), bundle);
        pem.federated = std::move(federated);
        return value_of(parse_material(pem, k_trust_domain));
    }
    static Proof proof_of(const Baked& leaf, const Material& material, PeerRole role) {
        Certificates chain;
        chain.push_back(testing::share(leaf.certificate.get()));
        auto proof = prove_peer(stack_of(chain).get(), role, material.trust, Clock::now());
        if (!proof) {
            throw std::runtime_error(proof.error().sentence);
        }
        return std::move(*proof);
    }

    Authority old_ = value_of(Authority::make(k_trust_domain));
    Authority next_ = value_of(Authority::make(k_trust_domain));
    Baked old_signer_ = signer_of(old_);
    std::string old_root_ = old_.root().certificate;
    std::string next_root_ = next_.root().certificate;
    Proof proof_ =
        proof_of(bake(Recipe(), &old_signer_), *material(old_, old_root_), PeerRole::client);
};

TEST_F(ObjectionTo, HasNoneWhileTheAnchorIsTrusted) {
    EXPECT_EQ(objection_to(proof_, *material(old_, old_root_)), "");
    EXPECT_EQ(objection_to(proof_, *material(old_, old_root_ + next_root_)), "");
    EXPECT_EQ(objection_to(proof_, *material(next_, old_root_ + next_root_)), "");
}

TEST_F(ObjectionTo, SaysWhyWhenTheAnchorWasRemoved) {
    EXPECT_THAT(
        objection_to(proof_, *material(next_, next_root_)),
        HasSubstr("; it says spiffe://cluster.local/ns/shop/sa/web and was held against the trust "
                  "bundle of cluster.local")
    );
}

TEST_F(ObjectionTo, SaysWhenTheTimeIsOver) {
    const auto same = material(old_, old_root_);
    EXPECT_EQ(objection_to(proof_, *same, Clock::now() + 3500s), "");
    EXPECT_THAT(
        objection_to(proof_, *same, Clock::now() + 3601s), HasSubstr("certificate has expired")
    );
}

TEST_F(ObjectionTo, LooksAtTheWholeChainThatWasPresented) {
    const auto same = material(old_, old_root_);
    const Baked intermediate = bake(ca_recipe("intermediate"), &old_signer_);
    const Baked leaf = bake(Recipe(), &intermediate);
    Certificates chain;
    chain.push_back(testing::share(leaf.certificate.get()));
    chain.push_back(testing::share(intermediate.certificate.get()));
    const auto proof =
        prove_peer(stack_of(chain).get(), PeerRole::server, same->trust, Clock::now());
    ASSERT_TRUE(proof);
    EXPECT_EQ(objection_to(*proof, *same), "");
    EXPECT_NE(objection_to(*proof, *material(next_, next_root_)), "");
}

TEST_F(ObjectionTo, RemembersWhichSideThePeerWas) {
    const auto same = material(old_, old_root_);
    Recipe servers_only = ca_recipe("CA of servers");
    servers_only.extended_key_usage = "serverAuth";
    const Baked intermediate = bake(servers_only, &old_signer_);
    const Baked leaf = bake(Recipe(), &intermediate);
    Certificates chain;
    chain.push_back(testing::share(leaf.certificate.get()));
    chain.push_back(testing::share(intermediate.certificate.get()));
    auto proof = prove_peer(stack_of(chain).get(), PeerRole::server, same->trust, Clock::now());
    ASSERT_TRUE(proof);
    EXPECT_EQ(objection_to(*proof, *same), "");
    proof->role = PeerRole::client;
    EXPECT_THAT(objection_to(*proof, *same), HasSubstr("certificate purpose"));
}

TEST_F(ObjectionTo, SaysWhenATrustDomainIsFederatedNoMore) {
    const Authority other = value_of(Authority::make("other.example"));
    const Baked other_signer = signer_of(other);
    Recipe recipe;
    recipe.uris = {"spiffe://other.example/web"};
    const auto federated =
        material(old_, old_root_, {{"other.example", other.root().certificate, "other.crt"}});
    const Proof proof = proof_of(bake(recipe, &other_signer), *federated, PeerRole::client);
    EXPECT_EQ(objection_to(proof, *federated), "");
    EXPECT_EQ(
        objection_to(proof, *material(old_, old_root_)),
        "spiffe://other.example/web belongs to trust domain other.example, ours is cluster.local; "
        "identity.trustBundles adds others"
    );
    // The same CA, but for another domain.
    const auto moved = material(old_, old_root_ + other.root().certificate);
    EXPECT_THAT(objection_to(proof, *moved), HasSubstr("belongs to trust domain other.example"));
}

TEST_F(ObjectionTo, SaysWhenTheNamesAreReadInAnotherWay) {
    Recipe recipe;
    recipe.uris = {"spiffe://cluster.local/web/shop"};
    const Proof proof =
        proof_of(bake(recipe, &old_signer_), *material(old_, old_root_), PeerRole::client);
    const PemText pem = testing::pem_text(value_of(old_.issue(k_api)), old_root_);
    const auto turned = value_of(parse_material(
        pem, Naming(k_trust_domain, {NameForm{}, NameForm{NameForm::Kind::osm_spiffe}})
    ));
    EXPECT_EQ(
        objection_to(proof, *turned),
        "it was spiffe://cluster.local/web/shop and would be "
        "spiffe://cluster.local/ns/shop/sa/web now"
    );
}

TEST_F(ObjectionTo, RefusesAProofWithoutCertificates) {
    proof_.path.clear();
    EXPECT_NE(objection_to(proof_, *material(old_, old_root_)), "");
    proof_.path = "\x30\x82";
    EXPECT_NE(objection_to(proof_, *material(old_, old_root_)), "");
}

}  // namespace
}  // namespace tls
