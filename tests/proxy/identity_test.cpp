#include "proxy/command/identity.hpp"

#include "proxy/command/identity_values.hpp"
#include "tls/identity_source.hpp"
#include "tls/pem.hpp"

#include <CLI/CLI.hpp>
#include <boost/json.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/crypto.h>
#include <openssl/x509.h>

#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace proxy::command {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
namespace fs = std::filesystem;

class IdentityCommand : public ::testing::Test {
 protected:
    IdentityCommand() {
        std::string name = (fs::temp_directory_path() / "smilax-command-XXXXXX").string();
        directory_ = ::mkdtemp(name.data());
    }
    ~IdentityCommand() override { fs::remove_all(directory_); }

    std::string path(const std::string& name) const { return (directory_ / name).string(); }
    static mode_t mode_of(const std::string& file) {
        struct stat status{};
        return ::stat(file.c_str(), &status) == 0 ? status.st_mode & 07777 : 0;
    }
    static std::string text_of(const std::string& file) {
        std::ifstream stream(file);
        return {std::istreambuf_iterator<char>(stream), {}};
    }

    int init(IdentityInitOptions options) { return run_identity_init(options, clear()); }
    int init(bool may_replace = false, const std::string& trust_domain = "cluster.local") {
        IdentityInitOptions options = ca_options();
        options.trust_domain = trust_domain;
        options.may_replace = may_replace;
        return init(options);
    }
    IdentityInitOptions ca_options() const {
        IdentityInitOptions options;
        options.directory = path("ca");
        return options;
    }
    int issue(IdentityIssueOptions options) { return run_identity_issue(options, clear()); }
    int issue(
        const std::string& name, const std::string& lifetime = "24h", const char* output = "web"
    ) {
        IdentityIssueOptions options = web_options();
        options.name = name;
        options.output = path(output);
        options.lifetime = lifetime;
        return issue(options);
    }
    IdentityIssueOptions web_options() const {
        IdentityIssueOptions options;
        options.name = "shop/web";
        options.directory = path("ca");
        options.output = path("web");
        return options;
    }
    int show(IdentityShowOptions options) { return run_identity_show(options, clear()); }
    int show(const std::string& file) {
        IdentityShowOptions options;
        options.files = {file};
        return show(options);
    }

    IdentityStreams clear() {
        output_.str("");
        error_.str("");
        return IdentityStreams{output_, error_};
    }

    fs::path directory_;
    std::ostringstream output_;
    std::ostringstream error_;
};

TEST_F(IdentityCommand, InitWritesAPrivateKeyForItsOwnerOnly) {
    ASSERT_EQ(init(), 0) << error_.str();
    EXPECT_EQ(mode_of(path("ca/ca.key")), 0600U);
    EXPECT_EQ(mode_of(path("ca/ca.crt")), 0644U);
    EXPECT_THAT(output_.str(), HasSubstr("made a CA for the trust domain cluster.local"));
}

TEST_F(IdentityCommand, InitReplacesACaOnlyWhenForced) {
    ASSERT_EQ(init(), 0);
    const std::string first = text_of(path("ca/ca.crt"));
    EXPECT_EQ(init(), 1);
    EXPECT_THAT(error_.str(), HasSubstr("ca.crt: there is a CA already; --force"));
    EXPECT_EQ(text_of(path("ca/ca.crt")), first);
    EXPECT_EQ(init(true), 0);
    EXPECT_NE(text_of(path("ca/ca.crt")), first);
}

TEST_F(IdentityCommand, InitRefusesATrustDomainThatNobodyCanHave) {
    EXPECT_EQ(init(false, "Not A Domain"), 2);
    EXPECT_FALSE(fs::exists(path("ca")));
}

TEST_F(IdentityCommand, IssueMakesWhatTheProxyLoads) {
    ASSERT_EQ(init(), 0);
    ASSERT_EQ(issue("shop/web"), 0) << error_.str();
    EXPECT_EQ(mode_of(path("web/tls.key")), 0600U);
    tls::FileSourceOptions options;
    options.certificate = path("web/tls.crt");
    options.key = path("web/tls.key");
    options.trust_bundle = path("web/ca.crt");
    options.naming = tls::Naming("cluster.local");
    const auto source = tls::make_file_source(options);
    const auto material = source->load();
    ASSERT_TRUE(material) << material.error();
    EXPECT_EQ((*material)->self.uri(), "spiffe://cluster.local/ns/shop/sa/web");
    EXPECT_THAT(source->take_warnings(), IsEmpty());
}

