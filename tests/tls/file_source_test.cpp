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
    void write(const std::string& name, const std::string& text) const {
        std::ofstream(path(name)) << text;
        ::chmod(path(name).c_str(), 0600);
    }
    void write_pair(const Issued& issued) const {
        write("tls.crt", issued.certificate);
        write("tls.key", issued.key);
    }
    std::string refusal() {
        const auto loaded = source().load();
        return loaded ? "accepted" : loaded.error();
    }
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
        refusal(),
        StartsWith("identity.trustBundles: other.example: " + path("other.crt") + ": no PEM")
    );
}

TEST_F(FileSourceTest, NeverPairsAKeyWithAnotherCertificate) {
    const auto first = value_of(source().load());
    const Issued next = value_of(authority_.issue(k_web));
    write("tls.crt", next.certificate);
    EXPECT_THAT(refusal(), HasSubstr("the two must be replaced together"));
    EXPECT_THAT(refusal(), StartsWith("identity.key: " + path("tls.key")));
    write("tls.key", next.key);
    EXPECT_NE(value_of(source().load()), first);
}

TEST_F(FileSourceTest, GivesTheOldMaterialWhenTheOldFilesAreBack) {
    const auto first = value_of(source().load());
    fs::rename(path("tls.crt"), path("away.crt"));
    EXPECT_THAT(refusal(), HasSubstr("no such file"));
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
