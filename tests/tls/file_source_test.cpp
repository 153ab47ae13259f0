#include "tests/tls/certificate_recipe.hpp"
#include "tls/identity_source.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace tls {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::k_trust_domain;
using ::testing::StartsWith;
using testing::value_of;
namespace fs = std::filesystem;

const policy::Identity k_web = testing::identity("shop", "web");
const policy::Identity k_api = testing::identity("shop", "api");

class FileSourceTest : public ::testing::Test {
 protected:
    FileSourceTest() {
        std::string name = (fs::temp_directory_path() / "smilax-identity-XXXXXX").string();
        directory_ = ::mkdtemp(name.data());
        options_.certificate = path("tls.crt");
        options_.key = path("tls.key");
        options_.trust_bundle = path("ca.crt");
        options_.naming = Naming(k_trust_domain);
        write("ca.crt", authority_.root().certificate);
        write_pair(value_of(authority_.issue(k_web)));
    }
    ~FileSourceTest() override { fs::remove_all(directory_); }

    std::string path(const std::string& name) const { return (directory_ / name).string(); }
    /// As of a writer who is done for a while.
    void write(const std::string& name, const std::string& text) const {
        write_just_now(name, text);
        fs::last_write_time(path(name), fs::file_time_type::clock::now() - std::chrono::seconds(1));
    }
    void write_just_now(const std::string& name, const std::string& text) const {
        std::ofstream(path(name)) << text;
        ::chmod(path(name).c_str(), 0600);
    }
    void rename_into_place(const std::string& name, const std::string& text) const {
        write_just_now(name + ".new", text);
        fs::rename(path(name + ".new"), path(name));
    }
    void write_pair(const Issued& issued) const {
        write("tls.crt", issued.certificate);
        write("tls.key", issued.key);
    }
    std::string refusal() {
        const auto loaded = source().load();
        return loaded ? "accepted" : loaded.error();
    }
    /// What is wrong is told when it lasts; until then it may be half of something good.
    std::string refusal_after(const std::shared_ptr<const Material>& good) {
        for (int looks = 0; looks < k_looks_max; ++looks) {
            const auto loaded = source().load();
            if (!loaded) {
                EXPECT_GT(looks, 10);
                EXPECT_FALSE(source().is_settling());
                return loaded.error();
            }
            EXPECT_EQ(*loaded, good);
            EXPECT_TRUE(source().is_settling());
        }
        return "accepted";
    }
    static constexpr int k_looks_max = 100;
    IdentitySource& source() {
        if (source_ == nullptr) {
            source_ = make_file_source(options_);
        }
        return *source_;
    }

    fs::path directory_;
    Authority authority_ = value_of(Authority::make(k_trust_domain));
    FileSourceOptions options_;
    std::unique_ptr<IdentitySource> source_;
};

TEST_F(FileSourceTest, LoadsThreeFiles) {
    EXPECT_EQ(value_of(source().load())->self, k_web);
}

TEST_F(FileSourceTest, LoadsACredentialBundle) {
    const Issued issued = value_of(authority_.issue(k_api));
    write("bundle.pem", issued.key + issued.certificate);
    options_.credential_bundle = path("bundle.pem");
    EXPECT_EQ(value_of(source().load())->self, k_api);
}

TEST_F(FileSourceTest, GivesTheSameMaterialWhileNothingChanges) {
    const auto first = value_of(source().load());
    EXPECT_EQ(value_of(source().load()), first);
    write("tls.crt", [&] {
        std::ifstream file(path("tls.crt"));
        return std::string(std::istreambuf_iterator<char>(file), {});
    }());
    EXPECT_EQ(value_of(source().load()), first);
}

TEST_F(FileSourceTest, SeesFilesWrittenInPlace) {
    const auto first = value_of(source().load());
    write_pair(value_of(authority_.issue(k_web)));
    const auto second = value_of(source().load());
    EXPECT_NE(second, first);
    EXPECT_EQ(second->trust_generation, first->trust_generation);
}

