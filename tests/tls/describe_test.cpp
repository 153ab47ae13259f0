#include "tls/describe.hpp"

#include "tests/tls/certificate_recipe.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tls {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::k_trust_domain;
using testing::Recipe;
using testing::value_of;

class Describe : public ::testing::Test {
 protected:
    Certificates chain_of(const Recipe& recipe) const {
        Certificates chain;
        chain.push_back(std::move(testing::bake(recipe, &signer_).certificate));
        return chain;
    }
    std::string objection(const Recipe& recipe, PeerRole role) const {
        Judge judge{k_trust_domain, {}};
        judge.trust_bundles.emplace(
            k_trust_domain, value_of(parse_certificates(authority_.root().certificate, "ca.crt"))
        );
        return objection_to_peer(chain_of(recipe), role, judge);
    }

    Authority authority_ = value_of(Authority::make(k_trust_domain));
    testing::Baked signer_ = testing::signer_of(authority_);
};

TEST_F(Describe, ListsEveryNameThatIsNoUri) {
    Recipe recipe;
    recipe.dns_names = {"web.shop", "a\x1b[31m\n"};
    const Certificates chain = chain_of(recipe);
    EXPECT_THAT(
        facts_of(chain.front().get()).other_names,
        ElementsAre("DNS:web.shop", "DNS:a\\x1b[31m\\x0a")
    );
}

TEST_F(Describe, JudgesAClientAndAServerAsTheSidecarDoes) {
    EXPECT_EQ(objection(Recipe(), PeerRole::client), "");
    EXPECT_EQ(objection(Recipe(), PeerRole::server), "");
    Recipe other_form;
    other_form.uris = {"spiffe://cluster.local/dc/dc1/svc/web"};
    EXPECT_EQ(objection(other_form, PeerRole::client), "");
    EXPECT_THAT(objection(other_form, PeerRole::server), HasSubstr("names no service account"));
    Recipe over;
    over.starts_in_seconds = -600;
    over.ends_in_seconds = -300;
    EXPECT_EQ(objection(over, PeerRole::client), "it has expired");
    Recipe early;
    early.starts_in_seconds = 300;
    EXPECT_EQ(objection(early, PeerRole::server), "it is not valid yet");
}

TEST_F(Describe, ReadsDerAsWellAsPem) {
    const std::string pem = authority_.root().certificate;
    const Certificates from_pem = value_of(parse_pem_or_der(pem, "file"));
    unsigned char* bytes = nullptr;
    const int size = i2d_X509(from_pem.front().get(), &bytes);
    const std::string der(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size));
    OPENSSL_free(bytes);
    const Certificates from_der = value_of(parse_pem_or_der(der + der, "file"));
    ASSERT_EQ(from_der.size(), 2U);
    EXPECT_EQ(X509_cmp(from_der[1].get(), from_pem[0].get()), 0);
    const auto cut = parse_pem_or_der(der + der.substr(0, 100), "file");
    ASSERT_FALSE(cut);
    EXPECT_THAT(cut.error(), ::testing::StartsWith("file: certificate 2 cannot be read as DER"));
    EXPECT_FALSE(parse_pem_or_der("", "file"));
}

}  // namespace
}  // namespace tls
