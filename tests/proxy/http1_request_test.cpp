// What is accepted, how it is understood, and how long it may be.
#include "tests/proxy/http1_request_case.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

namespace proxy::http {
namespace {

using std::string_literals::operator""s;

class AcceptedRequest : public testing::TestWithParam<Case> {};

TEST_P(AcceptedRequest, IsUnderstoodAloneHoweverItIsSplit) {
    EXPECT_EQ(read_all(GetParam().input), GetParam().expected);
    EXPECT_EQ(read_bytewise(GetParam().input), GetParam().expected);
}

const std::string k_end = "body \nend\n";

INSTANTIATE_TEST_SUITE_P(
    Heads,
    AcceptedRequest,
    testing::Values(
        Case{
            "Simple",
            "GET /a?b=c HTTP/1.1\r\nHost: a\r\nX-Case: v \r\n\r\n",
            "request GET /a?b=c @a 1.1 none keep\nHost: a\nX-Case: v\n" + k_end
        },
        Case{
            "EmptyLineFirst",
            "\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
            "request GET / @a 1.1 none keep\nHost: a\n" + k_end
        },
        Case{
            "EmptyValueTabAndHighBytes",
            "GET /\xff HTTP/1.1\r\nHost:a\r\nE:\r\nF: \t \r\nT:\ta\tb\xff\t\r\n\r\n",
            "request GET /\xff @a 1.1 none keep\nHost: a\nE: \nF: \nT: a\tb\xff\n" + k_end
        },
        Case{
            "UnknownMethod",
            "VERSION-CONTROL /a HTTP/1.1\r\nHost: a\r\n\r\n",
            "request VERSION-CONTROL /a @a 1.1 none keep\nHost: a\n" + k_end
        },
        Case{
            "Http10WithoutHost",
            "GET / HTTP/1.0\r\n\r\n",
            "request GET / @ 1.0 none close\n" + k_end
        },
        Case{
            "Http10KeepAlive",
            "GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n",
            "request GET / @ 1.0 none keep\nConnection: Keep-Alive\n" + k_end
        },
        Case{
            "CloseAmongOptions",
            "GET / HTTP/1.1\r\nHost: a\r\nConnection: x\r\nConnection: keep-alive, CLOSE\r\n\r\n",
            "request GET / @a 1.1 none close\nHost: a\nConnection: x\n"
            "Connection: keep-alive, CLOSE\n" +
                k_end
        },
        Case{
            "OptionsStar",
            "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
            "request OPTIONS * @a 1.1 none keep\nHost: a\n" + k_end
        },
        Case{
            "EmptyHost",
            "GET / HTTP/1.1\r\nHost:\r\n\r\n",
            "request GET / @ 1.1 none keep\nHost: \n" + k_end
        },
        Case{
            "Ipv6Host",
            "GET / HTTP/1.1\r\nHost: [::1]:80\r\n\r\n",
            "request GET / @[::1]:80 1.1 none keep\nHost: [::1]:80\n" + k_end
        },
        Case{
            "AbsoluteInAnotherSpelling",
            "GET HTTP://A.b.:080/x HTTP/1.1\r\nHost: a.B\r\n\r\n",
            "request GET HTTP://A.b.:080/x @A.b.:080 1.1 none keep\nHost: a.B\n" + k_end
        },
        Case{
            "AbsoluteHttps",
            "GET https://a HTTP/1.1\r\nHost: a:443\r\n\r\n",
            "request GET https://a @a 1.1 none keep\nHost: a:443\n" + k_end
        },
        Case{
            "AbsoluteHttp10WithoutHost",
            "GET http://a/ HTTP/1.0\r\n\r\n",
            "request GET http://a/ @a 1.0 none close\n" + k_end
        },
        Case{
            "Connect",
            "CONNECT a:443 HTTP/1.1\r\nHost: A\r\nContent-Length: 0\r\n\r\n",
            "request CONNECT a:443 @a:443 1.1 length 0 keep\nHost: A\nContent-Length: 0\n" + k_end
        },
        Case{
            "Upgrade",
            "GET / HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, Upgrade\r\n"
            "Upgrade: websocket\r\n\r\n",
            "request GET / @a 1.1 none keep upgrade\nHost: a\nConnection: keep-alive, Upgrade\n"
            "Upgrade: websocket\n" +
                k_end
        },
        Case{
            "UpgradeNotListed",
            "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n\r\n",
            "request GET / @a 1.1 none keep\nHost: a\nUpgrade: websocket\n" + k_end
        },
        Case{
            "UpgradeIn10",
            "GET / HTTP/1.0\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n",
            "request GET / @ 1.0 none close\nConnection: upgrade\nUpgrade: websocket\n" + k_end
        },
        Case{
            "UpgradeToAnotherHttp",
            "GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket, h2c\r\n\r\n",
            "request GET / @a 1.1 none keep\nHost: a\nConnection: upgrade\n"
            "Upgrade: websocket, h2c\n" +
                k_end
        },
        Case{
            "UpgradeToAnotherHttpInASecondField",
            "GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: HTTP/2.0\r\n"
            "Upgrade: websocket\r\n\r\n",
            "request GET / @a 1.1 none keep\nHost: a\nConnection: upgrade\nUpgrade: HTTP/2.0\n"
            "Upgrade: websocket\n" +
                k_end
        },
        Case{
            "UpgradeToTls",
            "GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: TLS/1.2\r\n\r\n",
            "request GET / @a 1.1 none keep\nHost: a\nConnection: upgrade\nUpgrade: TLS/1.2\n" +
                k_end
        }
    ),
    name_of_case
);

INSTANTIATE_TEST_SUITE_P(
    Bodies,
    AcceptedRequest,
    testing::Values(
        Case{
            "Length",
            with_fields("content-length: 3") + "abc",
            "request POST /x @a 1.1 length 3 keep\nHost: a\ncontent-length: 3\nbody abc\nend\n"
        },
        Case{
            "LengthZero",
            with_fields("Content-Length: 0"),
            "request POST /x @a 1.1 length 0 keep\nHost: a\nContent-Length: 0\n" + k_end
        },
        Case{
            "LengthWithZeros",
            with_fields("Content-Length: 003") + "abc",
            "request POST /x @a 1.1 length 3 keep\nHost: a\nContent-Length: 003\nbody abc\nend\n"
        },
        Case{
            "LengthLargest",
            with_fields("Content-Length: 18446744073709551615"),
            "request POST /x @a 1.1 length 18446744073709551615 keep\nHost: a\n"
            "Content-Length: 18446744073709551615\n"
        },
        Case{
            "Chunked",
            chunked("3\r\nabc\r\n00B;q=\"x\";y\r\n0\r\n\r\nabc\r\nd\r\n0\r\n\r\n"),
            "request POST /x @a 1.1 chunked keep\nHost: a\nTransfer-Encoding: chunked\n"
            "body abc0\r\n\r\nabc\r\nd\nend\n"
        },
        Case{
            "ChunkedEmpty",
            chunked("0\r\n\r\n"),
            "request POST /x @a 1.1 chunked keep\nHost: a\nTransfer-Encoding: chunked\n" + k_end
        },
        Case{
            "ChunkedInAnotherCase",
            with_fields("Transfer-Encoding: \tChunkeD ") + "1\r\na\r\n0\r\n\r\n",
            "request POST /x @a 1.1 chunked keep\nHost: a\nTransfer-Encoding: ChunkeD\n"
            "body a\nend\n"
        },
        Case{
            "Trailers",
            chunked("1\r\na\r\n000;x\r\nA: b\r\nB:\r\n\r\n"),
            "request POST /x @a 1.1 chunked keep\nHost: a\nTransfer-Encoding: chunked\n"
            "body a\nA: b\nB: \nend\n"
        },
        Case{
            "Expect",
            with_fields("Expect: 100-Continue\r\nContent-Length: 1") + "x",
            "request POST /x @a continue 1.1 length 1 keep\nHost: a\nExpect: 100-Continue\n"
            "Content-Length: 1\nbody x\nend\n"
        },
        Case{
            "Http10Length",
            "POST / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\nx",
            "request POST / @ 1.0 length 1 close\nExpect: 100-continue\nContent-Length: 1\n"
            "body x\nend\n"
        },
        Case{
            "BodyOfAGet",
            "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n\r\n",
            "request GET / @a 1.1 length 2 keep\nHost: a\nContent-Length: 2\nbody \r\n\nend\n"
        }
    ),
    name_of_case
);

// Every sequence of up to three framing fields, in any order, valid or not: taken only when one
// field alone frames the message.
TEST(RequestFraming, IsTakenFromOneFieldOnly) {
    const std::vector<std::string> valid = {
        "Content-Length: 0\r\n",
        "content-length: 3\r\n",
        "Transfer-Encoding: chunked\r\n",
    };
    std::vector<std::string> lines = valid;
    lines.insert(
        lines.end(),
        {
            "Content-Length: 3, 3\r\n",
            "Content-Length:\r\n",
            "Content-Length : 3\r\n",
            "Transfer-Encoding: gzip, chunked\r\n",
            "Transfer-Encoding: identity\r\n",
            "Transfer-Encoding:\r\n chunked\r\n",
            "Transfer-Encoding:\vchunked\r\n",
            "",
        }
    );
    for (const std::string& first : lines) {
        for (const std::string& second : lines) {
            for (const std::string& third : lines) {
                const std::string fields = first + second + third;
                const bool is_valid =
                    fields.empty() || std::find(valid.begin(), valid.end(), fields) != valid.end();
                RequestReader reader{Limits{}};
                const Step step =
                    reader.feed("POST / HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n0\r\n\r\n");
                EXPECT_EQ(step.event, is_valid ? Event::head : Event::error) << fields;
            }
        }
    }
}

TEST(RequestReader, ReadsPipelinedRequestsOneAfterAnother) {
    const std::string input =
        "POST /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc"
        "\r\nPOST /2 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\nT: "
        "u\r\n\r\n"
        "GET /3 HTTP/1.1\r\nHost: a\r\n\r\n"
        "GET /4 HTTP/9.9\r\nHost: a\r\n\r\n"
        "GET /5 HTTP/1.1\r\nHost: a\r\n\r\n";
    const std::string expected =
        "request POST /1 @a 1.1 length 3 keep\nHost: a\nContent-Length: 3\nbody abc\nend\n"
        "request POST /2 @a 1.1 chunked keep\nHost: a\nTransfer-Encoding: chunked\n"
        "body x\nT: u\nend\n"
        "request GET /3 @a 1.1 none keep\nHost: a\nbody \nend\n"
        "body \nerror malformed_request: the version is neither HTTP/1.0 nor HTTP/1.1\n";
    EXPECT_EQ(read_all(input), expected);
    EXPECT_EQ(read_bytewise(input), expected);
}

TEST(RequestReader, SkipsOneEmptyLineBeforeEachRequest) {
    const std::string request = "\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n";
    const std::string transcript = "request GET / @a 1.1 none keep\nHost: a\nbody \nend\n";
    EXPECT_EQ(read_all(request + request), transcript + transcript);
    EXPECT_EQ(read_bytewise(request + request), transcript + transcript);
}

TEST(RequestReader, CountsTheDigitsOfEachChunkSizeAlone) {
    std::string body;
    for (int i = 0; i < 40; ++i) {
        body += "01\r\na\r\n";
    }
    const std::string transcript = read_all(chunked(body + "0\r\n\r\n"));
    EXPECT_TRUE(transcript.ends_with("body " + std::string(40, 'a') + "\nend\n")) << transcript;
}

TEST(RequestReader, ConsumesNothingOfAHeadThatIsNotComplete) {
    RequestReader reader{Limits{}};
    const Step step = reader.feed("GET / HTTP/1.1\r\nHost: a\r\n");
    EXPECT_EQ(step.event, Event::need_more);
    EXPECT_EQ(step.consumed, 0U);
    EXPECT_FALSE(reader.is_between_messages());
}

TEST(RequestReader, ConsumesExactlyTheHead) {
    const std::string head = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    RequestReader reader{Limits{}};
    const Step step = reader.feed(head + "GET ");
    EXPECT_EQ(step.event, Event::head);
    EXPECT_EQ(step.consumed, head.size());
}

TEST(RequestReader, GivesTheEndWithoutMoreInput) {
    RequestReader reader{Limits{}};
    ASSERT_EQ(reader.feed("GET / HTTP/1.1\r\nHost: a\r\n\r\n").event, Event::head);
    EXPECT_FALSE(reader.is_between_messages());
    EXPECT_EQ(reader.feed("").event, Event::end);
    EXPECT_TRUE(reader.is_between_messages());
    EXPECT_EQ(reader.feed("").event, Event::need_more);
    EXPECT_TRUE(reader.is_between_messages());
}

TEST(RequestReader, StaysBetweenMessagesAfterAnEmptyLine) {
    RequestReader reader{Limits{}};
    const Step step = reader.feed("\r\n");
    EXPECT_EQ(step.event, Event::need_more);
    EXPECT_EQ(step.consumed, 2U);
    EXPECT_TRUE(reader.is_between_messages());
}

TEST(RequestReader, KeepsItsHeadWhileTheInputIsOverwritten) {
    std::string input = "GET /path HTTP/1.1\r\nHost: a\r\nName: value\r\n\r\n";
    RequestReader reader{Limits{}};
    ASSERT_EQ(reader.feed(input).event, Event::head);
    input.assign(input.size(), '#');
    EXPECT_EQ(reader.head().target, "/path");
    EXPECT_EQ(reader.head().find("nAME"), "value");
}

TEST(RequestReader, IsSpentAfterAnError) {
    RequestReader reader{Limits{}};
    ASSERT_EQ(reader.feed("GET / HTTP/1.1\n").event, Event::error);
    EXPECT_EQ(reader.feed("GET / HTTP/1.1\r\nHost: a\r\n\r\n").event, Event::error);
    EXPECT_EQ(reader.failure().side, Side::client);
    EXPECT_FALSE(reader.is_between_messages());
}

TEST(RequestReader, RefusesABareLineFeedBeforeTheHeadIsComplete) {
    RequestReader reader{Limits{}};
    EXPECT_EQ(reader.feed("GET / HTTP/1.1\nHost").event, Event::error);
}

TEST(RequestReader, ForgetsTrailersWithTheNextRequest) {
    RequestReader reader{Limits{}};
    support::Transcriber transcriber(reader);
    transcriber.receive(chunked("0\r\nA: b\r\n\r\n"));
    ASSERT_EQ(reader.trailers().size(), 1U);
    transcriber.receive("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_TRUE(reader.trailers().empty());
}

// --- Limits ---

/// A head of exactly `bytes` bytes.
std::string head_of(std::size_t bytes) {
    std::string head = "GET / HTTP/1.1\r\nHost: a\r\nA: ";
    head.append(bytes - head.size() - 4, 'x');
    return head + "\r\n\r\n";
}

void expect_too_large(const std::string& input, const Limits& limits, const std::string& cause) {
    const std::string transcript = read_all(input, limits);
    EXPECT_NE(transcript.find("error head_too_large: " + cause), std::string::npos) << transcript;
    EXPECT_EQ(read_bytewise(input, limits), transcript);
}

TEST(RequestLimits, HeadBytesMaxIsTheLongestHeadTaken) {
    Limits limits;
    limits.head_bytes_max = 300;
    EXPECT_EQ(read_all(head_of(300), limits).find("error"), std::string::npos);
    EXPECT_EQ(read_bytewise(head_of(300), limits).find("error"), std::string::npos);
    expect_too_large(head_of(301), limits, "the head is too long");
}

TEST(RequestLimits, AHeadWithoutEndIsRefusedAtTheLimit) {
    Limits limits;
    limits.head_bytes_max = 300;
    expect_too_large("GET /" + std::string(400, 'a'), limits, "the head is too long");
}

TEST(RequestLimits, HeadFieldsMaxIsTheMostFieldsTaken) {
    Limits limits;
    limits.head_fields_max = 3;
    EXPECT_EQ(read_all(with_fields("A: b\r\nC: d"), limits).find("error"), std::string::npos);
    expect_too_large(with_fields("A: b\r\nC: d\r\nE: f"), limits, "too many fields");
}

TEST(RequestLimits, TargetBytesMaxIsTheLongestTargetTaken) {
    Limits limits;
    limits.target_bytes_max = 4;
    EXPECT_EQ(read_all(with_line("GET /abc HTTP/1.1"), limits).find("error"), std::string::npos);
    expect_too_large(with_line("GET /abcd HTTP/1.1"), limits, "the target is too long");
}

TEST(RequestLimits, TrailerBytesMaxBoundsTrailers) {
    Limits limits;
    limits.trailer_bytes_max = 10;  // "A: bcd\r\n" and the empty line
    EXPECT_EQ(read_all(chunked("0\r\nA: bcd\r\n\r\n"), limits).find("error"), std::string::npos);
    expect_too_large(chunked("0\r\nA: bcde\r\n\r\n"), limits, "the trailers are too long");
    expect_too_large(chunked("0\r\n" + std::string(20, 'a')), limits, "the trailers are too long");
}

TEST(RequestLimits, HeadFieldsMaxBoundsTrailersToo) {
    Limits limits;
    limits.head_fields_max = 2;
    expect_too_large(chunked("0\r\nA: b\r\nC: d\r\nE: f\r\n\r\n"), limits, "too many trailers");
}

TEST(RequestLimits, ConnectionOptionsAreBounded) {
    std::string options = "a";
    for (int i = 1; i < 32; ++i) {
        options += ",a";
    }
    const Limits limits;
    EXPECT_EQ(read_all(with_fields("Connection: " + options)).find("error"), std::string::npos);
    expect_too_large(
        with_fields("Connection: " + options + "\r\nConnection: b"),
        limits,
        "Connection lists too many names"
    );
}

TEST(RequestLimits, DefaultsTakeAHeadOf64KiB) {
    const Limits limits;
    EXPECT_EQ(read_all(head_of(64 * 1024), limits).find("error"), std::string::npos);
    expect_too_large(head_of(64 * 1024 + 1), limits, "the head is too long");
}

}  // namespace
}  // namespace proxy::http