TEST_F(IdentityCommand, IssueAddsDnsNamesThatAMemberOfTheMeshDoesNotLookAt) {
    ASSERT_EQ(init(), 0);
    IdentityIssueOptions options = web_options();
    options.dns_names = {"web.shop.svc", "web"};
    ASSERT_EQ(issue(options), 0) << error_.str();
    ASSERT_EQ(show(path("web/tls.crt")), 0) << output_.str();
    EXPECT_THAT(output_.str(), AllOf(HasSubstr("DNS:web.shop.svc"), HasSubstr("DNS:web")));
    for (const char* bad : {"", "Web", "*.shop", "web..svc", "-web", "web\n"}) {
        options.dns_names = {bad};
        EXPECT_EQ(issue(options), 2) << bad;
        EXPECT_THAT(error_.str(), HasSubstr("is no DNS name"));
    }
}

TEST_F(IdentityCommand, IssueTakesAWholeUri) {
    ASSERT_EQ(init(), 0);
    EXPECT_EQ(issue("spiffe://cluster.local/ns/shop/sa/api"), 0) << error_.str();
    EXPECT_EQ(issue("spiffe://elsewhere/ns/shop/sa/api"), 1);
    EXPECT_THAT(error_.str(), HasSubstr("signs for trust domain cluster.local only"));
}

TEST_F(IdentityCommand, IssueSaysWhereTheCaShouldBe) {
    EXPECT_EQ(issue("shop/web"), 1);
    EXPECT_THAT(
        error_.str(), AllOf(HasSubstr("ca: No such file"), HasSubstr("smilax identity init --dir"))
    );
}

TEST_F(IdentityCommand, IssueSaysWhatIsWrongWithTheCaThatIsThere) {
    fs::create_directory(path("ca"));
    EXPECT_EQ(issue("shop/web"), 1);
    EXPECT_THAT(
        error_.str(),
        AllOf(
            HasSubstr("ca.crt: No such file"),
            HasSubstr("identity init --dir " + path("ca") + "`, or name where it is with --dir")
        )
    );
    ASSERT_EQ(init(), 0);
    fs::remove(path("ca/ca.key"));
    EXPECT_EQ(issue("shop/web"), 1);
    EXPECT_THAT(
        error_.str(),
        AllOf(
            HasSubstr("ca.key: No such file"),
            HasSubstr("cannot sign without it"),
            Not(HasSubstr("identity init"))
        )
    );
    fs::create_directory(path("ca/ca.key"));
    EXPECT_EQ(issue("shop/web"), 1);
    EXPECT_THAT(
        error_.str(), AllOf(HasSubstr("ca.key: is a directory"), Not(HasSubstr("identity init")))
    );
}

TEST_F(IdentityCommand, IssueReplacesSomebodyElseOnlyWhenForced) {
    ASSERT_EQ(init(), 0);
    ASSERT_EQ(issue("shop/web"), 0);
    const std::string web = text_of(path("web/tls.crt"));
    EXPECT_EQ(issue("shop/other"), 1);
    EXPECT_THAT(
        error_.str(),
        AllOf(
            HasSubstr("web/tls.crt: is spiffe://cluster.local/ns/shop/sa/web, not spiffe://"),
            HasSubstr("--force replaces it")
        )
    );
    EXPECT_EQ(text_of(path("web/tls.crt")), web);
    EXPECT_EQ(issue("shop/web"), 0) << error_.str();
    IdentityIssueOptions other = web_options();
    other.name = "shop/other";
    other.may_replace = true;
    EXPECT_EQ(issue(other), 0) << error_.str();
    std::ofstream(path("web/tls.crt")) << "mine";
    EXPECT_EQ(issue(web_options()), 1);
    EXPECT_EQ(text_of(path("web/tls.crt")), "mine");
}

TEST_F(IdentityCommand, IssueWarnsOfNamesThatKubernetesCannotHave) {
    ASSERT_EQ(init(), 0);
    ASSERT_EQ(issue("shop/web.v1"), 0);
    EXPECT_EQ(error_.str(), "");
    for (const char* name : {"Shop/web", "shop/Web", "shop.eu/web", "shop/-web"}) {
        EXPECT_EQ(issue(name, "24h", name), 0) << error_.str();
        EXPECT_THAT(error_.str(), HasSubstr("warning: " + std::string(name)));
    }
}

