#include "proxy/command/child_process.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fcntl.h>
#include <unistd.h>

#include <csignal>
#include <cstddef>
#include <cstdlib>
#include <string>

namespace proxy::command {
namespace {

using ::testing::HasSubstr;

TEST(RunProcess, CapturesBothOutputsAndTheExitCode) {
    const auto outcome = run_process({"sh", "-c", "echo out; echo err >&2; exit 3"});
    ASSERT_TRUE(outcome.has_value());
    EXPECT_EQ(outcome->exit_code, 3);
    EXPECT_EQ(outcome->standard_output, "out\n");
    EXPECT_EQ(outcome->standard_error, "err\n");
}

TEST(RunProcess, HandsArgumentsOnWithoutAShell) {
    const auto outcome = run_process({"printf", "%s|", "$HOME", "a b", "; exit 9", "*", ""});
    ASSERT_TRUE(outcome.has_value());
    EXPECT_EQ(outcome->exit_code, 0);
    EXPECT_EQ(outcome->standard_output, "$HOME|a b|; exit 9|*||");
}

TEST(RunProcess, FeedsInputLargerThanAPipeWhileItReadsTheOutput) {
    const std::string large(1024 * 1024, 'x');
    const auto outcome = run_process({"cat"}, large);
    ASSERT_TRUE(outcome.has_value());
    EXPECT_EQ(outcome->exit_code, 0);
    EXPECT_TRUE(outcome->standard_output == large);
}

TEST(RunProcess, SurvivesAChildThatDoesNotReadItsInput) {
    const auto outcome = run_process({"true"}, std::string(1024 * 1024, 'x'));
    ASSERT_TRUE(outcome.has_value());
    EXPECT_EQ(outcome->exit_code, 0);
}

TEST(RunProcess, GivesAnEmptyInputAtOnce) {
    const auto outcome = run_process({"cat"});
    ASSERT_TRUE(outcome.has_value());
    EXPECT_EQ(outcome->standard_output, "");
}

TEST(RunProcess, SaysAKillAsShellsDo) {
    const auto outcome = run_process({"sh", "-c", "kill -TERM $$"});
    ASSERT_TRUE(outcome.has_value());
    EXPECT_EQ(outcome->exit_code, 128 + SIGTERM);
}

TEST(RunProcess, NamesAProgramThatIsNotThere) {
    const auto outcome = run_process({"smilax-no-such-program"});
    ASSERT_TRUE(outcome.has_error());
    EXPECT_EQ(outcome.error(), "smilax-no-such-program: No such file or directory");
}

TEST(RunProcess, RefusesAnEmptyCommand) {
    EXPECT_TRUE(run_process({}).has_error());
}

TEST(RunProcess, LeavesTheChildNoDescriptorOfOurs) {
    const int ours = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    const auto outcome =
        run_process({"sh", "-c", "test ! -e /proc/self/fd/" + std::to_string(ours)});
    ::close(ours);
    ASSERT_TRUE(outcome.has_value());
    EXPECT_EQ(outcome->exit_code, 0);
}

TEST(FindProgram, LooksInTheFoldersOfAdministratorsToo) {
    const std::string before = std::getenv("PATH");
    ::setenv("PATH", "/nowhere", 1);
    const std::string found = find_program("ldconfig");
    ::setenv("PATH", before.c_str(), 1);
    EXPECT_THAT(found, HasSubstr("sbin/ldconfig"));
}

TEST(FindProgram, NeverTakesAProgramFromTheCurrentFolder) {
    const std::string before = std::getenv("PATH");
    ::setenv("PATH", ":", 1);
    const std::string found = find_program("sh");
    ::setenv("PATH", before.c_str(), 1);
    EXPECT_EQ(found, "");
}

}  // namespace
}  // namespace proxy::command
