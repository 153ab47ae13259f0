#include "tls/workload_api/svid_material.hpp"

#include "tests/support/svid_bytes.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace tls::workload_api {
namespace {

using protobuf_bytes::bytes;
using protobuf_bytes::federated;
using svid_bytes::der_of_key;
using svid_bytes::der_of_pem;
using svid_bytes::root_of;
using svid_bytes::svid_of;
using ::testing::HasSubstr;
using testing::identity;
using testing::k_trust_domain;
using ::testing::StartsWith;
using testing::value_of;

const std::string k_name = "SPIFFE_ENDPOINT_SOCKET: unix:///run/agent.sock";
const policy::Identity k_web = identity("shop", "web");
const policy::Identity k_api = identity("shop", "api");

class SvidMaterialTest : public ::testing::Test {
 protected:
    static policy::Result<std::shared_ptr<const Material>> made(
        const std::string& message, const Naming& naming = Naming(k_trust_domain)
    ) {
        const SvidResponse response = value_of(read_svid_response(message));
        return material_of(response, k_web, naming, k_name);
    }
    static std::string refusal(const std::string& message) {
        const auto material = made(message);
        return material.has_value() ? "accepted" : material.error();
    }
    std::string web() const { return bytes(1, svid_of(authority_, k_web, k_web.uri())); }
    std::string api() const { return bytes(1, svid_of(authority_, k_api, k_api.uri())); }