TEST_F(IdentityCommand, IssueRefusesWrongUsage) {
    ASSERT_EQ(init(), 0);
    for (const char* name : {"web", "a/b/c", "/web", "shop/", "shop/we b", "spiffe://x"}) {
        EXPECT_EQ(issue(name), 2) << name;
        EXPECT_THAT(error_.str(), HasSubstr(std::string(name) + ": "));
    }
    EXPECT_EQ(issue("shop/web", "soon"), 2);
    EXPECT_FALSE(fs::exists(path("web")));
}

TEST_F(IdentityCommand, InitMakesAnIntermediateThatSigns) {
    IdentityInitOptions options = ca_options();
    options.has_intermediate = true;
    ASSERT_EQ(init(options), 0) << error_.str();
    EXPECT_THAT(output_.str(), HasSubstr(path("ca/ca.key") + " may be put away now"));
    EXPECT_EQ(mode_of(path("ca/intermediate.key")), 0600U);
    fs::remove(path("ca/ca.key"));
    ASSERT_EQ(issue("shop/web"), 0) << error_.str();
    EXPECT_EQ(text_of(path("web/ca.crt")), text_of(path("ca/ca.crt")));
    EXPECT_THAT(text_of(path("web/tls.crt")), HasSubstr(text_of(path("ca/intermediate.crt"))));
    EXPECT_EQ(show(path("web")), 0) << output_.str();
}

TEST_F(IdentityCommand, InitByForceLeavesNothingOfTheCaBefore) {
    IdentityInitOptions options = ca_options();
    options.has_intermediate = true;
    ASSERT_EQ(init(options), 0);
    EXPECT_EQ(init(), 1);
    EXPECT_THAT(error_.str(), HasSubstr("intermediate.crt: there is a CA already; --force"));
    ASSERT_EQ(init(true), 0) << error_.str();
    EXPECT_FALSE(fs::exists(path("ca/intermediate.crt")));
    EXPECT_EQ(issue("shop/web"), 0) << error_.str();
}

TEST_F(IdentityCommand, EveryKeyTypeIsAcceptedByShow) {
    const std::vector<std::pair<const char*, const char*>> types{
        {"ec-p256", "EC P-256"},
        {"ec-p384", "EC P-384"},
        {"rsa-2048", "RSA 2048"},
        {"ed25519", "ED25519"},
    };
    for (const auto& [type, name] : types) {
        IdentityInitOptions ca = ca_options();
        ca.key_type = type;
        ca.may_replace = true;
        ASSERT_EQ(init(ca), 0) << error_.str();
        IdentityIssueOptions web = web_options();
        web.key_type = type;
        ASSERT_EQ(issue(web), 0) << error_.str();
        EXPECT_EQ(show(path("web")), 0) << output_.str();
        EXPECT_THAT(output_.str(), HasSubstr(std::string("key       ") + name));
    }
    IdentityIssueOptions wrong = web_options();
    wrong.key_type = "dsa";
    EXPECT_EQ(issue(wrong), 2);
    EXPECT_THAT(error_.str(), HasSubstr("--key-type dsa: expected one of ec-p256, ec-p384"));
}

TEST_F(IdentityCommand, LeavesEndWithTheirCa) {
    IdentityInitOptions options = ca_options();
    options.lifetime = "1h";
    ASSERT_EQ(init(options), 0);
    ASSERT_EQ(issue("shop/web", "24h"), 0);
    EXPECT_EQ(show(path("web")), 0);
    EXPECT_THAT(output_.str(), AllOf(HasSubstr("0 h 59 min left"), Not(HasSubstr("23 h"))));
    ASSERT_EQ(issue("shop/web", "24h"), 0);
    EXPECT_THAT(output_.str(), HasSubstr("Z, where its CA ends, before 24h are over: "));
    ASSERT_EQ(issue("shop/web", "10m"), 0);
    EXPECT_THAT(output_.str(), HasSubstr("shop/sa/web for 10m, until 20"));
    options.may_replace = true;
    options.lifetime = "for ever";
    EXPECT_EQ(init(options), 2);
}

TEST_F(IdentityCommand, IssueWritesTheBundlesOfOtherTrustDomains) {
    ASSERT_EQ(init(), 0);
    IdentityInitOptions other = ca_options();
    other.directory = path("other-ca");
    other.trust_domain = "other.example";
    ASSERT_EQ(init(other), 0);
    IdentityIssueOptions web = web_options();
    for (const std::string argument : {"", "other.example="}) {
        web.federated = {argument + path("other-ca/ca.crt")};
        ASSERT_EQ(issue(web), 0) << error_.str();
        EXPECT_EQ(text_of(path("web/ca-other.example.crt")), text_of(path("other-ca/ca.crt")));
        EXPECT_THAT(
            output_.str(),
            HasSubstr(
                "identity.trustBundles: [{trustDomain: other.example, file: " +
                path("web/ca-other.example.crt") + "}]"
            )
        );
    }
}

