#include "bench/load/options.hpp"

#include <gtest/gtest.h>

#include <netinet/in.h>

#include <algorithm>
#include <iterator>
#include <string>
#include <vector>

namespace bench::load {
namespace {

std::variant<Options, int> parse(const std::vector<std::string>& more) {
    std::vector<std::string> words = {
        "smilax_load",
        "--to",
        "127.0.0.1:80",
        "--host",
        "api",
        "--path",
        "/",
        "--seconds",
        "2",
        "--connections",
        "3"
    };
    words.insert(words.end(), more.begin(), more.end());
    std::vector<const char*> arguments;
    std::transform(
        words.begin(),
        words.end(),
        std::back_inserter(arguments),
        [](const std::string& word) { return word.c_str(); }
    );
    testing::internal::CaptureStderr();
    testing::internal::CaptureStdout();
    auto parsed = parse_options(static_cast<int>(arguments.size()), arguments.data());
    testing::internal::GetCapturedStdout();
    testing::internal::GetCapturedStderr();
    return parsed;
}

const std::vector<std::string> k_tls = {
    "--tls-certificate", "c", "--tls-key", "k", "--tls-trust", "t"
};

std::vector<std::string> with_tls(const std::vector<std::string>& more) {
    std::vector<std::string> words = k_tls;
    words.insert(words.end(), more.begin(), more.end());
    return words;
}

TEST(LoadOptions, AreAPlainClosedLoopUnlessMoreIsAsked) {
    const auto parsed = std::get<Options>(parse({}));
    EXPECT_EQ(parsed.request.host, "api");
    EXPECT_EQ(parsed.request.method, "GET");
    EXPECT_EQ(parsed.connections, 3U);
    EXPECT_EQ(parsed.seconds, 2);
    EXPECT_EQ(parsed.rate, std::nullopt);
    EXPECT_EQ(parsed.mode, Mode::keep_alive);
    EXPECT_FALSE(parsed.tls);
    EXPECT_FALSE(parsed.read_bytes_per_second);
}

TEST(LoadOptions, TellTheModesApart) {
    EXPECT_EQ(std::get<Options>(parse({"--close"})).mode, Mode::close);
    EXPECT_EQ(std::get<Options>(parse({"--idle"})).mode, Mode::idle);
    const auto parsed = std::get<Options>(parse(with_tls({"--handshakes-only", "--resume"})));
    EXPECT_EQ(parsed.mode, Mode::handshakes_only);
    ASSERT_TRUE(parsed.tls);
    EXPECT_TRUE(parsed.tls->may_resume);
}

TEST(LoadOptions, TakeARateABodyAndAPaceOfReading) {
    const auto parsed = std::get<Options>(
        parse({"--rate", "2500.5", "--body", "10", "--chunked", "--read-bytes-per-second", "1000"})
    );
    EXPECT_EQ(parsed.rate, 2500.5);
    EXPECT_EQ(parsed.request.body_bytes, 10U);
    EXPECT_TRUE(parsed.request.is_chunked);
    EXPECT_EQ(parsed.read_bytes_per_second, 1000U);
}

TEST(LoadOptions, OfHelpEndWellWithNothingToRun) {
    EXPECT_EQ(std::get<int>(parse({"--help"})), 0);
}

class WrongOptions : public testing::TestWithParam<std::vector<std::string>> {};

TEST_P(WrongOptions, EndWithTwo) {
    EXPECT_EQ(std::get<int>(parse(GetParam())), 2);
}

INSTANTIATE_TEST_SUITE_P(
    LoadOptions,
    WrongOptions,
    testing::Values(
        std::vector<std::string>{"--unknown"},
        std::vector<std::string>{"--rate", "0"},
        std::vector<std::string>{"--chunked"},
        std::vector<std::string>{"--idle", "--close"},
        std::vector<std::string>{"--idle", "--rate", "5"},
        std::vector<std::string>{"--handshakes-only"},
        std::vector<std::string>{"--alpn", "x"},
        std::vector<std::string>{"--tls-certificate", "c"},
        with_tls({"--resume", "--no-resumption"}),
        with_tls({"--alpn", ""}),
        with_tls({"--handshakes-only", "--close"}),
        std::vector<std::string>{"--method", "GET /x"}
    )
);

TEST(ParseAddress, ReadsBothFamilies) {
    const auto four = parse_address("127.0.0.1:8080");
    ASSERT_TRUE(four);
    EXPECT_EQ(four->storage.ss_family, AF_INET);
    EXPECT_EQ(four->length, sizeof(sockaddr_in));
    const auto six = parse_address("[::1]:8080");
    ASSERT_TRUE(six);
    EXPECT_EQ(six->storage.ss_family, AF_INET6);
    EXPECT_EQ(six->length, sizeof(sockaddr_in6));
}

TEST(ParseAddress, RefusesWhatIsNoAddressWithAPort) {
    for (const char* text :
         {"",
          "127.0.0.1",
          "127.0.0.1:",
          "127.0.0.1:0",
          "127.0.0.1:65536",
          "127.0.0.1:80x",
          "localhost:80",
          "::1:80",
          "[::1:80",
          "[127.0.0.1]:80"}) {
        EXPECT_FALSE(parse_address(text)) << text;
    }
}

}  // namespace
}  // namespace bench::load
