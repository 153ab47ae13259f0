#include "proxy/http/http1_codec.hpp"
#include "tests/support/http1_transcript.hpp"

#include <gtest/gtest.h>

#include <ostream>
#include <string>
#include <string_view>

namespace proxy::http {
namespace {

using std::string_literals::operator""s;

/// Reads the responses to requests of one method, one after another, then the upstream closes.
std::string read(
    std::string_view input, std::string_view method, std::size_t piece, const Limits& limits = {}
) {
    ResponseReader reader(limits);
    reader.expect_response_to(method);
    support::Transcriber transcriber(reader);
    transcriber.on_end = [&] {
        if (!reader.head().is_interim()) {
            reader.expect_response_to(method);
        }
    };
    for (std::size_t at = 0; at < input.size(); at += piece) {
        transcriber.receive(input.substr(at, piece));
    }
    if (!transcriber.has_failed() && !reader.is_between_messages()) {
        transcriber.note(reader.finish());
    }
    EXPECT_EQ(transcriber.objection(), "");
    return transcriber.text();
}

std::string read_all(std::string_view input, std::string_view method = "GET") {
    return read(input, method, input.size());
}
std::string read_bytewise(std::string_view input, std::string_view method = "GET") {
    return read(input, method, 1);
}

/// expect_response_to() was called and nothing came: what finish() then says.
const std::string k_no_more =
    "body \nerror upstream_closed: closed before the response was complete\n";

struct Case {
    std::string name;
    std::string input;
    std::string expected;
    std::string method = "GET";
};

// NOLINTNEXTLINE(readability-identifier-naming): GoogleTest looks for this name
void PrintTo(const Case& value, std::ostream* out) {
    *out << value.name;
}

std::string name_of_case(const testing::TestParamInfo<Case>& info) {
    return info.param.name;
}

class RefusedResponse : public testing::TestWithParam<Case> {};

TEST_P(RefusedResponse, EndsInUpstreamMalformedHoweverItIsSplit) {
    const std::string whole = read_all(GetParam().input, GetParam().method);
    EXPECT_NE(whole.find("error upstream_malformed: " + GetParam().expected), std::string::npos)
        << whole;
    EXPECT_EQ(read_bytewise(GetParam().input, GetParam().method), whole);
}

std::string with_fields(std::string_view lines) {
    return "HTTP/1.1 200 OK\r\n" + std::string(lines) + "\r\n\r\n";
}
std::string with_line(std::string_view line) {
    return std::string(line) + "\r\nContent-Length: 0\r\n\r\n";
}
std::string chunked(std::string_view body) {
    return "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + std::string(body);
}

const std::string k_line_feed = "a line ends in LF without CR";
const std::string k_status_line = "the status line is not version, status and reason";
const std::string k_version = "the version is neither HTTP/1.0 nor HTTP/1.1";
const std::string k_no_body = "a response without a body announces one";

INSTANTIATE_TEST_SUITE_P(
    Heads,
    RefusedResponse,
    testing::Values(
        Case{"EmptyLineFirst", "\r\nHTTP/1.1 200 OK\r\n\r\n", "an empty line instead"},
        Case{"LineFeed", "HTTP/1.1 200 OK\n\n", k_line_feed},
        Case{"EndedByLineFeed", "HTTP/1.1 200 OK\r\nA: b\r\n\n", k_line_feed},
        Case{"Version2", with_line("HTTP/2.0 200 OK"), k_version},
        Case{"Version12", with_line("HTTP/1.2 200 OK"), k_version},
        Case{"Version09", with_line("<html>"), k_version},
        Case{"Icy", with_line("ICY 200 OK"), k_version},
        Case{"Rtsp", with_line("RTSP/1.0 200 OK"), k_version},
        Case{"LeadingSpace", with_line(" HTTP/1.1 200 OK"), k_version},
        Case{"NoStatus", with_line("HTTP/1.1"), k_status_line},
        Case{"NoStatusButSpace", with_line("HTTP/1.1 "), k_status_line},
        Case{"TwoSpaces", with_line("HTTP/1.1  200 OK"), k_status_line},
        Case{"TabBeforeStatus", with_line("HTTP/1.1\t200 OK"), k_status_line},
        Case{"TwoDigits", with_line("HTTP/1.1 20 OK"), k_status_line},
        Case{"FourDigits", with_line("HTTP/1.1 2000 OK"), k_status_line},
        Case{"StatusBelow100", with_line("HTTP/1.1 099 OK"), k_status_line},
        Case{"StatusSign", with_line("HTTP/1.1 +20 OK"), k_status_line},
        Case{"StatusLetters", with_line("HTTP/1.1 2xx OK"), k_status_line},
        Case{"NulInReason", with_line("HTTP/1.1 200 O\0K"s), "the reason phrase holds"},
        Case{"CrInReason", with_line("HTTP/1.1 200 O\rK"), "the reason phrase holds"},
        Case{"Fold", with_fields("A: b\r\n c"), "a line begins with a space"},
        Case{"FoldFirst", with_fields(" A: b"), "a line begins with a space"},
        Case{"EmptyName", with_fields(": b"), "a field name is not a token"},
        Case{"SpaceBeforeColon", with_fields("A : b"), "a field name is not a token"},
        Case{"CrInValue", with_fields("A: b\rC: d"), "a field value holds a control"},
        Case{"NulInValue", with_fields("A: \0b"s), "a field value holds a control"}
    ),
    name_of_case
);

INSTANTIATE_TEST_SUITE_P(
    Framing,
    RefusedResponse,
    testing::Values(
        Case{
            "ClTe",
            with_fields("Content-Length: 3\r\nTransfer-Encoding: chunked"),
            "both Content-Length and Transfer-Encoding"
        },
        Case{
            "ClTeToHead",
            with_fields("Content-Length: 3\r\nTransfer-Encoding: chunked"),
            "both Content-Length and Transfer-Encoding",
            "HEAD"
        },
        Case{"ClCl", with_fields("Content-Length: 3\r\nContent-Length: 3"), "more than one"},
        Case{"ClList", with_fields("Content-Length: 3, 3"), "Content-Length is not a number"},
        Case{"ClPlus", with_fields("Content-Length: +3"), "Content-Length is not a number"},
        Case{
            "ClOverflow",
            with_fields("Content-Length: 99999999999999999999"),
            "Content-Length is not a number"
        },
        Case{
            "ClBadToHead",
            with_fields("Content-Length: x"),
            "Content-Length is not a number",
            "HEAD"
        },
        Case{
            "TeTe",
            with_fields("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked"),
            "more than one Transfer-Encoding"
        },
        Case{
            "TeGzip",
            with_fields("Transfer-Encoding: gzip, chunked"),
            "Transfer-Encoding is not exactly chunked"
        },
        Case{
            "TeIdentity",
            with_fields("Transfer-Encoding: identity"),
            "Transfer-Encoding is not exactly chunked"
        },
        Case{
            "TeIn10",
            "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            "Transfer-Encoding in HTTP/1.0"
        },
        Case{"Length204", "HTTP/1.1 204 No\r\nContent-Length: 3\r\n\r\nabc", k_no_body},
        Case{"Chunked204", "HTTP/1.1 204 No\r\nTransfer-Encoding: chunked\r\n\r\n", k_no_body},
        Case{"Length100", "HTTP/1.1 100 No\r\nContent-Length: 3\r\n\r\nabc", k_no_body},
        Case{
            "Length101",
            "HTTP/1.1 101 S\r\nConnection: upgrade\r\nUpgrade: x\r\nContent-Length: 3\r\n\r\nabc",
            k_no_body
        },
        Case{"NoUpgrade101", "HTTP/1.1 101 S\r\n\r\n", "101 without an upgrade"},
        Case{"NotListed101", "HTTP/1.1 101 S\r\nUpgrade: x\r\n\r\n", "101 without an upgrade"},
        Case{"ChunkEnd", chunked("1\r\naXX0\r\n\r\n"), "a chunk or its size does not end"},
        Case{"ChunkSize", chunked("x\r\n"), "a chunk size is not"},
        Case{"TrailerFold", chunked("0\r\nA: b\r\n c\r\n\r\n"), "a line begins with a space"},
        Case{"TrailerLength", chunked("0\r\nContent-Length: 1\r\n\r\n"), "a trailer says"},
        Case{"TrailerLineFeed", chunked("0\r\nA: b\r\n\n"), k_line_feed}
    ),
    name_of_case
);

class AcceptedResponse : public testing::TestWithParam<Case> {};

TEST_P(AcceptedResponse, IsUnderstoodAloneHoweverItIsSplit) {
    EXPECT_EQ(read_all(GetParam().input, GetParam().method), GetParam().expected);
    EXPECT_EQ(read_bytewise(GetParam().input, GetParam().method), GetParam().expected);
}

const std::string k_end = "body \nend\n" + k_no_more;

INSTANTIATE_TEST_SUITE_P(
    WithoutBody,
    AcceptedResponse,
    testing::Values(
        Case{
            "NoContent",
            "HTTP/1.1 204 No Content\r\nA: b\r\n\r\n",
            "response 204 No Content 1.1 none keep\nA: b\n" + k_end
        },
        Case{
            "NoContentOfLengthZero",
            "HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n",
            "response 204 No Content 1.1 none keep\nContent-Length: 0\n" + k_end
        },
        Case{
            "NotModifiedWithLength",
            "HTTP/1.1 304 \r\nContent-Length: 5\r\n\r\n",
            "response 304  1.1 none keep\nContent-Length: 5\n" + k_end
        },
        Case{
            "NotModifiedChunked",
            "HTTP/1.1 304 \r\nTransfer-Encoding: chunked\r\n\r\n",
            "response 304  1.1 none keep\nTransfer-Encoding: chunked\n" + k_end
        },
        Case{
            "HeadWithLength",
            with_fields("Content-Length: 5"),
            "response 200 OK 1.1 none keep\nContent-Length: 5\n" + k_end,
            "HEAD"
        },
        Case{
            "HeadChunked",
            with_fields("Transfer-Encoding: chunked"),
            "response 200 OK 1.1 none keep\nTransfer-Encoding: chunked\n" + k_end,
            "HEAD"
        },
        Case{
            "HeadWithNeither",
            with_fields("A: b"),
            "response 200 OK 1.1 none keep\nA: b\n" + k_end,
            "HEAD"
        }
    ),
    name_of_case
);

INSTANTIATE_TEST_SUITE_P(
    WithBody,
    AcceptedResponse,
    testing::Values(
        Case{
            "Length",
            with_fields("Content-Length: 3") + "abc",
            "response 200 OK 1.1 length 3 keep\nContent-Length: 3\nbody abc\nend\n" + k_no_more
        },
        Case{
            "LengthZero",
            with_fields("Content-Length: 0"),
            "response 200 OK 1.1 length 0 keep\nContent-Length: 0\n" + k_end
        },
        Case{
            "ChunkedWithTrailers",
            chunked("3;x\r\nabc\r\n1\r\nd\r\n0\r\nT: u\r\n\r\n"),
            "response 200 OK 1.1 chunked keep\nTransfer-Encoding: chunked\n"
            "body abcd\nT: u\nend\n" +
                k_no_more
        },
        Case{
            "UntilClose",
            with_fields("A: b") + "abc\r\n",
            "response 200 OK 1.1 until_close close\nA: b\nbody abc\r\n\nend\n"
        },
        Case{
            "UntilCloseEmpty",
            "HTTP/1.0 200 OK\r\n\r\n",
            "response 200 OK 1.0 until_close close\nbody \nend\n"
        },
        Case{
            "Http10KeepAlive",
            "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 1\r\n\r\na",
            "response 200 OK 1.0 length 1 keep\nConnection: keep-alive\nContent-Length: 1\n"
            "body a\nend\n" +
                k_no_more
        },
        Case{
            "Close",
            with_fields("Connection: close\r\nContent-Length: 1") + "a",
            "response 200 OK 1.1 length 1 close\nConnection: close\nContent-Length: 1\n"
            "body a\nend\n" +
                k_no_more
        },
        Case{
            "NoReason",
            with_line("HTTP/1.1 299"),
            "response 299  1.1 length 0 keep\nContent-Length: 0\n" + k_end
        },
        Case{
            "HighBytesInReason",
            with_line("HTTP/1.1 999 \xc3\xa9\tx  y"),
            "response 999 \xc3\xa9\tx  y 1.1 length 0 keep\nContent-Length: 0\n" + k_end
        },
        Case{
            "Interim",
            "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\nLink: x\r\n\r\n"
            "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na",
            "response 100 Continue 1.1 none keep\nbody \nend\n"
            "response 103 Early 1.1 none keep\nLink: x\nbody \nend\n"
            "response 200 OK 1.1 length 1 keep\nContent-Length: 1\nbody a\nend\n" +
                k_no_more
        },
        Case{
            "Two",
            with_fields("Content-Length: 1") + "a" + with_fields("Content-Length: 1") + "b",
            "response 200 OK 1.1 length 1 keep\nContent-Length: 1\nbody a\nend\n"
            "response 200 OK 1.1 length 1 keep\nContent-Length: 1\nbody b\nend\n" +
                k_no_more
        },
        Case{
            "RefusedConnect",
            "HTTP/1.1 403 No\r\nContent-Length: 1\r\n\r\na",
            "response 403 No 1.1 length 1 keep\nContent-Length: 1\nbody a\nend\n" + k_no_more,
            "CONNECT"
        }
    ),
    name_of_case
);

INSTANTIATE_TEST_SUITE_P(
    CutShort,
    AcceptedResponse,
    testing::Values(
        Case{"Nothing", "", k_no_more},
        Case{"InHead", "HTTP/1.1 200 OK\r\nA: ", k_no_more},
        Case{
            "InBody",
            with_fields("Content-Length: 3") + "ab",
            "response 200 OK 1.1 length 3 keep\nContent-Length: 3\n"
            "body ab\nerror upstream_closed: closed before the response was complete\n"
        },
        Case{
            "InChunk",
            chunked("3\r\nab"),
            "response 200 OK 1.1 chunked keep\nTransfer-Encoding: chunked\n"
            "body ab\nerror upstream_closed: closed before the response was complete\n"
        },
        Case{
            "BeforeLastChunk",
            chunked("1\r\na\r\n"),
            "response 200 OK 1.1 chunked keep\nTransfer-Encoding: chunked\n"
            "body a\nerror upstream_closed: closed before the response was complete\n"
        },
        Case{
            "InTrailers",
            chunked("0\r\nA: b\r\n"),
            "response 200 OK 1.1 chunked keep\nTransfer-Encoding: chunked\n"
            "body \nerror upstream_closed: closed before the response was complete\n"
        },
        Case{
            "AfterInterim",
            "HTTP/1.1 100 Continue\r\n\r\n",
            "response 100 Continue 1.1 none keep\nbody \nend\n" + k_no_more
        }
    ),
    name_of_case
);

/// Feeds a response that ends HTTP and returns the reader's word on the bytes behind it.
Event feed_tunnel(ResponseReader& reader, std::string_view head) {
    const Step step = reader.feed(std::string(head) + "raw");
    EXPECT_EQ(step.event, Event::head);
    EXPECT_EQ(step.consumed, head.size());
    EXPECT_EQ(reader.head().framing.kind, BodyKind::none);
    EXPECT_FALSE(reader.head().keep_alive);
    EXPECT_EQ(reader.feed("raw").event, Event::end);
    EXPECT_FALSE(reader.is_between_messages());
    return reader.feed("raw").event;
}

TEST(ResponseReader, LeavesHttpWith101) {
    ResponseReader reader{Limits{}};
    reader.expect_response_to("GET");
    const auto after =
        feed_tunnel(reader, "HTTP/1.1 101 S\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
    EXPECT_EQ(after, Event::error);
}

TEST(ResponseReader, LeavesHttpWith2xxToConnectWhateverItsFraming) {
    for (const std::string_view fields :
         {"", "Content-Length: 3\r\n", "Transfer-Encoding: chunked\r\n"}) {
        ResponseReader reader{Limits{}};
        reader.expect_response_to("CONNECT");
        const std::string head = "HTTP/1.1 200 OK\r\n" + std::string(fields) + "\r\n";
        EXPECT_EQ(feed_tunnel(reader, head), Event::error) << fields;
    }
}

TEST(ResponseReader, RefusesBytesThatAnswerNothing) {
    ResponseReader reader{Limits{}};
    EXPECT_EQ(reader.feed("").event, Event::need_more);
    EXPECT_EQ(reader.feed("HTTP/1.1 200 OK\r\n\r\n").event, Event::error);
    EXPECT_EQ(reader.failure().reason, Reason::upstream_malformed);
    EXPECT_EQ(reader.failure().side, Side::upstream);
}

TEST(ResponseReader, RefusesBytesBehindTheAnswer) {
    ResponseReader reader{Limits{}};
    reader.expect_response_to("HEAD");
    const std::string head = with_fields("Content-Length: 3");
    ASSERT_EQ(reader.feed(head + "abc").event, Event::head);
    ASSERT_EQ(reader.feed("abc").event, Event::end);
    EXPECT_TRUE(reader.is_between_messages());
    EXPECT_EQ(reader.feed("abc").event, Event::error);
}

TEST(ResponseReader, KeepsTheHeadUntilTheNextRequest) {
    ResponseReader reader{Limits{}};
    reader.expect_response_to("GET");
    ASSERT_EQ(reader.feed(with_fields("Content-Length: 0")).event, Event::head);
    ASSERT_EQ(reader.feed("").event, Event::end);
    EXPECT_TRUE(reader.head().keep_alive);
    EXPECT_EQ(reader.head().status, 200);
}

TEST(ResponseLimits, HeadsAreBoundedAsRequestsAre) {
    Limits limits;
    limits.head_bytes_max = 100;
    limits.head_fields_max = 2;
    const std::string fits = "HTTP/1.1 200 OK\r\nA: " + std::string(76, 'x') + "\r\n\r\n";
    ASSERT_EQ(fits.size(), 100U);
    EXPECT_EQ(read(fits, "HEAD", 1, limits).find("error upstream_malformed"), std::string::npos);
    const std::string longer = "HTTP/1.1 200 OK\r\nA: " + std::string(77, 'x') + "\r\n\r\n";
    EXPECT_NE(
        read(longer, "GET", 1, limits).find("error upstream_malformed: the head is too long"),
        std::string::npos
    );
    EXPECT_NE(
        read("HTTP/1.1 200 OK\r\nA: b\r\nA: b\r\nA: b\r\n\r\n", "GET", 1, limits)
            .find("error upstream_malformed: too many fields"),
        std::string::npos
    );
}

// --- Writing ---

TEST(Writing, MakesHeadsAsTheyAreRead) {
    const std::vector<Field> fields = {{"Host", "a"}, {"X-Empty", ""}};
    std::string out = "before ";
    append_request_head(out, {.method = "GET", .target = "/x"}, fields);
    EXPECT_EQ(out, "before GET /x HTTP/1.1\r\nHost: a\r\nX-Empty: \r\n\r\n");
    out.clear();
    append_response_head(out, 204, "No Content", fields);
    EXPECT_EQ(out, "HTTP/1.1 204 No Content\r\nHost: a\r\nX-Empty: \r\n\r\n");
}

TEST(Writing, MakesChunksAsTheyAreRead) {
    std::string out;
    append_chunk_head(out, 0x1a2b);
    append_last_chunk(out, {});
    EXPECT_EQ(out, "1a2b\r\n0\r\n\r\n");
    out.clear();
    const std::vector<Field> trailers = {{"A", "b"}};
    append_last_chunk(out, trailers);
    EXPECT_EQ(out, "0\r\nA: b\r\n\r\n");
    out.clear();
    append_chunk_head(out, SIZE_MAX);
    EXPECT_EQ(out, "ffffffffffffffff\r\n");
}

}  // namespace
}  // namespace proxy::http