TEST_F(IdentityCommand, IssueRefusesBundlesThatAreNone) {
    ASSERT_EQ(init(), 0);
    ASSERT_EQ(issue("shop/web", "24h", "leaf"), 0);
    const std::vector<std::pair<std::string, const char*>> wrong{
        {path("missing.crt"), "No such file"},
        {path("ca/ca.key"), "no PEM certificate"},
        {path("ca/ca.crt"), "cluster.local is this CA's own trust domain"},
        {"b.example=" + path("ca/ca.crt"), "it holds a root of the trust domain cluster.local"},
        {"cluster.local=" + path("leaf/tls.crt"), "it holds a certificate that is no CA"},
    };
    for (const auto& [argument, why] : wrong) {
        IdentityIssueOptions web = web_options();
        web.federated = {argument};
        EXPECT_EQ(issue(web), 1) << argument;
        EXPECT_THAT(error_.str(), AllOf(HasSubstr("--federate " + argument), HasSubstr(why)));
    }
    for (const char* domain : {"B.example=", "../x=", "="}) {
        IdentityIssueOptions web = web_options();
        web.federated = {domain + path("ca/ca.crt")};
        EXPECT_EQ(issue(web), 2) << domain;
        EXPECT_THAT(error_.str(), HasSubstr("is no trust domain"));
    }
    EXPECT_FALSE(fs::exists(path("web")));
}

TEST_F(IdentityCommand, ShowAcceptsWhatWasIssued) {
    ASSERT_EQ(init(), 0);
    ASSERT_EQ(issue("shop/web"), 0);
    EXPECT_EQ(show(path("web/tls.crt")), 0);
    EXPECT_THAT(
        output_.str(),
        AllOf(
            HasSubstr("URI SAN   spiffe://cluster.local/ns/shop/sa/web"),
            HasSubstr("key       EC P-256"),
            HasSubstr("23 h 59 min left"),
            HasSubstr("the private key belongs to it: " + path("web/tls.key")),
            HasSubstr(
                "Smilax accepts it, as a client and as a server, verified against " +
                path("web/ca.crt")
            )
        )
    );
    EXPECT_EQ(show(path("ca/ca.crt")), 0);
    EXPECT_THAT(output_.str(), HasSubstr("usable as a trust bundle"));
}

TEST_F(IdentityCommand, ShowSaysWhyNot) {
    ASSERT_EQ(init(), 0);
    ASSERT_EQ(issue("shop/web"), 0);
    ASSERT_EQ(init(true), 0);
    IdentityShowOptions options;
    options.files = {path("web/tls.crt")};
    options.trust_bundle = path("ca/ca.crt");
    EXPECT_EQ(show(options), 1);
    EXPECT_THAT(
        output_.str(),
        HasSubstr("Smilax would not accept it, as a client or as a server: it does not verify")
    );
    options.trust_bundle.clear();
    options.trust_domain = "other.example";
    EXPECT_EQ(show(options), 1);
    EXPECT_THAT(output_.str(), HasSubstr("ours is other.example"));
    EXPECT_EQ(show(path("missing.crt")), 1);
    EXPECT_THAT(output_.str(), HasSubstr("missing.crt: No such file"));
    EXPECT_EQ(show(path("web/tls.key")), 1);
    EXPECT_THAT(output_.str(), HasSubstr("no PEM certificate"));
}