    Authority authority_ = value_of(Authority::make(k_trust_domain));
    Authority other_ = value_of(Authority::make("other.example"));
};

TEST_F(SvidMaterialTest, IsWhatTheAgentGave) {
    const auto material = value_of(made(web()));
    EXPECT_EQ(material->self, k_web);
    EXPECT_EQ(material->trust_bundles.size(), 1U);
    EXPECT_EQ(material->trust_bundles.at(k_trust_domain).size(), 1U);
}

TEST_F(SvidMaterialTest, OfSeveralItIsTheConfiguredWorkloads) {
    EXPECT_EQ(value_of(made(api() + web()))->self, k_web);
}

TEST_F(SvidMaterialTest, WithoutOurSvidSaysWhichCame) {
    EXPECT_EQ(
        refusal(api() + bytes(1, svid_of(authority_, k_web, "spiffe://b\x01/x"))),
        k_name +
            ": the agent gives no SVID for spiffe://cluster.local/ns/shop/sa/web, but for "
            "spiffe://cluster.local/ns/shop/sa/api, spiffe://b?/x; register the workload under "
            "that ID, or correct the workload in the configuration"
    );
    std::string many;
    for (int i = 0; i < 10; ++i) {
        many += bytes(1, bytes(1, "spiffe://x/y"));
    }
    EXPECT_THAT(refusal(many), HasSubstr("spiffe://x/y and 2 more; register"));
}

TEST_F(SvidMaterialTest, FollowsTheNamesOfAMeshThatIsMigratedFrom) {
    testing::Recipe recipe;
    recipe.uris = {"spiffe://cluster.local/web/shop"};
    const testing::Baked signer = testing::signer_of(authority_);
    const testing::Baked leaf = testing::bake(recipe, &signer);
    const std::string message = bytes(
        1,
        protobuf_bytes::svid(
            recipe.uris[0],
            der_of_pem(pem_of(leaf.certificate.get())),
            der_of_key(pem_of(leaf.key.get())),
            root_of(authority_)
        )
    );
    NameForm form;
    form.kind = NameForm::Kind::osm_spiffe;
    EXPECT_EQ(value_of(made(message, Naming(k_trust_domain, {form})))->self, k_web);
    EXPECT_THAT(refusal(message), HasSubstr("gives no SVID for"));
}

TEST_F(SvidMaterialTest, TheCertificateMustSayWhatTheAgentSays) {
    const std::string message = bytes(1, svid_of(authority_, k_api, k_web.uri()));
    EXPECT_EQ(
        refusal(message),
        k_name +
            ": the certificate of spiffe://cluster.local/ns/shop/sa/web: the certificate "
            "itself names someone else"
    );
}

TEST_F(SvidMaterialTest, ALongIdentityIsOneAsWell) {
    const policy::Identity self = identity(std::string(63, 'n'), std::string(124, 'a'));
    ASSERT_EQ(self.uri().size(), 217U);
    const std::string message = bytes(1, svid_of(authority_, self, self.uri()));
    const SvidResponse response = value_of(read_svid_response(message));
    const auto material = material_of(response, self, Naming(k_trust_domain), k_name);
    EXPECT_EQ(value_of(material)->self, self);
}

TEST_F(SvidMaterialTest, KeyAndCertificateMustBelongTogether) {
    const Issued one = value_of(authority_.issue(k_web));
    const Issued two = value_of(authority_.issue(k_web));
    const std::string message = bytes(
        1,
        protobuf_bytes::svid(
            k_web.uri(), der_of_pem(one.certificate), der_of_key(two.key), root_of(authority_)
        )
    );
    EXPECT_THAT(refusal(message), StartsWith(k_name + ": the key of spiffe://cluster.local/"));
    EXPECT_THAT(refusal(message), HasSubstr("does not belong to the first certificate"));
}

TEST_F(SvidMaterialTest, DerIsReadToItsEnd) {
    const Issued issued = value_of(authority_.issue(k_web));
    const std::string certificate = der_of_pem(issued.certificate);
    const std::string key = der_of_key(issued.key);
    const std::string root = root_of(authority_);
    const auto refusal_of = [](const std::string& a, const std::string& b, const std::string& c) {
        return refusal(bytes(1, protobuf_bytes::svid(k_web.uri(), a, b, c)));
    };
    EXPECT_EQ(refusal_of(certificate, key, root), "accepted");
    EXPECT_THAT(refusal_of("", key, root), HasSubstr("the certificate itself is missing"));
    EXPECT_THAT(refusal_of(certificate + "x", key, root), HasSubstr("certificate 2 cannot be"));
    EXPECT_THAT(
        refusal_of(certificate.substr(0, certificate.size() - 1), key, root),
        HasSubstr("certificate 1 cannot be")
    );
    EXPECT_THAT(refusal_of(certificate, "", root), HasSubstr("it is no PKCS#8 private key"));
    EXPECT_THAT(refusal_of(certificate, key + "x", root), HasSubstr("no PKCS#8 private key"));
    EXPECT_THAT(refusal_of(certificate, issued.key, root), HasSubstr("no PKCS#8 private key"));
    EXPECT_THAT(refusal_of(certificate, key, ""), HasSubstr("no certificate in it"));
    EXPECT_THAT(refusal_of(certificate, key, "x"), HasSubstr("certificate 1 cannot be"));
    EXPECT_THAT(refusal_of(certificate, key, certificate), HasSubstr("is no CA"));
}

TEST_F(SvidMaterialTest, AnotherBundleDoesNotVerifyTheCertificate) {
    const Issued issued = value_of(authority_.issue(k_web));
    const Authority stranger = value_of(Authority::make(k_trust_domain));
    const std::string message = bytes(
        1,
        protobuf_bytes::svid(
            k_web.uri(), der_of_pem(issued.certificate), der_of_key(issued.key), root_of(stranger)
        )
    );
    EXPECT_THAT(refusal(message), HasSubstr("does not verify against"));
}

TEST_F(SvidMaterialTest, BundlesOfOtherTrustDomainsCome) {
    for (const char* key : {"other.example", "spiffe://other.example"}) {
        const auto material = value_of(made(web() + federated(key, root_of(other_))));
        ASSERT_EQ(material->trust_bundles.size(), 2U) << key;
        EXPECT_EQ(material->trust_bundles.at("other.example").size(), 1U) << key;
    }
}

TEST_F(SvidMaterialTest, NobodyElseVouchesForOurOwnTrustDomain) {
    const auto material = value_of(made(web() + federated(k_trust_domain, root_of(other_))));
    EXPECT_EQ(material->trust_bundles.size(), 1U);
    EXPECT_EQ(material->trust_generation, value_of(made(web()))->trust_generation);
}

TEST_F(SvidMaterialTest, AnEmptyFederatedBundleVouchesForNobody) {
    EXPECT_EQ(value_of(made(web() + federated("other.example", "")))->trust_bundles.size(), 1U);
}

TEST_F(SvidMaterialTest, WrongFederatedBundlesAreRefused) {
    const std::string root = root_of(other_);
    EXPECT_THAT(
        refusal(web() + federated("Other\n", root)), HasSubstr("\"Other?\", which is no trust")
    );
    EXPECT_THAT(refusal(web() + federated("a/b", root)), HasSubstr("\"a/b\", which is no trust"));
    EXPECT_THAT(
        refusal(web() + federated("other.example", root + "x")),
        HasSubstr("the federated bundle of other.example: certificate 2 cannot be read")
    );
    const Issued leaf = value_of(other_.issue(policy::Identity{"other.example", "a", "b"}));
    EXPECT_THAT(
        refusal(web() + federated("other.example", der_of_pem(leaf.certificate))),
        StartsWith(
            k_name + ": the trust bundle of other.example: holds a certificate that is no CA"
        )
    );
    EXPECT_THAT(
        refusal(web() + federated("b", root) + federated("spiffe://b", root)),
        HasSubstr("there are two federated bundles of b")
    );
}

TEST_F(SvidMaterialTest, CertificatesAreBounded) {
    const std::string root = root_of(other_);
    std::string many;
    for (std::size_t i = 0; i < k_certificates_max; ++i) {
        many += root;
    }
    EXPECT_EQ(refusal(web() + federated("b", many)), "accepted");
    EXPECT_THAT(
        refusal(web() + federated("b", many + root)), HasSubstr("more than 1000 certificates")
    );
    EXPECT_THAT(
        refusal(web() + federated("b", many) + federated("c", root)),
        HasSubstr("the federated bundles hold more than 1000 certificates")
    );
}

}  // namespace
}  // namespace tls::workload_api
