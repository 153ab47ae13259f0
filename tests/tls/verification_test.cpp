// Every rule about a peer's certificates (security.md §5, smi.md §5.2, SPIFFE X509-SVID §2 to §5)
// as rows of good and bad ones, made with OpenSSL: each as a client and as a server, by prove_peer
// and in a handshake. tls/README.md says which rule each row is for.
#include "tests/tls/session_pair.hpp"
#include "tls/proof.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

namespace tls {
namespace {

using testing::bake;
using testing::Baked;
using testing::ca_recipe;
using testing::context_presenting;
using ::testing::HasSubstr;
using testing::k_trust_domain;
using testing::Recipe;
using testing::SessionPair;
using testing::share;
using testing::value_of;
using namespace std::string_literals;

const std::string k_other_domain = "other.example";
const std::string k_web = "spiffe://cluster.local/ns/shop/sa/web";

Baked make_root(const std::string& name, const std::function<void(Recipe&)>& change = {}) {
    Recipe recipe = ca_recipe(name);
    recipe.ends_in_seconds = 7200;
    if (change) {
        change(recipe);
    }
    return bake(recipe, nullptr);
}

/// Two trust domains that are trusted, each with its CA; what else rows need.
struct World {
    Baked root = make_root("our root");
    Baked other_root = make_root("other root");
    Baked strange_root = make_root("strange root");
    Baked expired_root = make_root("expired root", [](Recipe& r) { r.ends_in_seconds = -10; });
    Baked weak_root = make_root("weak root", [](Recipe& r) {
        r.key_kind = KeyKind::rsa_2048;
        r.rsa_bits = 1024;
    });
    /// A bundle may hold this one without its root.
    Baked anchored = bake(ca_recipe("anchored intermediate"), &strange_root);

