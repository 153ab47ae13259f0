#include "proxy/control/directory_source.hpp"

#include <gtest/gtest.h>

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <string>

namespace proxy::control {
namespace {

namespace fs = std::filesystem;

class DirectorySourceTest : public ::testing::Test {
 protected:
    DirectorySourceTest() {
        std::string name = (fs::temp_directory_path() / "smilax-test-XXXXXX").string();
        directory_ = ::mkdtemp(name.data());
    }
    ~DirectorySourceTest() override {
        if (source_) {
            source_->close();
        }
        context_.poll();
        fs::remove_all(directory_);
    }

    void start() {
        source_ = make_directory_source(context_, {directory_.string()});
        const auto started = source_->start([this](std::vector<ResourceChange> changes) {
            ++batches_;
            for (const ResourceChange& change : changes) {
                const std::string name = fs::path(change.name).filename().string();
                if (change.text.has_value()) {
                    files_[name] = *change.text;
                } else {
                    files_.erase(name);
                }
            }
        });
        ASSERT_TRUE(started.has_value()) << started.error();
    }
    void write(const std::string& name, const std::string& text) {
        std::ofstream(directory_ / name) << text;
    }
    void rename_into_place(const std::string& name, const std::string& text) {
        write(".new", text);
        fs::rename(directory_ / ".new", directory_ / name);
    }
    void until(const std::function<bool()>& is_done) {
        const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
        while (!is_done()) {
            ASSERT_LT(std::chrono::steady_clock::now(), deadline);
            context_.run_one_for(std::chrono::milliseconds(100));
        }
    }

    boost::asio::io_context context_;
    fs::path directory_;
    std::unique_ptr<ResourceSource> source_;
    std::map<std::string, std::string> files_;
    int batches_ = 0;
};

TEST_F(DirectorySourceTest, TellsAllThereIsBeforeStartReturns) {
    write("a.yaml", "a");
    write("b.json", "b");
    write("c.yml", "c");
    write("notes.txt", "x");
    write(".hidden.yaml", "x");
    start();
    EXPECT_EQ(
        files_,
        (std::map<std::string, std::string>{{"a.yaml", "a"}, {"b.json", "b"}, {"c.yml", "c"}})
    );
}

TEST_F(DirectorySourceTest, EmptyDirectoryIsToldToo) {
    start();
    EXPECT_EQ(batches_, 1);
}

TEST_F(DirectorySourceTest, SeesNewChangedAndRemovedFiles) {
    start();
    write("a.yaml", "1");
    until([&] { return files_["a.yaml"] == "1"; });
    write("a.yaml", "22");
    until([&] { return files_["a.yaml"] == "22"; });
    fs::remove(directory_ / "a.yaml");
    until([&] { return !files_.contains("a.yaml"); });
}

TEST_F(DirectorySourceTest, SeesAnAtomicRename) {
    write("a.yaml", "1");
    start();
    rename_into_place("a.yaml", "2");
    until([&] { return files_["a.yaml"] == "2"; });
}

TEST_F(DirectorySourceTest, SeesAConfigMapSwap) {
    fs::create_directory(directory_ / "..1");
    write("..1/a.yaml", "1");
    fs::create_directory_symlink("..1", directory_ / "..data");
    fs::create_symlink("..data/a.yaml", directory_ / "a.yaml");
    start();
    EXPECT_EQ(files_["a.yaml"], "1");
    fs::create_directory(directory_ / "..2");
    write("..2/a.yaml", "2");
    fs::create_directory_symlink("..2", directory_ / "..data_new");
    fs::rename(directory_ / "..data_new", directory_ / "..data");
    until([&] { return files_["a.yaml"] == "2"; });
}

TEST_F(DirectorySourceTest, FileStillBeingWrittenIsNotRead) {
    start();
    std::ofstream file(directory_ / "a.yaml");
    file << "half" << std::flush;
    write("b.yaml", "whole");
    until([&] { return files_.contains("b.yaml"); });
    EXPECT_FALSE(files_.contains("a.yaml"));
    file << " and half";
    file.close();
    until([&] { return files_["a.yaml"] == "half and half"; });
}

TEST_F(DirectorySourceTest, FileThatIsWrittenOnceMoreIsNotReadInBetween) {
    start();
    write("a.yaml", "whole");
    std::ofstream file(directory_ / "a.yaml");
    file << "half" << std::flush;
    write("b.yaml", "whole");
    until([&] { return files_.contains("b.yaml"); });
    EXPECT_FALSE(files_.contains("a.yaml"));
    file << " and half";
    file.close();
    until([&] { return files_["a.yaml"] == "half and half"; });
}

TEST_F(DirectorySourceTest, SwapOfAConfigMapMakesNoOtherFileWhole) {
    fs::create_directory(directory_ / "..1");
    write("..1/a.yaml", "1");
    start();
    std::ofstream file(directory_ / "b.yaml");
    file << "half" << std::flush;
    fs::create_directory_symlink("..1", directory_ / "..data");
    fs::create_symlink("..data/a.yaml", directory_ / "a.yaml");
    until([&] { return files_.contains("a.yaml"); });
    EXPECT_FALSE(files_.contains("b.yaml"));
}

TEST_F(DirectorySourceTest, RenameIsToldSoonerThanAWriteSettles) {
    start();
    using Clock = std::chrono::steady_clock;
    auto fastest = Clock::duration::max();
    for (int i = 0; i < 50; ++i) {  // others may hold the machine, but not each time
        const int before = batches_;
        const auto begin = Clock::now();
        rename_into_place("a.yaml", std::to_string(i));
        until([&] { return batches_ > before; });
        fastest = std::min(fastest, Clock::now() - begin);
    }
    EXPECT_LT(fastest, std::chrono::milliseconds(5));
}

TEST_F(DirectorySourceTest, BurstOfRenamesIsOneBatch) {
    start();
    for (int i = 0; i < 20; ++i) {
        rename_into_place(std::to_string(i) + ".yaml", "x");
    }
    until([&] { return batches_ > 1; });
    EXPECT_EQ(files_.size(), 20U);
    EXPECT_EQ(batches_, 2);
}

TEST_F(DirectorySourceTest, WriteAmongRenamesHasItsTimeToSettle) {
    start();
    const auto begin = std::chrono::steady_clock::now();
    write("b.yaml", "x");
    rename_into_place("a.yaml", "x");
    until([&] { return batches_ > 1; });
    EXPECT_GE(std::chrono::steady_clock::now() - begin, std::chrono::milliseconds(5));
    EXPECT_EQ(files_.size(), 2U);
}

TEST_F(DirectorySourceTest, DirectoryThatGoesAwayKeepsItsObjects) {
    write("a.yaml", "1");
    start();
    const fs::path moved = directory_.string() + "-moved";
    fs::rename(directory_, moved);
    const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(700);
    context_.run_until(end);  // one poll at least
    EXPECT_EQ(files_["a.yaml"], "1");
    fs::rename(moved, directory_);
}

TEST_F(DirectorySourceTest, MissingDirectoryIsOneClearSentence) {
    source_ = make_directory_source(context_, {(directory_ / "none").string()});
    const auto started = source_->start([](auto) {});
    ASSERT_TRUE(started.has_error());
    EXPECT_NE(started.error().find("none: "), std::string::npos);
    EXPECT_NE(started.error().find("create it"), std::string::npos);
}

}  // namespace
}  // namespace proxy::control