TEST_F(IdentityCommand, ShowTakesCredentialBundlesDirectoriesAndDer) {
    ASSERT_EQ(init(), 0);
    ASSERT_EQ(issue("shop/web"), 0);
    const std::string key = text_of(path("web/tls.key"));
    const std::string certificate = text_of(path("web/tls.crt"));
    fs::create_directory(path("pod"));
    std::ofstream(path("pod/credentialbundle.pem")) << key << certificate;
    fs::copy(path("ca/ca.crt"), path("pod/trustbundle.pem"));
    for (const char* file : {"pod", "pod/credentialbundle.pem"}) {
        EXPECT_EQ(show(path(file)), 0) << output_.str();
        EXPECT_THAT(
            output_.str(),
            AllOf(
                HasSubstr("the private key belongs to it: " + path("pod/credentialbundle.pem")),
                HasSubstr("verified against " + path("pod/trustbundle.pem"))
            )
        );
    }
    EXPECT_EQ(show(path("ca")), 0) << output_.str();
    EXPECT_THAT(output_.str(), HasSubstr("usable as a trust bundle"));
    const auto chain = tls::parse_certificates(certificate, "pem");
    unsigned char* der = nullptr;
    const int size = i2d_X509(chain->front().get(), &der);
    const std::string bytes(reinterpret_cast<char*>(der), static_cast<std::size_t>(size));
    std::ofstream(path("web/leaf.der")) << bytes << bytes;
    std::ofstream(path("web/cut.der")) << bytes.substr(0, bytes.size() - 1);
    OPENSSL_free(der);
    EXPECT_EQ(show(path("web/leaf.der")), 0) << output_.str();
    EXPECT_THAT(output_.str(), HasSubstr("verified against " + path("web/ca.crt")));
    EXPECT_EQ(show(path("web/cut.der")), 1);
    EXPECT_THAT(output_.str(), HasSubstr("certificate 1 cannot be read as DER"));
    fs::create_directory(path("empty"));
    EXPECT_EQ(show(path("empty")), 1);
    EXPECT_THAT(
        output_.str(),
        AllOf(HasSubstr("no certificate in " + path("empty")), Not(HasSubstr("identity.")))
    );
}

TEST_F(IdentityCommand, ShowHoldsTheKeyAgainstTheCertificate) {
    ASSERT_EQ(init(), 0);
    ASSERT_EQ(issue("shop/web"), 0);
    ASSERT_EQ(issue("shop/api", "24h", "api"), 0);
    fs::copy(path("api/tls.key"), path("web/tls.key"), fs::copy_options::overwrite_existing);
    EXPECT_EQ(show(path("web/tls.crt")), 1);
    EXPECT_THAT(output_.str(), HasSubstr("web/tls.key: does not belong to the first certificate"));
    IdentityShowOptions options;
    options.files = {path("web/tls.crt")};
    options.as_json = true;
    EXPECT_EQ(show(options), 1);
    const auto file = boost::json::parse(output_.str()).at("files").at(0);
    EXPECT_EQ(file.at("accepted"), false);
    EXPECT_EQ(file.at("asClient").at("accepted"), false);
    EXPECT_EQ(file.at("asServer").at("objection"), file.at("keyObjection"));
    EXPECT_THAT(std::string(file.at("keyObjection").as_string()), HasSubstr("does not belong"));
}

TEST_F(IdentityCommand, ShowAcceptsNobodyWithoutTheKey) {
    ASSERT_EQ(init(), 0);
    ASSERT_EQ(issue("shop/web"), 0);
    ASSERT_EQ(issue("shop/api", "24h", "api"), 0);
    const std::string encrypted =
        "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMAA=\n-----END ENCRYPTED PRIVATE KEY-----\n";
    for (const std::string& key : {text_of(path("api/tls.key")), encrypted, std::string("none")}) {
        std::ofstream(path("web/tls.key")) << key;
        EXPECT_EQ(show(path("web/tls.crt")), 1);
        EXPECT_THAT(
            output_.str(),
            AllOf(
                HasSubstr(
                    "Smilax would not accept it, as a client or as a server: " +
                    path("web/tls.key") + ": "
                ),
                Not(HasSubstr("Smilax accepts it"))
            )
        );
    }
}

TEST_F(IdentityCommand, ShowDoesNotKnowWithoutATrustBundle) {
    ASSERT_EQ(init(), 0);
    ASSERT_EQ(issue("shop/web"), 0);
    fs::remove(path("web/ca.crt"));
    for (const char* name : {"web", "web/tls.crt"}) {
        EXPECT_EQ(show(path(name)), 1);
        EXPECT_THAT(
            output_.str(),
            AllOf(HasSubstr("is unknown: there is no trust bundle"), HasSubstr("--trust-bundle"))
        );
        IdentityShowOptions options;
        options.files = {path(name)};
        options.as_json = true;
        EXPECT_EQ(show(options), 1);
        const auto file = boost::json::parse(output_.str()).at("files").at(0);
        EXPECT_TRUE(file.at("accepted").is_null());
        EXPECT_TRUE(file.at("asClient").at("accepted").is_null());
        EXPECT_TRUE(file.at("trustBundle").is_null());
        options.trust_bundle = path("ca/ca.crt");
        EXPECT_EQ(show(options), 0) << output_.str();
    }
}

