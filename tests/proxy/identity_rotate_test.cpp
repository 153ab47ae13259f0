#include "proxy/command/identity.hpp"
#include "tls/authority.hpp"
#include "tls/certificate_maker.hpp"
#include "tls/identity_source.hpp"
#include "tls/pem.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/x509.h>

#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace proxy::command {
namespace {

using std::chrono::milliseconds;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::SizeIs;
namespace fs = std::filesystem;

/// A CA, and two sidecars that trust each other through it: `web` and `api`.
class IdentityRotate : public ::testing::Test {
 protected:
    IdentityRotate() {
        std::string name = (fs::temp_directory_path() / "smilax-rotate-XXXXXX").string();
        directory_ = ::mkdtemp(name.data());
        options_.directory = path("ca");
        options_.identities = {path("web"), path("api")};
        pause_ = [this](milliseconds time) {
            pauses_.push_back(time);
            observe();
            return pauses_.size() != interrupted_at_;
        };
    }
    ~IdentityRotate() override { fs::remove_all(directory_); }

    void make_mesh(bool has_intermediate = false) {
        IdentityInitOptions ca;
        ca.directory = path("ca");
        ca.has_intermediate = has_intermediate;
        ca.may_replace = true;
        ASSERT_EQ(run_identity_init(ca, streams()), 0) << error_.str();
        for (const char* name : {"web", "api"}) {
            IdentityIssueOptions options;
            options.name = std::string("shop/") + name;
            options.directory = path("ca");
            options.output = path(name);
            ASSERT_EQ(run_identity_issue(options, streams()), 0) << error_.str();
        }
        observe();
    }
    int rotate() {
        pauses_.clear();
        return run_identity_rotate(options_, streams(), pause_);
    }

    /// What sidecars would have loaded by now: each must be whole, and verify with the bundle that
    /// the other has loaded, and with the one that the other had before, for it may be late.
    void observe() {
        std::vector<std::shared_ptr<const tls::Material>> loaded;
        for (const char* name : {"web", "api"}) {
            tls::FileSourceOptions options;
            options.certificate = path(std::string(name) + "/tls.crt");
            options.key = path(std::string(name) + "/tls.key");
            options.trust_bundle = path(std::string(name) + "/ca.crt");
            options.naming = tls::Naming("cluster.local");
            const auto material = tls::make_file_source(options)->load();
            ASSERT_TRUE(material) << material.error();
            loaded.push_back(*material);
        }
        for (const auto& before : last_) {
            for (const auto& now : loaded) {
                expect_trust(*before, *now);
                expect_trust(*now, *before);
            }
        }
        last_ = loaded;
    }
    /// That `judge` verifies whom `peer` is, under the trust bundle that it has.
    static void expect_trust(const tls::Material& judge, const tls::Material& peer) {
        std::string chain = tls::pem_of(peer.leaf.get());
        for (const auto& intermediate : peer.intermediates) {
            chain += tls::pem_of(intermediate.get());
        }
        std::string bundle;
        for (const auto& anchor : judge.trust_bundles.at("cluster.local")) {
            bundle += tls::pem_of(anchor.get());
        }
        tls::PemText pem;
        pem.certificate = chain;
        pem.key = tls::pem_of(peer.key.get());
        pem.trust_bundle = bundle;
        const auto accepted = tls::parse_material(pem, tls::Naming("cluster.local"));
        EXPECT_TRUE(accepted) << accepted.error();
    }

    std::string path(const std::string& name) const { return (directory_ / name).string(); }
    std::string text_of(const std::string& name) const {
        std::ifstream stream(path(name));
        return {std::istreambuf_iterator<char>(stream), {}};
    }
    std::size_t roots_in(const std::string& name) const {
        return tls::parse_certificates(text_of(name), name)->size();
    }
    IdentityStreams streams() {
        output_.str("");
        error_.str("");
        return IdentityStreams{output_, error_};
    }