    [[nodiscard]] Trust trust() const {
        TrustBundles bundles;
        for (const Baked* anchor : {&root, &expired_root, &weak_root, &anchored}) {
            bundles[k_trust_domain].push_back(share(anchor->certificate.get()));
        }
        bundles[k_other_domain].push_back(share(other_root.certificate.get()));
        return value_of(make_trust(Naming(k_trust_domain), bundles));
    }
};

const World& world() {
    static const World made;
    return made;
}

struct Presented {
    Baked leaf;
    Certificates intermediates = {};
};

struct Row {
    const char* name;
    std::function<Presented()> make;
    const char* verdict;  // whom it names, or words of the sentence that refuses it
    /// OpenSSL would not present it, so it is shown to prove_peer alone.
    bool is_presentable = true;
};

// --- How rows are made ---

using Change = std::function<void(Recipe&)>;

Recipe changed(const Change& change) {
    Recipe recipe;
    if (change) {
        change(recipe);
    }
    return recipe;
}

std::function<Presented()> leaf(Change change, const Baked World::* signer = &World::root) {
    return [=] { return Presented{bake(changed(change), &(world().*signer))}; };
}

std::function<Presented()> uri(std::string text, const Baked World::* signer = &World::root) {
    return leaf([text = std::move(text)](Recipe& r) { r.uris = {text}; }, signer);
}

/// A leaf below CAs that each sign the next one; the first is signed by our root.
std::function<Presented()> below(const std::vector<Change>& changes, Change leaf_change = {}) {
    return [=] {
        std::vector<Baked> line;
        for (const Change& change : changes) {
            Recipe recipe = ca_recipe("CA " + std::to_string(line.size()));
            change(recipe);
            line.push_back(bake(recipe, line.empty() ? &world().root : &line.back()));
        }
        Presented presented{bake(changed(leaf_change), &line.back())};
        for (auto ca = line.rbegin(); ca != line.rend(); ++ca) {
            presented.intermediates.push_back(std::move(ca->certificate));
        }
        return presented;
    };
}

std::function<Presented()> below(Change change, Change leaf_change = {}) {
    return below(std::vector<Change>{std::move(change)}, std::move(leaf_change));
}

std::vector<Change> plain_cas(std::size_t count) {
    return std::vector<Change>(count, [](Recipe&) {});
}

std::string long_text(std::size_t bytes) {
    return k_web + std::string(bytes - k_web.size(), 'a');
}

// --- The rows ---

const std::vector<Row>& good_rows() {
    static const std::vector<Row> rows{
        {"EcdsaP256", leaf({}), k_web.c_str()},
        {"EcdsaP384", leaf([](Recipe& r) { r.curve = "P-384"; }), k_web.c_str()},
        {"Rsa2048", leaf([](Recipe& r) { r.key_kind = KeyKind::rsa_2048; }), k_web.c_str()},
        {"Ed25519", leaf([](Recipe& r) { r.key_kind = KeyKind::ed25519; }), k_web.c_str()},
        {"NoExtendedKeyUsage", leaf([](Recipe& r) { r.extended_key_usage = ""; }), k_web.c_str()},
        {"NoBasicConstraints", leaf([](Recipe& r) { r.basic_constraints = ""; }), k_web.c_str()},
        {"DnsNamesBesides", leaf([](Recipe& r) { r.dns_names = {"web", "*"}; }), k_web.c_str()},
        {"OtherNameBesides", leaf([](Recipe& r) { r.has_other_name = true; }), k_web.c_str()},
        {"KeyEnciphermentToo",
         leaf([](Recipe& r) { r.key_usage = "critical,digitalSignature,keyEncipherment"; }),
         k_web.c_str()},
        {"AnyPathOfOurDomain",
         uri("spiffe://cluster.local/dc/dc1/svc/web"),
         "spiffe://cluster.local/dc/dc1/svc/web"},
        {"LongestUri", uri(long_text(2048)), "aaaaaaaaaaaaaaaaaaaaaaaa"},
        {"BelowAnIntermediate", below(plain_cas(1)), k_web.c_str()},
        {"BelowEightIntermediates", below(plain_cas(8)), k_web.c_str()},
        {"BelowAnIntermediateForBothSides",
         below([](Recipe& r) { r.extended_key_usage = "serverAuth,clientAuth"; }),
         k_web.c_str()},
        {"BelowAnIntermediateInTheBundle", leaf({}, &World::anchored), k_web.c_str()},
        {"ConstrainedToOurDomain",
         below([](Recipe& r) { r.name_constraints = "critical,permitted;URI:cluster.local"; }),
         k_web.c_str()},
        {"OtherDomainExcluded",
         below([](Recipe& r) { r.name_constraints = "critical,excluded;URI:other.example"; }),
         k_web.c_str()},
        {"FederatedServiceAccount",
         uri("spiffe://other.example/ns/shop/sa/web", &World::other_root),
         "spiffe://other.example/ns/shop/sa/web"},
        {"FederatedPath",
         uri("spiffe://other.example/web", &World::other_root),
         "spiffe://other.example/web"},
    };
    return rows;
}

const std::vector<Row>& bad_name_rows() {
    static const std::vector<Row> rows{
        {"TwoUris",
         leaf([](Recipe& r) { r.uris.emplace_back("spiffe://cluster.local/ns/shop/sa/admin"); }),
         "more than one URI SAN"},
        {"TheSameUriTwice",
         leaf([](Recipe& r) { r.uris.push_back(r.uris.front()); }),
         "more than one URI SAN"},
        {"SecondUriOfAnotherScheme",
         leaf([](Recipe& r) { r.uris.emplace_back("https://example.com/"); }),
         "more than one URI SAN"},
        {"NoSan", leaf([](Recipe& r) { r.san_extensions = 0; }), "no subjectAltName"},
        {"TwoSanExtensions", leaf([](Recipe& r) { r.san_extensions = 2; }), "cannot be read"},
        {"OnlyDns",
         leaf([](Recipe& r) {
             r.uris.clear();
             r.dns_names = {"web.shop.cluster.local"};
             r.common_name = "web.shop.cluster.local";
         }),
         "no URI SAN"},
        {"OnlyOtherName",
         leaf([](Recipe& r) {
             r.uris.clear();
             r.has_other_name = true;
         }),
         "no URI SAN"},
        {"OnlyCommonName",
         leaf([](Recipe& r) {
             r.san_extensions = 0;
             r.common_name = k_web;
         }),
         "no subjectAltName"},
        {"NulAtTheEnd", uri(k_web + "\0"s), "NUL in the URI SAN"},
        {"NulBeforeMore", uri(k_web + "\0.evil"s), "NUL in the URI SAN"},
        {"OtherScheme", uri("https://cluster.local/ns/shop/sa/web"), "does not begin with"},
        {"UpperCaseScheme", uri("SPIFFE://cluster.local/ns/shop/sa/web"), "does not begin with"},
        {"UpperCaseDomain", uri("spiffe://Cluster.local/ns/shop/sa/web"), "in its trust domain"},
        {"Port", uri("spiffe://cluster.local:1/ns/shop/sa/web"), "in its trust domain"},
        {"UserInfo", uri("spiffe://a@cluster.local/ns/shop/sa/web"), "in its trust domain"},
        {"NoDomain", uri("spiffe:///ns/shop/sa/web"), "no trust domain"},
        {"NoPath", uri("spiffe://cluster.local"), "has no path"},
        {"RootPath", uri("spiffe://cluster.local/"), "an empty path segment"},
        {"TrailingSlash", uri(k_web + "/"), "an empty path segment"},
        {"EmptySegment", uri("spiffe://cluster.local/ns//sa/web"), "an empty path segment"},
        {"DotSegments", uri("spiffe://cluster.local/ns/shop/sa/.."), "a dot segment"},
        {"DotSegment", uri("spiffe://cluster.local/ns/./sa/web"), "a dot segment"},
        {"PercentEscape", uri("spiffe://cluster.local/ns/shop/sa/w%65b"), "in its path"},
        {"Query", uri(k_web + "?a"), "in its path"},
        {"Fragment", uri(k_web + "#a"), "in its path"},
        {"TrailingSpace", uri(k_web + " "), "in its path"},
        {"NewLine", uri(k_web + "\n"), "in its path"},
        {"Empty", uri(""), "does not begin with"},
        {"TooLongUri", uri(long_text(2049)), "longer than 2048 bytes"},
        {"EightKibibyteUri", uri(long_text(8192)), "longer than 2048 bytes"},
        {"CyrillicDomain",
         uri("spiffe://cluster.l\xd0\xbe"
             "cal/ns/shop/sa/web"),
         "in its trust domain"},
        {"UpperCaseIForL", uri("spiffe://cluster.locaI/ns/shop/sa/web"), "in its trust domain"},
    };
    return rows;
}

const std::vector<Row>& bad_domain_rows() {
    static const std::vector<Row> rows{
        {"LookAlikeSuffix",
         uri("spiffe://cluster.local.evil/ns/shop/sa/web"),
         "belongs to trust domain cluster.local.evil, ours is cluster.local, federated with "
         "other.example"},
        {"LookAlikePrefix",
         uri("spiffe://evil.cluster.local/ns/shop/sa/web"),
         "belongs to trust domain evil.cluster.local, ours is"},
        {"LookAlikeDash",
         uri("spiffe://cluster-local/ns/shop/sa/web"),
         "belongs to trust domain cluster-local, ours is"},
        {"LookAlikeDigit",
         uri("spiffe://c1uster.local/ns/shop/sa/web"),
         "belongs to trust domain c1uster.local, ours is"},
        {"TrailingDot",
         uri("spiffe://cluster.local./ns/shop/sa/web"),
         "belongs to trust domain cluster.local., ours is"},
        {"Unlisted",
         uri("spiffe://unlisted.example/ns/shop/sa/web", &World::strange_root),
         "belongs to trust domain unlisted.example, ours is"},
        {"FederatedNameByOurRoot",
         uri("spiffe://other.example/ns/shop/sa/web"),
         "held against the trust bundle of other.example"},
        {"OurNameByAFederatedRoot",
         leaf({}, &World::other_root),
         "held against the trust bundle of cluster.local"},
    };
    return rows;
}

const std::vector<Row>& bad_usage_rows() {
    static const std::vector<Row> rows{
        {"CaAsLeaf",
         leaf([](Recipe& r) { r.basic_constraints = "critical,CA:TRUE"; }),
         "it is a CA certificate"},
        {"NoKeyUsage", leaf([](Recipe& r) { r.key_usage = ""; }), "no keyUsage"},
        {"NoDigitalSignature",
         leaf([](Recipe& r) { r.key_usage = "critical,keyEncipherment"; }),
         "lacks digitalSignature"},
        {"KeyCertSign",
         leaf([](Recipe& r) { r.key_usage = "critical,digitalSignature,keyCertSign"; }),
         "keyCertSign or cRLSign"},
        {"CrlSign",
         leaf([](Recipe& r) { r.key_usage = "critical,digitalSignature,cRLSign"; }),
         "keyCertSign or cRLSign"},
        {"KeyUsageNotCritical",
         leaf([](Recipe& r) { r.key_usage = "digitalSignature"; }),
         "not marked critical"},
        {"OnlyServerAuth",
         leaf([](Recipe& r) { r.extended_key_usage = "serverAuth"; }),
         "lacks serverAuth or clientAuth"},
        {"OnlyClientAuth",
         leaf([](Recipe& r) { r.extended_key_usage = "clientAuth"; }),
         "lacks serverAuth or clientAuth"},
        {"AnyExtendedKeyUsage",
         leaf([](Recipe& r) { r.extended_key_usage = "anyExtendedKeyUsage"; }),
         "lacks serverAuth or clientAuth"},
        {"CodeSigning",
         leaf([](Recipe& r) { r.extended_key_usage = "codeSigning"; }),
         "lacks serverAuth or clientAuth"},
        {"Rsa1024",
         leaf([](Recipe& r) {
             r.key_kind = KeyKind::rsa_2048;
             r.rsa_bits = 1024;
         }),
         "key too weak",
         false},
        {"Sha1", leaf([](Recipe& r) { r.is_sha1 = true; }), "digest algorithm too weak", false},
        {"AnchorOfRsa1024", leaf({}, &World::weak_root), "key too weak"},
    };
    return rows;
}

const std::vector<Row>& bad_chain_rows() {
    const auto no_change = [](Recipe&) {};
    static const std::vector<Row> rows{
        {"WrongRoot", leaf({}, &World::strange_root), "unable to get local issuer certificate"},
        {"SelfSigned", [] { return Presented{bake(Recipe(), nullptr)}; }, "self-signed"},
        {"SignedByALeaf",
         below([](Recipe& r) {
             r = Recipe();
             r.common_name = "a workload";
         }),
         "invalid CA certificate (certificate 2 of the chain)"},
        {"SignedByACaThatMayNotSign",
         below([](Recipe& r) { r.key_usage = "critical,digitalSignature"; }),
         "invalid CA certificate"},
        {"WithoutItsIntermediate",
         [] {
             Presented presented = below(plain_cas(1))();
             presented.intermediates.clear();
             return presented;
         },
         "unable to get local issuer certificate"},
        {"BelowNineIntermediates", below(plain_cas(9)), "chain too long"},
        {"BelowMoreThanAPathLengthAllows",
         below({[](Recipe& r) { r.basic_constraints = "critical,CA:TRUE,pathlen:0"; }, no_change}),
         "path length constraint exceeded"},
        {"BelowAnIntermediateOfAnotherUse",
         below([](Recipe& r) { r.extended_key_usage = "codeSigning"; }),
         "certificate purpose"},
        {"Expired",
         leaf([](Recipe& r) { r.ends_in_seconds = -10; }),
         "certificate has expired; it says spiffe://cluster.local/ns/shop/sa/web"},
        {"NotYetValid",
         leaf([](Recipe& r) { r.starts_in_seconds = 100; }),
         "certificate is not yet valid"},
        {"ExpiredIntermediate",
         below([](Recipe& r) { r.ends_in_seconds = -10; }),
         "certificate has expired (certificate 2 of the chain)"},
        {"IntermediateNotYetValid",
         below([](Recipe& r) { r.starts_in_seconds = 100; }),
         "certificate is not yet valid (certificate 2 of the chain)"},
        {"ExpiredRoot", leaf({}, &World::expired_root), "certificate has expired (certificate 2"},
        {"ExcludedDomain",
         below([](Recipe& r) { r.name_constraints = "critical,excluded;URI:cluster.local"; }),
         "excluded subtree violation"},
        {"DomainNotPermitted",
         below([](Recipe& r) { r.name_constraints = "critical,permitted;URI:other.example"; }),
         "permitted subtree violation"},
        {"ChainOfMoreThanSixteenKibibytes",
         [] {
             Presented presented = below(plain_cas(1))();
             Recipe filler;
             filler.uris = {std::string(16 * 1024, 'a')};
             presented.intermediates.push_back(std::move(bake(filler, nullptr).certificate));
             return presented;
         },
         "and must have 1 to 16384",
         false},
    };
    return rows;
}

// --- What each of them is put through ---

Owned<X509Stack> stack_of(const Presented& presented) {
    Certificates chain;
    chain.push_back(share(presented.leaf.certificate.get()));
    for (const auto& intermediate : presented.intermediates) {
        chain.push_back(share(intermediate.get()));
    }
    // The stack counts no references; `presented` holds them.
    return stack_of(chain);
}

std::shared_ptr<const Context> context_of(const Presented& presented) {
    return context_presenting(presented.leaf, presented.intermediates, world().trust());
}

const std::shared_ptr<const Context>& context_of_api() {
    static const auto made = [] {
        Recipe recipe;
        recipe.uris = {"spiffe://cluster.local/ns/shop/sa/api"};
        return context_of(Presented{bake(recipe, &world().root)});
    }();
    return made;
}

const policy::Identity k_api = testing::identity("shop", "api");

class Accepted : public ::testing::TestWithParam<Row> {};

TEST_P(Accepted, AsClientAndAsServer) {
    const Presented presented = GetParam().make();
    policy::Identity identity;
    for (const PeerRole role : {PeerRole::client, PeerRole::server}) {
        const auto proof =
            prove_peer(stack_of(presented).get(), role, world().trust(), Clock::now());
        ASSERT_TRUE(proof) << proof.error().sentence;
        EXPECT_THAT(proof->identity.uri(), HasSubstr(GetParam().verdict));
        EXPECT_EQ(proof->role, role);
        identity = proof->identity;
    }
    SessionPair as_client(context_of_api(), context_of(presented), k_api);
    as_client.shake_hands();
    ASSERT_TRUE(as_client.is_joined()) << as_client.server.failure();
    EXPECT_EQ(as_client.server.peer().identity, identity);
    SessionPair as_server(context_of(presented), context_of_api(), identity);
    as_server.shake_hands();
    ASSERT_TRUE(as_server.is_joined()) << as_server.client.failure();
    EXPECT_EQ(as_server.client.peer().identity, identity);
}

class Refused : public ::testing::TestWithParam<Row> {};

TEST_P(Refused, AsClientAndAsServer) {
    const Presented presented = GetParam().make();
    for (const PeerRole role : {PeerRole::client, PeerRole::server}) {
        const auto proof =
            prove_peer(stack_of(presented).get(), role, world().trust(), Clock::now());
        ASSERT_FALSE(proof) << proof->identity.uri();
        EXPECT_THAT(proof.error().sentence, HasSubstr(GetParam().verdict));
    }
    if (!GetParam().is_presentable) {
        return;
    }
    SessionPair as_client(context_of_api(), context_of(presented), k_api);
    as_client.shake_hands();
    EXPECT_EQ(as_client.server_step, Session::Step::failed);
    EXPECT_THAT(as_client.server.failure(), HasSubstr(GetParam().verdict));
    EXPECT_EQ(as_client.server.peer().identity, policy::Identity());
    // What its URI would be, if it were read with less care.
    SessionPair as_server(
        context_of(presented), context_of_api(), testing::identity("shop", "web")
    );
    as_server.shake_hands();
    EXPECT_EQ(as_server.client_step, Session::Step::failed);
    EXPECT_THAT(as_server.client.failure(), HasSubstr(GetParam().verdict));
    EXPECT_EQ(as_server.client.peer().identity, policy::Identity());
}

constexpr auto k_row_name = [](const auto& tested) { return std::string(tested.param.name); };

INSTANTIATE_TEST_SUITE_P(Verification, Accepted, ::testing::ValuesIn(good_rows()), k_row_name);
INSTANTIATE_TEST_SUITE_P(
    VerificationName, Refused, ::testing::ValuesIn(bad_name_rows()), k_row_name
);
INSTANTIATE_TEST_SUITE_P(
    VerificationDomain, Refused, ::testing::ValuesIn(bad_domain_rows()), k_row_name
);
INSTANTIATE_TEST_SUITE_P(
    VerificationUsage, Refused, ::testing::ValuesIn(bad_usage_rows()), k_row_name
);
INSTANTIATE_TEST_SUITE_P(
    VerificationChain, Refused, ::testing::ValuesIn(bad_chain_rows()), k_row_name
);

TEST(Verification, TakesACaForOneSideOnThatSideOnly) {
    const Presented presented = below([](Recipe& r) { r.extended_key_usage = "serverAuth"; })();
    const Owned<X509Stack> chain = stack_of(presented);
    const Trust trust = world().trust();
    EXPECT_TRUE(prove_peer(chain.get(), PeerRole::server, trust, Clock::now()));
    const auto as_client = prove_peer(chain.get(), PeerRole::client, trust, Clock::now());
    ASSERT_FALSE(as_client);
    EXPECT_THAT(as_client.error().sentence, HasSubstr("certificate purpose"));
}

TEST(Verification, TakesNoLeafForAnAnchor) {
    const Baked self_signed = bake(Recipe(), nullptr);
    TrustBundles bundles;
    bundles[k_trust_domain].push_back(share(self_signed.certificate.get()));
    const auto trust = make_trust(Naming(k_trust_domain), bundles);
    ASSERT_FALSE(trust);
    EXPECT_THAT(
        trust.error(), HasSubstr("trust bundle of cluster.local: holds a certificate that is no CA")
    );
}

TEST(Verification, AFederatedServerIsNotOursOfTheSameName) {
    const Presented presented = uri("spiffe://other.example/ns/shop/sa/web", &World::other_root)();
    SessionPair pair(context_of(presented), context_of_api(), testing::identity("shop", "web"));
    pair.shake_hands();
    EXPECT_EQ(pair.client_step, Session::Step::failed);
    EXPECT_THAT(
        pair.client.failure(),
        HasSubstr("peer presented spiffe://other.example/ns/shop/sa/web, expected " + k_web)
    );
    EXPECT_EQ(pair.client.handshake_failure(), HandshakeFailure::unexpected_identity);
}

TEST(Verification, TakesTheNamesOfAnotherMeshWhereTheyAreAdmitted) {
    Recipe recipe;
    recipe.uris.clear();
    recipe.dns_names = {"web.shop.serviceaccount.identity.linkerd.cluster.local"};
    const Baked linkerd = bake(recipe, &world().root);
    Recipe of_api;
    of_api.uris = {"spiffe://cluster.local/ns/shop/sa/api"};
    const NameForm form{NameForm::Kind::linkerd, "linkerd"};
    const auto migrating = context_presenting(
        bake(of_api, &world().root),
        {},
        testing::trust_of(
            pem_of(world().root.certificate.get()), Naming(k_trust_domain, {NameForm{}, form})
        )
    );
    const auto web = context_presenting(linkerd, {}, world().trust());
    SessionPair pair(migrating, web, k_api);
    pair.shake_hands();
    ASSERT_TRUE(pair.is_joined()) << pair.server.failure();
    EXPECT_EQ(pair.server.peer().identity, testing::identity("shop", "web"));
    SessionPair as_server(web, migrating, testing::identity("shop", "web"));
    as_server.shake_hands();
    EXPECT_TRUE(as_server.is_joined()) << as_server.client.failure();
    SessionPair elsewhere(context_of_api(), web, k_api);
    elsewhere.shake_hands();
    EXPECT_THAT(elsewhere.server.failure(), HasSubstr("names nobody: no URI SAN"));
}

TEST(Verification, StopsReadingAChainThatNeverEnds) {
    Presented presented = leaf({})();
    Recipe filler;
    filler.uris = {std::string(4096, 'a')};
    const Baked baked = bake(filler, nullptr);
    for (int i = 0; i < 10; ++i) {
        presented.intermediates.push_back(share(baked.certificate.get()));
    }
    SessionPair pair(context_of_api(), context_of(presented), k_api);
    pair.shake_hands();
    EXPECT_EQ(pair.server_step, Session::Step::failed);
    EXPECT_THAT(pair.server.failure(), HasSubstr("excessive message size"));
}

}  // namespace
}  // namespace tls