TEST_F(IdentityCommand, ShowSaysWhatIsThereByHalf) {
    ASSERT_EQ(init(), 0);
    ASSERT_EQ(issue("shop/web"), 0);
    fs::remove(path("web/tls.key"));
    EXPECT_EQ(show(path("web")), 1);
    EXPECT_THAT(output_.str(), HasSubstr("tls.crt without tls.key"));
}

TEST_F(IdentityCommand, ShowTakesATrustBundleForNoPeer) {
    ASSERT_EQ(init(), 0);
    IdentityShowOptions options;
    options.files = {path("ca")};
    options.as_json = true;
    EXPECT_EQ(show(options), 0);
    const auto file = boost::json::parse(output_.str()).at("files").at(0);
    EXPECT_EQ(file.at("accepted"), true);
    EXPECT_TRUE(file.at("asClient").at("accepted").is_null());
    EXPECT_TRUE(file.at("asServer").at("accepted").is_null());
}

TEST_F(IdentityCommand, ShowRefusesATrustDomainThatNobodyCanHave) {
    ASSERT_EQ(init(), 0);
    IdentityShowOptions options;
    options.files = {path("ca/ca.crt")};
    options.trust_domain = "Foo";
    EXPECT_EQ(show(options), 2);
    EXPECT_THAT(error_.str(), HasSubstr("--trust-domain Foo is no trust domain: "));
}

TEST_F(IdentityCommand, ShowSpeaksJson) {
    ASSERT_EQ(init(), 0);
    ASSERT_EQ(issue("shop/web"), 0);
    IdentityShowOptions options;
    options.files = {path("web/tls.crt"), path("missing.crt")};
    options.as_json = true;
    EXPECT_EQ(show(options), 1);
    const auto files = boost::json::parse(output_.str()).at("files").as_array();
    ASSERT_EQ(files.size(), 2U);
    EXPECT_EQ(files[0].at("accepted"), true);
    EXPECT_TRUE(files[0].at("objection").is_null());
    const auto& certificate = files[0].at("certificates").at(0);
    EXPECT_EQ(certificate.at("uris").at(0), "spiffe://cluster.local/ns/shop/sa/web");
    EXPECT_EQ(certificate.at("isCa"), false);
    EXPECT_EQ(certificate.at("otherNames").as_array().size(), 0U);
    EXPECT_GT(certificate.at("secondsLeft").as_int64(), 24 * 3600 - 60);
    EXPECT_LE(certificate.at("secondsLeft").as_int64(), 24 * 3600);
    EXPECT_EQ(std::string(files[0].at("key").as_string()), path("web/tls.key"));
    EXPECT_TRUE(files[0].at("keyObjection").is_null());
    EXPECT_EQ(files[0].at("asServer").at("accepted"), true);
    EXPECT_EQ(files[1].at("accepted"), false);
}

TEST(ParseDuration, ReadsOneNumberAndOneUnit) {
    EXPECT_EQ(*parse_duration("--every", "90s"), std::chrono::seconds(90));
    EXPECT_EQ(*parse_duration("--every", "15m"), std::chrono::minutes(15));
    EXPECT_EQ(*parse_duration("--every", "24h"), std::chrono::hours(24));
    EXPECT_EQ(*parse_duration("--every", "3650d"), std::chrono::hours(24 * 3650));
    for (const char* text :
         {"",
          "h",
          "24",
          "0s",
          "-1h",
          "1h30m",
          "1 h",
          "3651d",
          "1w",
          "1.5h",
          "99999999999999999999h",
          "9223372036854775807d"}) {
        const auto parsed = parse_duration("--every", text);
        ASSERT_FALSE(parsed) << text;
        EXPECT_THAT(parsed.error(), ::testing::StartsWith("--every " + std::string(text) + ": "));
    }
}

TEST(IdentityArguments, NeedASubcommand) {
    CLI::App app;
    CommandResult result;
    add_identity_command(app, result);
    EXPECT_THROW(app.parse("identity"), CLI::RequiredError);
    EXPECT_THROW(app.parse("identity issue"), CLI::RequiredError);
    EXPECT_THROW(app.parse("identity rotate"), CLI::RequiredError);
    EXPECT_THROW(app.parse("identity show"), CLI::RequiredError);
    EXPECT_THROW(app.parse("identity show -o xml f"), CLI::ValidationError);
}

}  // namespace
}  // namespace proxy::command