TEST_F(FileSourceTest, SeesFilesRenamedIntoPlace) {
    const auto first = value_of(source().load());
    const Issued next = value_of(authority_.issue(k_web));
    write("new.crt", next.certificate);
    write("new.key", next.key);
    fs::rename(path("new.crt"), path("tls.crt"));
    fs::rename(path("new.key"), path("tls.key"));
    EXPECT_NE(value_of(source().load()), first);
}

TEST_F(FileSourceTest, SeesASwappedDirectoryLink) {
    for (const char* version : {"v1", "v2"}) {
        fs::create_directory(directory_ / version);
        const Issued issued = value_of(authority_.issue(k_web));
        write(version + std::string("/tls.crt"), issued.certificate);
        write(version + std::string("/tls.key"), issued.key);
    }
    fs::create_directory_symlink("v1", directory_ / "..data");
    options_.certificate = path("..data/tls.crt");
    options_.key = path("..data/tls.key");
    const auto first = value_of(source().load());
    fs::create_directory_symlink("v2", directory_ / "next");
    fs::rename(directory_ / "next", directory_ / "..data");
    const auto second = value_of(source().load());
    EXPECT_NE(second, first);
    EXPECT_EQ(value_of(source().load()), second);
}

TEST_F(FileSourceTest, SeesANewTrustBundle) {
    const auto first = value_of(source().load());
    const Authority other = value_of(Authority::make(k_trust_domain));
    write("ca.crt", authority_.root().certificate + other.root().certificate);
    const auto second = value_of(source().load());
    EXPECT_EQ(second->trust_bundles.at(testing::k_trust_domain).size(), 2U);
    EXPECT_NE(second->trust_generation, first->trust_generation);
}

TEST_F(FileSourceTest, ReadsAndRotatesTheBundlesOfOtherTrustDomains) {
    const Authority other = value_of(Authority::make("other.example"));
    const Authority next = value_of(Authority::make("other.example"));
    options_.federated = {{"other.example", path("other.crt")}};
    EXPECT_THAT(
        refusal(),
        StartsWith("identity.trustBundles: other.example: " + path("other.crt") + ": no such file")
    );
    write("other.crt", other.root().certificate);
    const auto first = value_of(source().load());
    EXPECT_EQ(first->trust_bundles.size(), 2U);
    EXPECT_NE(first->trust.store_of("other.example"), nullptr);
    EXPECT_EQ(value_of(source().load()), first);
    write("other.crt", next.root().certificate);
    const auto second = value_of(source().load());
    EXPECT_NE(second, first);
    EXPECT_NE(second->trust_generation, first->trust_generation);
    write("other.crt", "rubbish");
    EXPECT_THAT(
        refusal_after(second),
        StartsWith("identity.trustBundles: other.example: " + path("other.crt") + ": no PEM")
    );
}

TEST_F(FileSourceTest, NeverPairsAKeyWithAnotherCertificate) {
    const auto first = value_of(source().load());
    const Issued next = value_of(authority_.issue(k_web));
    write("tls.crt", next.certificate);
    EXPECT_THAT(refusal_after(first), HasSubstr("the two must be replaced together"));
    EXPECT_THAT(refusal(), StartsWith("identity.key: " + path("tls.key")));
    write("tls.key", next.key);
    EXPECT_NE(value_of(source().load()), first);
}

TEST_F(FileSourceTest, SaysNothingOfAKeyThatComesALookLater) {
    for (int i = 0; i < 3; ++i) {
        const auto before = value_of(source().load());
        const Issued next = value_of(authority_.issue(k_web));
        rename_into_place("tls.crt", next.certificate);
        EXPECT_EQ(value_of(source().load()), before);
        EXPECT_TRUE(source().is_settling());
        rename_into_place("tls.key", next.key);
        EXPECT_NE(value_of(source().load()), before);
        EXPECT_FALSE(source().is_settling());
    }
}

