#include "proxy/command/identity.hpp"

#include "tls/identity_source.hpp"

#include <CLI/CLI.hpp>
#include <boost/json.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

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

    int init(bool may_replace = false, const std::string& trust_domain = "cluster.local") {
        IdentityInitOptions options;
        options.directory = path("ca");
        options.trust_domain = trust_domain;
        options.may_replace = may_replace;
        return run_identity_init(options, clear());
    }
    int issue(const std::string& name, const std::string& lifetime = "24h") {
        IdentityIssueOptions options;
        options.name = name;
        options.directory = path("ca");
        options.output = path("web");
        options.lifetime = lifetime;
        return run_identity_issue(options, clear());
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

TEST_F(IdentityCommand, IssueTakesAWholeUri) {
    ASSERT_EQ(init(), 0);
    EXPECT_EQ(issue("spiffe://cluster.local/ns/shop/sa/api"), 0) << error_.str();
    EXPECT_EQ(issue("spiffe://elsewhere/ns/shop/sa/api"), 1);
    EXPECT_THAT(error_.str(), HasSubstr("signs for trust domain cluster.local only"));
}

TEST_F(IdentityCommand, IssueSaysWhereTheCaShouldBe) {
    EXPECT_EQ(issue("shop/web"), 1);
    EXPECT_THAT(
        error_.str(),
        AllOf(HasSubstr("ca/ca.crt: No such file"), HasSubstr("smilax identity init --dir"))
    );
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
            HasSubstr("Smilax accepts it, verified against " + path("web/ca.crt"))
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
    EXPECT_THAT(output_.str(), HasSubstr("Smilax would not accept it: it does not verify"));
    options.trust_bundle.clear();
    options.trust_domain = "other.example";
    EXPECT_EQ(show(options), 1);
    EXPECT_THAT(output_.str(), HasSubstr("ours is other.example"));
    EXPECT_EQ(show(path("missing.crt")), 1);
    EXPECT_THAT(output_.str(), HasSubstr("missing.crt: No such file"));
    EXPECT_EQ(show(path("web/tls.key")), 1);
    EXPECT_THAT(output_.str(), HasSubstr("no PEM certificate"));
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
    EXPECT_EQ(files[1].at("accepted"), false);
}

TEST(ParseLifetime, ReadsOneNumberAndOneUnit) {
    EXPECT_EQ(*parse_lifetime("90s"), std::chrono::seconds(90));
    EXPECT_EQ(*parse_lifetime("15m"), std::chrono::minutes(15));
    EXPECT_EQ(*parse_lifetime("24h"), std::chrono::hours(24));
    EXPECT_EQ(*parse_lifetime("3650d"), std::chrono::hours(24 * 3650));
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
        EXPECT_FALSE(parse_lifetime(text)) << text;
    }
}

TEST(IdentityArguments, NeedASubcommand) {
    CLI::App app;
    CommandResult result;
    add_identity_command(app, result);
    EXPECT_THROW(app.parse("identity"), CLI::RequiredError);
    EXPECT_THROW(app.parse("identity issue"), CLI::RequiredError);
    EXPECT_THROW(app.parse("identity show"), CLI::RequiredError);
    EXPECT_THROW(app.parse("identity show -o xml f"), CLI::ValidationError);
}

}  // namespace
}  // namespace proxy::command
