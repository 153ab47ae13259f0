#include "tls/file_sets.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace tls {
namespace {

using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;
namespace fs = std::filesystem;

/// Directories `a` and `b`, in which empty files stand for what a volume holds.
class FileSets : public ::testing::Test {
 protected:
    FileSets() {
        std::string name = (fs::temp_directory_path() / "smilax-sets-XXXXXX").string();
        root_ = ::mkdtemp(name.data());
        for (const char* directory : {"a", "b"}) {
            fs::create_directory(root_ / directory);
        }
    }
    ~FileSets() override { fs::remove_all(root_); }

    std::string path(const std::string& name) const { return (root_ / name).string(); }
    void make(std::initializer_list<const char*> names) const {
        for (const char* name : names) {
            std::ofstream(path(name)) << "x";
        }
    }
    policy::Result<FileSourceOptions> find(const std::string& trust_bundle = "") const {
        return find_file_set({path("a"), path("b")}, trust_bundle);
    }
    std::string found(const std::string& trust_bundle = "") const {
        const auto options = find(trust_bundle);
        return options ? describe_files(*options) : options.error();
    }

    fs::path root_;
};

TEST_F(FileSets, KnowsTheNamesOfEveryWriter) {
    const std::vector<std::vector<std::string>> sets{
        {"credentialbundle.pem", "trustbundle.pem"},
        {"credentialbundle.pem", "ca_certificates.pem"},
        {"credentialbundle.pem", "ca.crt"},
        {"tls.crt", "tls.key", "ca.crt"},
        {"cert-chain.pem", "key.pem", "root-cert.pem"},
        {"certificates.pem", "private_key.pem", "ca_certificates.pem"},
        {"svid.pem", "svid_key.pem", "svid_bundle.pem"},
    };
    for (const auto& set : sets) {
        std::string expected = path("b") + ": ";
        for (const std::string& name : set) {
            make({("b/" + name).c_str()});
            expected += name + (name == set.back() ? "" : ", ");
        }
        EXPECT_EQ(found(), expected);
        fs::remove_all(root_ / "b");
        fs::create_directory(root_ / "b");
    }
}

TEST_F(FileSets, SaysWhichFileIsWhat) {
    make({"a/svid.pem", "a/svid_key.pem", "a/svid_bundle.pem"});
    const auto triple = find();
    ASSERT_TRUE(triple) << triple.error();
    EXPECT_EQ(triple->certificate, path("a/svid.pem"));
    EXPECT_EQ(triple->key, path("a/svid_key.pem"));
    EXPECT_EQ(triple->trust_bundle, path("a/svid_bundle.pem"));
    EXPECT_EQ(triple->credential_bundle, "");
    make({"a/credentialbundle.pem", "a/trustbundle.pem"});
    const auto bundle = find();
    ASSERT_TRUE(bundle) << bundle.error();
    EXPECT_EQ(bundle->credential_bundle, path("a/credentialbundle.pem"));
    EXPECT_EQ(bundle->trust_bundle, path("a/trustbundle.pem"));
    EXPECT_EQ(bundle->certificate + bundle->key, "");
}

TEST_F(FileSets, TakesTheFirstDirectoryThatHasOne) {
    make({"b/credentialbundle.pem", "b/ca.crt", "a/svid.pem", "a/svid_key.pem"});
    make({"a/svid_bundle.pem"});
    EXPECT_THAT(found(), StartsWith(path("a") + ": svid.pem"));
}

TEST_F(FileSets, FollowsLinksAsKubernetesMakesThem) {
    fs::create_directory(root_ / "a/..v1");
    make({"a/..v1/tls.crt", "a/..v1/tls.key", "a/..v1/ca.crt"});
    fs::create_directory_symlink("..v1", root_ / "a/..data");
    for (const std::string name : {"tls.crt", "tls.key", "ca.crt"}) {
        fs::create_symlink("..data/" + name, root_ / "a" / name);
    }
    EXPECT_EQ(found(), path("a") + ": tls.crt, tls.key, ca.crt");
}

TEST_F(FileSets, NeedATrustBundleFromSomewhere) {
    make({"a/tls.crt", "a/tls.key"});
    EXPECT_THAT(
        found(),
        AllOf(
            StartsWith(path("a") + ": tls.crt and tls.key without a trust bundle (ca.crt)"),
            HasSubstr("set identity.trustBundle")
        )
    );
    EXPECT_EQ(found("/etc/mesh/roots.pem"), path("a") + ": tls.crt, tls.key, /etc/mesh/roots.pem");
}

TEST_F(FileSets, PreferTheTrustBundleThatWasNamed) {
    make({"a/tls.crt", "a/tls.key", "a/ca.crt"});
    EXPECT_EQ(find("/etc/mesh/roots.pem")->trust_bundle, "/etc/mesh/roots.pem");
}

TEST_F(FileSets, SayWhatWasLookedForAndWhatIsThereByHalf) {
    make({"b/tls.crt"});
    EXPECT_THAT(
        found(),
        AllOf(
            StartsWith("no certificate in " + path("a") + ", " + path("b") + " (looked for "),
            HasSubstr("credentialbundle.pem; tls.crt with tls.key; cert-chain.pem with key.pem"),
            HasSubstr("; " + path("b") + " has tls.crt without tls.key")
        )
    );
    fs::remove(root_ / "b/tls.crt");
    make({"b/key.pem"});
    EXPECT_THAT(found(), HasSubstr(" has key.pem without cert-chain.pem"));
}

TEST_F(FileSets, LeaveTheWaysOutToTheCaller) {
    EXPECT_THAT(found(), Not(HasSubstr("identity.")));
    EXPECT_THAT(find_file_set({path("a")}, "", "; do this").error(), EndsWith("; do this"));
}

TEST_F(FileSets, SayThatTheDirectoryIsNotThere) {
    make({"file"});
    for (const char* name : {"nowhere", "file"}) {
        EXPECT_EQ(
            find_file_set({path(name)}, "", "; do this").error(),
            "no certificate in " + path(name) + ": there is no such directory; do this"
        );
    }
    EXPECT_EQ(
        find_file_set({path("c"), path("d")}, "").error(),
        "no certificate in " + path("c") + ", " + path("d") + ": none of these directories is there"
    );
    EXPECT_THAT(
        find_file_set({path("a"), path("d")}, "").error(), HasSubstr(" (looked for credential")
    );
}

TEST_F(FileSets, AreShownByHalfAndWithoutATrustBundle) {
    make({"a/tls.crt", "a/ca.crt", "b/svid.pem", "b/svid_key.pem", "b/tls.key"});
    const IdentityFiles half = identity_files_in(path("a"));
    EXPECT_FALSE(half.options);
    EXPECT_EQ(half.half, "tls.crt without tls.key");
    const IdentityFiles whole = identity_files_in(path("b"));
    ASSERT_TRUE(whole.options);
    EXPECT_EQ(whole.options->certificate, path("b/svid.pem"));
    EXPECT_EQ(whole.options->trust_bundle, "");
    EXPECT_EQ(identity_files_in(path("c")).half, "");
}

TEST_F(FileSets, AreLookedForWhereVolumesAreMounted) {
    EXPECT_THAT(
        conventional_directories(),
        ::testing::ElementsAre(
            "/run/workload-spiffe-credentials",
            "/var/run/secrets/spiffe.io",
            "/var/run/secrets/workload-spiffe-credentials",
            "/etc/smilax/identity"
        )
    );
}

}  // namespace
}  // namespace tls