TEST_F(FileSourceTest, NeverPairsACertificateWithAnotherKey) {
    const auto first = value_of(source().load());
    const Issued next = value_of(authority_.issue(k_web));
    rename_into_place("tls.key", next.key);
    EXPECT_THAT(refusal_after(first), HasSubstr("the two must be replaced together"));
    rename_into_place("tls.crt", next.certificate);
    EXPECT_NE(value_of(source().load()), first);
}

TEST_F(FileSourceTest, WaitsForWhoWritesAFileInPlace) {
    const auto first = value_of(source().load());
    const Authority other = value_of(Authority::make(k_trust_domain));
    const std::string both = other.root().certificate + authority_.root().certificate;
    // Half of it would be a trust bundle as well, and shut everybody out.
    write_just_now("ca.crt", other.root().certificate);
    EXPECT_EQ(value_of(source().load()), first);
    write_just_now("ca.crt", both);
    EXPECT_EQ(value_of(source().load()), first);
    write("ca.crt", both);
    EXPECT_EQ(value_of(source().load())->trust_bundles.at(k_trust_domain).size(), 2U);
}

TEST_F(FileSourceTest, WaitsForWhoWritesAPairInPlace) {
    const auto first = value_of(source().load());
    const Issued next = value_of(authority_.issue(k_web));
    for (const std::size_t bytes : {std::size_t{0}, std::size_t{100}, next.certificate.size()}) {
        write_just_now("tls.crt", next.certificate.substr(0, bytes));
        EXPECT_EQ(value_of(source().load()), first) << bytes;
    }
    write("tls.crt", next.certificate);
    write_just_now("tls.key", next.key);
    EXPECT_EQ(value_of(source().load()), first);
    write("tls.key", next.key);
    EXPECT_NE(value_of(source().load()), first);
}

TEST_F(FileSourceTest, TakesARenamedFileAtOnce) {
    const auto first = value_of(source().load());
    const Issued next = value_of(authority_.issue(k_web));
    rename_into_place("tls.key", next.key);
    rename_into_place("tls.crt", next.certificate);
    EXPECT_NE(value_of(source().load()), first);
}

TEST_F(FileSourceTest, KeepsWhatWasGoodWhateverComesInBetween) {
    const Issued own = value_of(authority_.issue(k_web));
    write_pair(own);
    const auto first = value_of(source().load());
    const Issued good = value_of(authority_.issue(k_web));
    const policy::Identity stranger{"other.example", "shop", "web"};
    const Authority other = value_of(Authority::make("other.example"));
    const Issued foreign = value_of(other.issue(stranger));
    const Issued stray = value_of(value_of(Authority::make(k_trust_domain)).issue(k_web));
    const std::vector<std::pair<Issued, const char*>> wrong{
        {{"", good.key}, "no PEM certificate"},
        {{"garbage\n", good.key}, "no PEM certificate"},
        {{good.certificate.substr(0, good.certificate.size() / 2), good.key}, "cannot be read"},
        {{good.certificate, good.key.substr(0, good.key.size() / 2)}, "cannot be read"},
        {{good.certificate, ""}, "no PEM private key"},
        {{good.certificate, stray.key}, "the two must be replaced together"},
        {foreign, "trust domain"},
        {stray, "does not verify"},
        {value_of(authority_.issue(k_web, -std::chrono::hours(1))), "expired"},
    };
    for (const auto& [issued, why] : wrong) {
        write_pair(issued);
        EXPECT_THAT(refusal_after(first), HasSubstr(why));
        write_pair(own);
        EXPECT_EQ(value_of(source().load()), first);
    }
    write_pair(good);
    const auto second = value_of(source().load());
    EXPECT_NE(second, first);
    EXPECT_EQ(second->self, k_web);
}

