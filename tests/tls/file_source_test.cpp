#include "tests/tls/certificate_recipe.hpp"
#include "tls/identity_source.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <malloc.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <new>
#include <string_view>

namespace {

/// What no freed memory should hold; empty: nobody looks.
std::string_view needle;
int found_freed = 0;

}  // namespace

void* operator new(std::size_t bytes) {
    void* at = std::malloc(bytes);
    if (at == nullptr) {
        throw std::bad_alloc();
    }
    return at;
}
void operator delete(void* at) noexcept {
    if (at != nullptr && !needle.empty()) {
        const std::string_view freed(static_cast<const char*>(at), ::malloc_usable_size(at));
        found_freed += freed.find(needle) == std::string_view::npos ? 0 : 1;
    }
    std::free(at);
}
void operator delete(void* at, std::size_t) noexcept {
    operator delete(at);
}

namespace tls {
namespace {

/// Counts blocks of memory that are freed with `text` in them, as long as it lives.
class WatchForFreed {
 public:
    explicit WatchForFreed(std::string text) : text_(std::move(text)) {
        found_freed = 0;
        needle = text_;
    }
    ~WatchForFreed() { needle = {}; }
    WatchForFreed(const WatchForFreed&) = delete;
    WatchForFreed& operator=(const WatchForFreed&) = delete;
    int found() const { return found_freed; }

 private:
    std::string text_;
};

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::k_trust_domain;
using ::testing::StartsWith;
using testing::value_of;
namespace fs = std::filesystem;
using namespace std::chrono_literals;

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
        set_written(name, -1s);
    }
    void write_just_now(const std::string& name, const std::string& text) const {
        std::ofstream(path(name)) << text;
        ::chmod(path(name).c_str(), 0600);
    }
    void set_written(const std::string& name, std::chrono::milliseconds from_now) const {
        fs::last_write_time(path(name), fs::file_time_type::clock::now() + from_now);
    }
    void rename_into_place(const std::string& name, const std::string& text) const {
        write(name + ".new", text);
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
    const std::string name = "identity.trustBundles: other.example: " + path("other.crt");
    EXPECT_EQ(
        refusal(),
        name +
            ": no such file; mount the trust bundle of other.example there, or copy it with "
            "`smilax identity issue NAMESPACE/SERVICE-ACCOUNT --federate OTHER-CA/ca.crt --out " +
            directory_.string() + "/` (to ca-other.example.crt)"
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
    EXPECT_THAT(refusal_after(second), StartsWith(name + ": no PEM"));
    write("other.crt", next.root().certificate);
    EXPECT_EQ(value_of(source().load()), second);
    fs::remove(path("other.crt"));
    EXPECT_EQ(
        refusal_after(second), name + ": no such file; put it back, or a new one in its place"
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

TEST_F(FileSourceTest, WaitsForWhoWritesAnotherFileInItsPlace) {
    const Authority other = value_of(Authority::make(k_trust_domain));
    const std::string both = authority_.root().certificate + other.root().certificate;
    write("ca.crt", both);
    const auto first = value_of(source().load());
    // `mv ca.crt old; (cat a; cat b) > ca.crt`, as install, cp --remove-destination and tar do.
    fs::rename(path("ca.crt"), path("old.crt"));
    write_just_now("ca.crt", authority_.root().certificate);
    EXPECT_EQ(value_of(source().load()), first);
    EXPECT_TRUE(source().is_settling());
    write_just_now("ca.crt", both);
    EXPECT_EQ(value_of(source().load()), first);
    EXPECT_FALSE(source().is_settling());
}

TEST_F(FileSourceTest, TakesARenamedFileOnceItIsAQuarterOfASecondOld) {
    const auto first = value_of(source().load());
    const Issued next = value_of(authority_.issue(k_web));
    write_just_now("new.key", next.key);
    write_just_now("new.crt", next.certificate);
    fs::rename(path("new.key"), path("tls.key"));
    fs::rename(path("new.crt"), path("tls.crt"));
    EXPECT_EQ(value_of(source().load()), first);
    EXPECT_TRUE(source().is_settling());
    set_written("tls.key", -250ms);
    set_written("tls.crt", -250ms);
    EXPECT_NE(value_of(source().load()), first);
    EXPECT_FALSE(source().is_settling());
}

TEST_F(FileSourceTest, TakesASwappedLinkOnceItsFilesAreAQuarterOfASecondOld) {
    fs::create_directory(directory_ / "v1");
    fs::create_directory(directory_ / "v2");
    write("v1/ca.crt", authority_.root().certificate);
    fs::create_directory_symlink("v1", directory_ / "..data");
    options_.trust_bundle = path("..data/ca.crt");
    const auto first = value_of(source().load());
    const Authority other = value_of(Authority::make(k_trust_domain));
    write_just_now("v2/ca.crt", authority_.root().certificate + other.root().certificate);
    fs::create_directory_symlink("v2", directory_ / "next");
    fs::rename(directory_ / "next", directory_ / "..data");
    EXPECT_EQ(value_of(source().load()), first);
    set_written("v2/ca.crt", -250ms);
    EXPECT_NE(value_of(source().load()), first);
}

TEST_F(FileSourceTest, DoesNotWaitForATimeInTheFuture) {
    const auto first = value_of(source().load());
    const Authority other = value_of(Authority::make(k_trust_domain));
    write_just_now("ca.crt", authority_.root().certificate + other.root().certificate);
    set_written("ca.crt", 1h);
    EXPECT_NE(value_of(source().load()), first);
    EXPECT_FALSE(source().is_settling());
}

TEST_F(FileSourceTest, LeavesNoKeyInMemoryThatWasFreed) {
    const Authority other = value_of(Authority::make(k_trust_domain));
    for (const bool is_bundle : {false, true}) {
        const Issued issued = value_of(authority_.issue(k_web));
        write("tls.crt", is_bundle ? issued.key + issued.certificate : issued.certificate);
        write("tls.key", issued.key);
        options_.credential_bundle = is_bundle ? path("tls.crt") : "";
        source_.reset();
        const WatchForFreed watch(issued.key.substr(issued.key.find('\n') + 1, 60));
        for (const std::string& bundle : {std::string(), other.root().certificate}) {
            write("ca.crt", authority_.root().certificate + bundle);
            EXPECT_EQ(refusal(), "accepted");
        }
        write("ca.crt", "rubbish");
        EXPECT_EQ(refusal(), "accepted");  // so far
        source_.reset();
        EXPECT_EQ(watch.found(), 0);
    }
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
    // Not how to do without mTLS: it is in force.
    EXPECT_EQ(
        refusal_after(first),
        "identity.trustBundle: " + path("ca.crt") +
            ": no such file; put it back, or a new one in its place"
    );
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
