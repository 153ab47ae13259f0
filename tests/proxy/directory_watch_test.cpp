#include "proxy/control/directory_watch.hpp"

#include <gtest/gtest.h>

#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>

namespace proxy::control {
namespace {

namespace fs = std::filesystem;

/// Longer than anything settles; nothing is to happen in it.
constexpr std::chrono::milliseconds k_quiet{30};

class DirectoryWatchTest : public ::testing::Test {
 protected:
    DirectoryWatchTest() : watch_(context_, {directory_.string()}) {
        watch_.open([this] { ++settled_; });
    }
    ~DirectoryWatchTest() override {
        watch_.close();
        context_.poll();
        fs::remove_all(directory_);
    }

    static fs::path make_directory() {
        std::string name = (fs::temp_directory_path() / "smilax-test-XXXXXX").string();
        return ::mkdtemp(name.data());
    }
    void write(const std::string& name, const std::string& text) {
        std::ofstream(directory_ / name) << text;
    }
    bool is_finished(const std::string& name) {
        watch_.take_events();
        return watch_.is_finished((directory_ / name).string());
    }
    void until_settled(int times) {
        const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
        while (settled_ < times) {
            ASSERT_LT(std::chrono::steady_clock::now(), deadline);
            context_.run_one_for(std::chrono::milliseconds(100));
        }
    }

    fs::path directory_ = make_directory();
    boost::asio::io_context context_;
    DirectoryWatch watch_;
    int settled_ = 0;
};

TEST_F(DirectoryWatchTest, FileIsFinishedWhenItsWriterClosesIt) {
    std::ofstream file(directory_ / "a.yaml");
    file << "half" << std::flush;
    EXPECT_FALSE(is_finished("a.yaml"));
    file.close();
    EXPECT_TRUE(is_finished("a.yaml"));
}

TEST_F(DirectoryWatchTest, FileRenamedIntoPlaceIsFinished) {
    write("draft", "x");
    fs::rename(directory_ / "draft", directory_ / "a.yaml");
    EXPECT_TRUE(is_finished("a.yaml"));
}

TEST_F(DirectoryWatchTest, FileThatIsWrittenOnceMoreIsNoLongerFinished) {
    write("a.yaml", "whole");
    const std::ofstream truncated(directory_ / "a.yaml");
    EXPECT_FALSE(is_finished("a.yaml"));
}

TEST_F(DirectoryWatchTest, RemovedFileIsNotFinished) {
    write("a.yaml", "whole");
    fs::remove(directory_ / "a.yaml");
    EXPECT_FALSE(is_finished("a.yaml"));
}

TEST_F(DirectoryWatchTest, LostEventsLeaveNoFileFinished) {
    write("a.yaml", "whole");
    EXPECT_TRUE(is_finished("a.yaml"));
    write("b.yaml", "x");
    int events_max = 0;
    std::ifstream("/proc/sys/fs/inotify/max_queued_events") >> events_max;
    ASSERT_GT(events_max, 0);
    for (int i = 0; i <= events_max / 4; ++i) {  // four events each
        fs::rename(directory_ / "b.yaml", directory_ / "c.yaml");
        fs::rename(directory_ / "c.yaml", directory_ / "b.yaml");
    }
    EXPECT_FALSE(is_finished("a.yaml"));
    write("a.yaml", "whole again");
    EXPECT_TRUE(is_finished("a.yaml"));
}

TEST_F(DirectoryWatchTest, SwapIsToldOnce) {
    EXPECT_FALSE(watch_.take_swap());
    fs::create_directory_symlink("..1", directory_ / "..data_new");
    fs::rename(directory_ / "..data_new", directory_ / "..data");
    watch_.take_events();
    EXPECT_TRUE(watch_.take_swap());
    EXPECT_FALSE(watch_.take_swap());
}

TEST_F(DirectoryWatchTest, DraftsAndWritersThatAreNotDoneAreNoReasonToLook) {
    write(".a.yaml.new", "x");
    write("notes.txt", "x");
    context_.run_for(k_quiet);
    EXPECT_EQ(settled_, 0);
    std::ofstream file(directory_ / "a.yaml");
    until_settled(1);
    file << "half" << std::flush;
    context_.run_for(k_quiet);
    EXPECT_EQ(settled_, 1);
    file.close();
    until_settled(2);
}

}  // namespace
}  // namespace proxy::control