TEST_F(FileSourceTest, KeepsWhatWasGoodWhateverBecomesOfTheTrustBundle) {
    const auto first = value_of(source().load());
    const Authority other = value_of(Authority::make(k_trust_domain));
    const std::string leaf = value_of(authority_.issue(k_api)).certificate;
    const std::vector<std::pair<std::string, const char*>> wrong{
        {"", "no PEM certificate"},
        {authority_.root().certificate + "-----BEGIN CERTIFICATE-----\nMIIB", "cannot be read"},
        {other.root().certificate, "does not verify"},
        {authority_.root().certificate + leaf, "no CA"},
    };
    for (const auto& [bundle, why] : wrong) {
        write("ca.crt", bundle);
        EXPECT_THAT(refusal_after(first), HasSubstr(why));
        write("ca.crt", authority_.root().certificate);
        EXPECT_EQ(value_of(source().load()), first);
    }
    fs::remove(path("ca.crt"));
    EXPECT_THAT(refusal_after(first), HasSubstr("no such file"));
    write("ca.crt", authority_.root().certificate);
    EXPECT_EQ(value_of(source().load()), first);
}

TEST_F(FileSourceTest, GivesTheOldMaterialWhenTheOldFilesAreBack) {
    const auto first = value_of(source().load());
    fs::rename(path("tls.crt"), path("away.crt"));
    EXPECT_THAT(refusal_after(first), HasSubstr("no such file"));
    fs::rename(path("away.crt"), path("tls.crt"));
    EXPECT_EQ(value_of(source().load()), first);
}

TEST_F(FileSourceTest, SaysWhichFileIsMissingAndTheWayOut) {
    fs::remove(path("tls.crt"));
    EXPECT_EQ(
        refusal(),
        "identity.certificate: " + path("tls.crt") +
            ": no such file; make one with `smilax identity issue NAMESPACE/SERVICE-ACCOUNT "
            "--out " +
            directory_.string() + "/`, or set identity.source: none with policy.mtls: permissive"
    );
}

TEST_F(FileSourceTest, SaysWhichSettingIsMissing) {
    options_.trust_bundle.clear();
    EXPECT_EQ(refusal(), "identity.trustBundle: is not set; it names a PEM file");
}

TEST_F(FileSourceTest, RefusesWhatIsNoRegularFile) {
    fs::remove(path("tls.key"));
    ASSERT_EQ(::mkfifo(path("tls.key").c_str(), 0600), 0);
    EXPECT_EQ(refusal(), "identity.key: " + path("tls.key") + ": not a regular file");
}

TEST_F(FileSourceTest, RefusesAFileBeyondItsBound) {
    write("ca.crt", std::string((4 << 20) + 1, '\n'));
    EXPECT_THAT(refusal(), HasSubstr("larger than 4 MiB"));
}

TEST_F(FileSourceTest, WarnsOnceOfAKeyThatOthersCanRead) {
    ::chmod(path("tls.key").c_str(), 0644);
    EXPECT_EQ(refusal(), "accepted");
    const std::string warning = "identity.key: " + path("tls.key") +
                                ": mode 0644 lets other users read the private key; `chmod 0600 " +
                                path("tls.key") + "`";
    EXPECT_THAT(source().take_warnings(), ElementsAre(warning));
    EXPECT_EQ(refusal(), "accepted");
    EXPECT_THAT(source().take_warnings(), IsEmpty());
    ::chmod(path("tls.key").c_str(), 0600);
    EXPECT_EQ(refusal(), "accepted");
    EXPECT_THAT(source().take_warnings(), IsEmpty());
}

TEST_F(FileSourceTest, DoesNotWarnOfAPrivateKeyThatIsPrivate) {
    EXPECT_EQ(refusal(), "accepted");
    EXPECT_THAT(source().take_warnings(), IsEmpty());
}

}  // namespace
}  // namespace tls
