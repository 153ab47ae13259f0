#include "bench/load/answer.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace bench::load {
namespace {

constexpr std::string_view k_by_length =
    "HTTP/1.1 200 OK\r\nServer: x\r\nContent-Length: 5\r\n\r\nhello";
constexpr std::string_view k_chunked =
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    "5\r\nhello\r\nA;name=\"v\"\r\n0123456789\r\n0\r\nx-sum: 1\r\n\r\n";
constexpr std::string_view k_to_end = "HTTP/1.1 200 OK\r\n\r\nhello";

struct Read {
    AnswerReader reader;
    std::size_t used = 0;
};

Read read(std::string_view text, bool has_no_body = false) {
    Read read;
    read.reader.begin(has_no_body);
    read.used = read.reader.feed(text);
    return read;
}

std::string with_fields(const std::string& fields, const std::string& rest = "") {
    return "HTTP/1.1 200 OK\r\n" + fields + "\r\n" + rest;
}

class WholeAnswer : public testing::TestWithParam<std::string_view> {};

TEST_P(WholeAnswer, IsCompleteWithItsLastByteAndNotBefore) {
    const Read whole = read(GetParam());
    EXPECT_TRUE(whole.reader.is_complete());
    EXPECT_FALSE(whole.reader.is_last());
    EXPECT_EQ(whole.reader.status(), 200);
    EXPECT_EQ(whole.used, GetParam().size());
    const Read short_by_one = read(GetParam().substr(0, GetParam().size() - 1));
    EXPECT_FALSE(short_by_one.reader.is_complete());
    EXPECT_FALSE(short_by_one.reader.has_failed());
}

TEST_P(WholeAnswer, MayComeByteByByte) {
    AnswerReader reader;
    reader.begin(false);
    for (const char& byte : GetParam()) {
        ASSERT_FALSE(reader.is_complete());
        ASSERT_EQ(reader.feed(std::string_view(&byte, 1)), 1U);
    }
    EXPECT_TRUE(reader.is_complete());
}

TEST_P(WholeAnswer, LeavesWhatComesAfterIt) {
    const Read more = read(std::string(GetParam()) + "HTTP/1.1 ");
    EXPECT_TRUE(more.reader.is_complete());
    EXPECT_EQ(more.used, GetParam().size());
}

TEST_P(WholeAnswer, IsBrokenWhenTheServerClosesWithinIt) {
    for (std::size_t bytes = 0; bytes < GetParam().size(); ++bytes) {
        Read part = read(GetParam().substr(0, bytes));
        part.reader.feed_end();
        EXPECT_TRUE(part.reader.has_failed()) << bytes;
    }
}

INSTANTIATE_TEST_SUITE_P(
    AnswerReader,
    WholeAnswer,
    testing::Values(
        k_by_length,
        k_chunked,
        "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"
        "HTTP/1.1 200 OK\r\nCONTENT-LENGTH:\t2 \r\n\r\nok"
    )
);

TEST(AnswerReader, ReadsToTheEndWhereNothingTellsTheLength) {
    Read part = read(k_to_end);
    EXPECT_FALSE(part.reader.is_complete());
    part.reader.feed_end();
    EXPECT_TRUE(part.reader.is_complete());
    EXPECT_TRUE(part.reader.is_last());
}

TEST(AnswerReader, ExpectsNoBodyWhereThereIsNone) {
    EXPECT_TRUE(read(with_fields("Content-Length: 5\r\n"), true).reader.is_complete());
    EXPECT_TRUE(read("HTTP/1.1 204 No Content\r\n\r\n").reader.is_complete());
    EXPECT_TRUE(read("HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n").reader.is_complete()
    );
}

TEST(AnswerReader, SaysWhetherTheConnectionMayBeUsedAgain) {
    const std::string length = "Content-Length: 0\r\n";
    EXPECT_TRUE(read(with_fields(length + "Connection: x, Close\r\n")).reader.is_last());
    EXPECT_FALSE(read(with_fields(length + "Connection: keep-alive\r\n")).reader.is_last());
    EXPECT_TRUE(read("HTTP/1.0 200 OK\r\n" + length + "\r\n").reader.is_last());
    EXPECT_FALSE(
        read("HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n" + length + "\r\n").reader.is_last()
    );
    EXPECT_TRUE(read("HTTP/1.1 101 Switching Protocols\r\n\r\n").reader.is_last());
}

TEST(AnswerReader, BeginsAnew) {
    Read first = read("HTTP/1.1 503 Busy\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
    EXPECT_EQ(first.reader.status(), 503);
    first.reader.begin(false);
    EXPECT_EQ(first.reader.feed(k_by_length), k_by_length.size());
    EXPECT_TRUE(first.reader.is_complete());
    EXPECT_EQ(first.reader.status(), 200);
    EXPECT_FALSE(first.reader.is_last());
}

class NoAnswer : public testing::TestWithParam<std::string> {};

TEST_P(NoAnswer, Fails) {
    const Read read_part = read(GetParam());
    EXPECT_TRUE(read_part.reader.has_failed());
    EXPECT_FALSE(read_part.reader.is_complete());
}

INSTANTIATE_TEST_SUITE_P(
    AnswerReader,
    NoAnswer,
    testing::Values(
        "SSH-2.0-OpenSSH\r\n",
        "HTTP/2 200 OK\r\n",
        "HTTP/1.1 2x0 OK\r\n",
        "HTTP/1.1 099 Low\r\n",
        "HTTP/1.1 200 OK\n",
        with_fields("no colon\r\n"),
        with_fields("Content-Length: 5x\r\n"),
        with_fields("Content-Length: -5\r\n"),
        with_fields("Content-Length:\r\n"),
        with_fields("Content-Length: 5\r\nContent-Length: 6\r\n"),
        with_fields("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"),
        with_fields("Transfer-Encoding: gzip, chunked\r\n"),
        with_fields("Transfer-Encoding: chunked\r\n", "x\r\n"),
        with_fields("Transfer-Encoding: chunked\r\n", "5\r\nhelloX\r\n"),
        with_fields("Transfer-Encoding: chunked\r\n", "11111111111111111\r\n"),
        with_fields("x: " + std::string(64 * 1024, 'x'))
    )
);

}  // namespace
}  // namespace bench::load
