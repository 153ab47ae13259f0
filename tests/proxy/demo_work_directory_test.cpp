#include "proxy/command/demo/work_directory.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>
#include <utility>

namespace proxy::command::demo {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

constexpr pid_t k_no_process = 2'000'000'000;  // above any kernel's pid_max

std::string read_file(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

WorkDirectory make_directory_of(const std::string& keep) {
    WorkDirectoryOptions options;
    options.name = "smilax-demo-" + std::to_string(::getpid());
    options.keep = keep;
    auto made = WorkDirectory::make(options);
    EXPECT_TRUE(made.has_value()) << made.error();
    return std::move(*made);
}

TEST(WorkDirectory, VanishesWithItsOwner) {
    std::string root;
    {
        const WorkDirectory directory = make_directory_of("");
        root = directory.root();
        EXPECT_TRUE(fs::is_directory(directory.resources()));
        EXPECT_EQ(fs::status(root).permissions(), fs::perms::owner_all);
    }
    EXPECT_FALSE(fs::exists(root));
}

TEST(WorkDirectory, KeepsWhatItWasToldToKeep) {
    const std::string keep =
        testing::TempDir() + "/demo-keep-" + std::to_string(::getpid()) + "/files";
    std::string sockets;
    {
        const WorkDirectory directory = make_directory_of(keep);
        sockets = directory.sockets();
        EXPECT_TRUE(replace_file(directory.resources() + "/a.yaml", "a", 0644, std::nullopt));
    }
    EXPECT_EQ(read_file(keep + "/resources/a.yaml"), "a");
    EXPECT_FALSE(fs::exists(sockets));
    EXPECT_THAT(check_kept_directory(keep).error(), HasSubstr("needs a new or an empty directory"));
    fs::remove_all(fs::path(keep).parent_path());
}

TEST(WorkDirectory, ReplacesAFileAsAWhole) {
    const WorkDirectory directory = make_directory_of("");
    const std::string path = directory.root() + "/file";
    ASSERT_TRUE(replace_file(path, "first and longer", 0600, std::nullopt));
    std::ifstream reader(path);

    ASSERT_TRUE(replace_file(path, "second", 0640, std::nullopt));

    EXPECT_EQ(read_file(path), "second");
    EXPECT_EQ((std::string{std::istreambuf_iterator<char>(reader), {}}), "first and longer");
    struct stat facts{};
    ASSERT_EQ(::stat(path.c_str(), &facts), 0);
    EXPECT_EQ(facts.st_mode & 0777U, 0640U);
    EXPECT_EQ(std::distance(fs::directory_iterator(directory.root()), {}), 2);  // and resources
}

TEST(WorkDirectory, SaysWhichFileCannotBeWritten) {
    EXPECT_THAT(
        replace_file("/nonexistent/file", "", 0600, std::nullopt).error(),
        HasSubstr("/nonexistent/")
    );
}

TEST(Leftovers, AreKnownByTheProcessInTheirNames) {
    EXPECT_EQ(demo_process_of("smilax-demo-4711-web"), 4711);
    EXPECT_EQ(demo_process_of("smilax-demo-4711"), 4711);
    EXPECT_EQ(demo_process_of("smilax-demo-"), std::nullopt);
    EXPECT_EQ(demo_process_of("smilax-demo-0-web"), std::nullopt);
    EXPECT_EQ(demo_process_of("smilax-demo-47x11"), std::nullopt);
    EXPECT_EQ(demo_process_of("smilax-demo--1"), std::nullopt);
    EXPECT_EQ(demo_process_of("somebody-else-4711"), std::nullopt);
}

TEST(Leftovers, OfDeadDemosAreRemoved) {
    const fs::path dead =
        fs::temp_directory_path() / ("smilax-demo-" + std::to_string(k_no_process) + "-test");
    const fs::path other = fs::temp_directory_path() / "smilax-demo-none";
    fs::create_directories(dead / "resources");
    fs::create_directories(other);

    remove_leftover_directories();

    EXPECT_FALSE(fs::exists(dead));
    EXPECT_TRUE(fs::exists(other));
    fs::remove_all(other);
}

TEST(Leftovers, ADemoIsKnownByItsCommandLine) {
    EXPECT_FALSE(is_demo_running(k_no_process));
    EXPECT_FALSE(is_demo_running(::getpid()));  // a test, no demo
}

}  // namespace
}  // namespace proxy::command::demo