    fs::path directory_;
    IdentityRotateOptions options_;
    Pause pause_;
    std::vector<milliseconds> pauses_;
    std::size_t interrupted_at_ = 0;
    std::vector<std::shared_ptr<const tls::Material>> last_;
    std::ostringstream output_;
    std::ostringstream error_;
};

TEST_F(IdentityRotate, IssuesEveryLeafAgainAndLeavesTheRoot) {
    make_mesh();
    const std::string root = text_of("ca/ca.crt");
    const std::string web = text_of("web/tls.crt");
    const std::string key = text_of("web/tls.key");
    ASSERT_EQ(rotate(), 0) << error_.str();
    EXPECT_NE(text_of("web/tls.crt"), web);
    EXPECT_NE(text_of("web/tls.key"), key);
    EXPECT_EQ(text_of("ca/ca.crt"), root);
    EXPECT_THAT(
        output_.str(), HasSubstr("new certificates in " + path("web") + ", " + path("api"))
    );
    EXPECT_THAT(pauses_, SizeIs(0));
    observe();
    EXPECT_EQ(last_[1]->self.uri(), "spiffe://cluster.local/ns/shop/sa/api");
}

TEST_F(IdentityRotate, GoesOnForAsLongAsItIsTold) {
    make_mesh();
    options_.every = "10s";
    options_.total = "1m";
    ASSERT_EQ(rotate(), 0) << error_.str();
    EXPECT_THAT(pauses_, SizeIs(5));
    EXPECT_GT(pauses_.front(), milliseconds(9'000));
    EXPECT_LE(pauses_.front(), milliseconds(10'000));
}

TEST_F(IdentityRotate, GoesOnUntilItIsInterrupted) {
    make_mesh();
    options_.every = "1s";
    interrupted_at_ = 3;
    EXPECT_EQ(rotate(), 0) << error_.str();
    EXPECT_THAT(pauses_, SizeIs(3));
}

TEST_F(IdentityRotate, ReplacesTheRootWithOverlap) {
    for (const bool has_intermediate : {false, true}) {
        last_.clear();
        make_mesh(has_intermediate);
        const std::string root = text_of("ca/ca.crt");
        const std::string intermediate = text_of("ca/intermediate.crt");
        options_.rotates_ca = true;
        options_.overlap = "3s";
        ASSERT_EQ(rotate(), 0) << error_.str();
        EXPECT_THAT(pauses_, ::testing::ElementsAre(milliseconds(3'000), milliseconds(3'000)));
        observe();
        EXPECT_EQ(roots_in("ca/ca.crt"), 1U);
        EXPECT_NE(text_of("ca/ca.crt"), root);
        EXPECT_EQ(text_of("web/ca.crt"), text_of("ca/ca.crt"));
        EXPECT_EQ(text_of("ca/intermediate.crt") != intermediate, has_intermediate);
        EXPECT_FALSE(fs::exists(path("ca/next")));
        EXPECT_FALSE(fs::exists(path("ca/next.new")));
        const bool says_so =
            output_.str().find(path("ca/ca.key") + " may be put away") != std::string::npos;
        EXPECT_EQ(says_so, has_intermediate);
        options_.rotates_ca = false;
        EXPECT_EQ(rotate(), 0) << error_.str();
    }
}

TEST_F(IdentityRotate, FinishesWhatWasInterruptedAtAnyStep) {
    for (const bool has_intermediate : {false, true}) {
        for (const std::size_t step : {std::size_t{1}, std::size_t{2}}) {
            last_.clear();
            make_mesh(has_intermediate);
            const std::string root = text_of("ca/ca.crt");
            options_.rotates_ca = true;
            interrupted_at_ = step;
            EXPECT_EQ(rotate(), 1);
            EXPECT_THAT(error_.str(), HasSubstr("the same command goes on from here"));
            EXPECT_EQ(roots_in("web/ca.crt"), 2U);
            const std::string both = text_of("ca/ca.crt");
            // In between leaves can be issued as ever.
            options_.rotates_ca = false;
            EXPECT_EQ(rotate(), 0) << error_.str();
            observe();
            options_.rotates_ca = true;
            interrupted_at_ = 0;
            ASSERT_EQ(rotate(), 0) << error_.str();
            EXPECT_THAT(output_.str(), HasSubstr("finishing the rotation of the root"));
            observe();
            EXPECT_EQ(roots_in("ca/ca.crt"), 1U);
            EXPECT_THAT(both, AllOf(HasSubstr(root), HasSubstr(text_of("ca/ca.crt"))));
            EXPECT_NE(text_of("ca/ca.crt"), root);
        }
    }
}

TEST_F(IdentityRotate, FinishesWhenOnlySomeFilesOfTheNewCaWereMoved) {
    make_mesh(true);
    options_.rotates_ca = true;
    interrupted_at_ = 1;
    EXPECT_EQ(rotate(), 1);
    fs::rename(path("ca/next/intermediate.crt"), path("ca/intermediate.crt"));
    interrupted_at_ = 0;
    ASSERT_EQ(rotate(), 0) << error_.str();
    observe();
    EXPECT_EQ(roots_in("web/ca.crt"), 1U);
}

TEST_F(IdentityRotate, KeepsTheOwnerOfWhatItReplaces) {
    if (::geteuid() != 0) {
        GTEST_SKIP() << "only root can give files away";
    }
    make_mesh();
    ASSERT_EQ(::chown(path("web/tls.key").c_str(), 1337, 1337), 0);
    ASSERT_EQ(rotate(), 0) << error_.str();
    struct stat status{};
    ASSERT_EQ(::stat(path("web/tls.key").c_str(), &status), 0);
    EXPECT_EQ(status.st_uid, 1337U);
    EXPECT_EQ(status.st_mode & 07777, 0600U);
}

TEST_F(IdentityRotate, KeepsTheKindOfKeyUnlessItIsTold) {
    make_mesh();
    const auto kind = [this](const std::string& name) {
        return tls::kind_of_key(tls::parse_certificates(text_of(name), name)->front().get());
    };
    options_.key_type = "ec-p384";
    ASSERT_EQ(rotate(), 0) << error_.str();
    options_.key_type.clear();
    ASSERT_EQ(rotate(), 0) << error_.str();
    EXPECT_EQ(kind("web/tls.crt"), tls::KeyKind::ec_p384);
    EXPECT_EQ(kind("ca/ca.crt"), tls::KeyKind::ec_p256);
    options_.rotates_ca = true;
    options_.key_type = "ed25519";
    ASSERT_EQ(rotate(), 0) << error_.str();
    options_.key_type.clear();
    ASSERT_EQ(rotate(), 0) << error_.str();
    EXPECT_EQ(kind("ca/ca.crt"), tls::KeyKind::ed25519);
    EXPECT_EQ(kind("api/tls.crt"), tls::KeyKind::ed25519);
}

TEST_F(IdentityRotate, KeepsTheDnsNames) {
    make_mesh();
    IdentityIssueOptions issue;
    issue.name = "shop/web";
    issue.directory = path("ca");
    issue.output = path("web");
    issue.dns_names = {"web.shop.svc", "web"};
    ASSERT_EQ(run_identity_issue(issue, IdentityStreams{output_, error_}), 0) << error_.str();
    const std::string before = text_of("web/tls.crt");
    ASSERT_EQ(rotate(), 0) << error_.str();
    const std::string after = text_of("web/tls.crt");
    EXPECT_NE(after, before);
    EXPECT_EQ(
        tls::dns_names_of(tls::parse_certificates(after, "web")->front().get()), issue.dns_names
    );
}

TEST_F(IdentityRotate, KeepsTheLifetimeUnlessItIsTold) {
    make_mesh();
    const auto lifetime = [this] {
        return tls::lifetime_of(
            tls::parse_certificates(text_of("web/tls.crt"), "web")->front().get()
        );
    };
    options_.lifetime = "15m";
    ASSERT_EQ(rotate(), 0) << error_.str();
    options_.lifetime.clear();
    for (const bool rotates_ca : {false, true}) {
        options_.rotates_ca = rotates_ca;
        ASSERT_EQ(rotate(), 0) << error_.str();
        EXPECT_EQ(lifetime(), std::chrono::minutes(15));
    }
}

TEST_F(IdentityRotate, ForgetsALifetimeThatTheCaCutShort) {
    IdentityInitOptions ca;
    ca.directory = path("ca");
    ca.lifetime = "1h";
    ASSERT_EQ(run_identity_init(ca, streams()), 0);
    IdentityIssueOptions web;
    web.name = "shop/web";
    web.directory = path("ca");
    web.output = path("web");
    ASSERT_EQ(run_identity_issue(web, streams()), 0);
    web.name = "shop/api";
    web.output = path("api");
    ASSERT_EQ(run_identity_issue(web, streams()), 0);
    options_.rotates_ca = true;
    ASSERT_EQ(rotate(), 0) << error_.str();
    EXPECT_EQ(
        tls::lifetime_of(tls::parse_certificates(text_of("web/tls.crt"), "web")->front().get()),
        std::chrono::hours(24)
    );
}

TEST_F(IdentityRotate, ChangesNothingWhenOneDirectoryIsWrong) {
    make_mesh();
    const std::string web = text_of("web/tls.crt");
    for (const bool rotates_ca : {false, true}) {
        options_.rotates_ca = rotates_ca;
        options_.identities = {path("web"), path("nobody")};
        EXPECT_EQ(rotate(), 1);
        EXPECT_THAT(
            error_.str(),
            AllOf(
                HasSubstr("nobody/tls.crt: No such file"),
                HasSubstr(
                    "smilax identity issue NAMESPACE/SERVICE-ACCOUNT --dir " + path("ca") +
                    " --out " + path("nobody")
                )
            )
        );
        EXPECT_EQ(text_of("web/tls.crt"), web);
        EXPECT_FALSE(fs::exists(path("ca/next")));
    }
}

TEST_F(IdentityRotate, RefusesWrongUsage) {
    make_mesh();
    const auto refusal = [this](const std::function<void(IdentityRotateOptions&)>& change) {
        const IdentityRotateOptions before = options_;
        change(options_);
        EXPECT_EQ(rotate(), 2);
        options_ = before;
        return error_.str();
    };
    EXPECT_THAT(refusal([](auto& o) { o.every = "often"; }), HasSubstr("--every often: expected"));
    EXPECT_THAT(refusal([](auto& o) { o.total = "1m"; }), HasSubstr("--for needs --every"));
    EXPECT_THAT(refusal([](auto& o) { o.lifetime = "0s"; }), HasSubstr("--lifetime 0s: expected"));
    EXPECT_THAT(
        refusal([](auto& o) { o.key_type = "rsa"; }), HasSubstr("--key-type rsa: expected")
    );
    EXPECT_THAT(
        refusal([](auto& o) {
            o.rotates_ca = true;
            o.every = "10s";
        }),
        HasSubstr("twice --overlap 5s")
    );
}

}  // namespace
}  // namespace proxy::command
