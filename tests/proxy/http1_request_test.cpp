#include "proxy/http/http1_codec.hpp"
#include "tests/support/http1_transcript.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

namespace proxy::http {
namespace {

using std::string_literals::operator""s;

std::string read_all(std::string_view input, const Limits& limits = {}) {
    RequestReader reader(limits);
    support::Transcriber transcriber(reader);
    transcriber.receive(input);
    EXPECT_EQ(transcriber.objection(), "");
    return transcriber.text();
}

std::string read_bytewise(std::string_view input, const Limits& limits = {}) {
    RequestReader reader(limits);
    support::Transcriber transcriber(reader);
    for (const char& c : input) {
        transcriber.receive({&c, 1});
    }
    EXPECT_EQ(transcriber.objection(), "");
    return transcriber.text();
}

struct Case {
    std::string name;
    std::string input;
    std::string expected;  // the transcript; of a refusal only its cause
};

// NOLINTNEXTLINE(readability-identifier-naming): GoogleTest looks for this name
void PrintTo(const Case& value, std::ostream* out) {
    *out << value.name;
}

std::string name_of_case(const testing::TestParamInfo<Case>& info) {
    return info.param.name;
}

// --- What is refused ---

class RefusedRequest : public testing::TestWithParam<Case> {};

TEST_P(RefusedRequest, EndsInMalformedRequestHoweverItIsSplit) {
    const std::string whole = read_all(GetParam().input);
    EXPECT_NE(whole.find("error malformed_request: " + GetParam().expected), std::string::npos)
        << whole;
    EXPECT_EQ(read_bytewise(GetParam().input), whole);
}

/// A request with these field lines beside Host.
std::string with_fields(std::string_view lines) {
    return "POST /x HTTP/1.1\r\nHost: a\r\n" + std::string(lines) + "\r\n\r\n";
}
std::string with_line(std::string_view line) {
    return std::string(line) + "\r\nHost: a\r\n\r\n";
}
std::string with_host(std::string_view value) {
    return "GET / HTTP/1.1\r\nHost:" + std::string(value) + "\r\n\r\n";
}
std::string chunked(std::string_view body) {
    return "POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + std::string(body);
}

const std::string k_line_feed = "a line ends in LF without CR";
const std::string k_name = "a field name is not a token";
const std::string k_value = "a field value holds a control character";
const std::string k_length = "Content-Length is not a number";
const std::string k_two_lengths = "more than one Content-Length";
const std::string k_coding = "Transfer-Encoding is not exactly chunked";
const std::string k_both = "both Content-Length and Transfer-Encoding";
const std::string k_request_line = "the request line is not method, target and version";
const std::string k_version = "the version is neither HTTP/1.0 nor HTTP/1.1";
const std::string k_tab = "a tab stands behind the value of a framing field";
const std::string k_target = "the target holds a control character or a fragment";
const std::string k_authority = "Host or the target's authority is not host[:port]";
const std::string k_not_same = "Host is not the target's authority";
const std::string k_fold = "a line begins with a space (obs-fold)";
const std::string k_chunk_end = "a chunk or its size does not end in CRLF";
const std::string k_chunk_size = "a chunk size is not a hexadecimal number";
const std::string k_trailer = "a trailer says how the message is framed";

INSTANTIATE_TEST_SUITE_P(
    Lines,
    RefusedRequest,
    testing::Values(
        Case{"ObsFold", with_fields("A: b\r\n c"), k_fold},
        Case{"ObsFoldByTab", with_fields("A: b\r\n\tc"), k_fold},
        Case{"ObsFoldInTransferEncoding", with_fields("Transfer-Encoding:\r\n chunked"), k_fold},
        Case{"ObsFoldAsFirstLine", "GET / HTTP/1.1\r\n Host: a\r\n\r\n", k_fold},
        Case{"LineOfOneSpace", with_fields(" "), k_fold},
        Case{"EndedByLineFeed", "GET / HTTP/1.1\r\nHost: a\r\n\n", k_line_feed},
        Case{"OnlyLineFeeds", "GET / HTTP/1.1\nHost: a\n\n", k_line_feed},
        Case{"LineFeedAfterField", with_fields("A: b\nTransfer-Encoding: chunked"), k_line_feed},
        Case{"LineFeedInName", with_fields("A\nB: c"), k_line_feed},
        Case{"LineFeedFirst", "\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", k_line_feed},
        Case{"BareCrInValue", with_fields("A: b\rTransfer-Encoding: chunked"), k_value},
        Case{"BareCrAtEndOfValue", with_fields("A: b\r"), k_value},
        Case{"BareCrInName", with_fields("A\rB: c"), k_name},
        Case{"BareCrForEmptyLine", "GET / HTTP/1.1\r\nHost: a\r\n\rX\r\n\r\n", k_name},
        Case{"BareCrInRequestLine", with_line("GET /\r HTTP/1.1"), k_target},
        Case{"CrBeforeCrLf", with_line("GET / HTTP/1.1\r"), k_version},
        Case{
            "TwoEmptyLinesFirst",
            "\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
            "more than one empty line"
        }
    ),
    name_of_case
);

INSTANTIATE_TEST_SUITE_P(
    Fields,
    RefusedRequest,
    testing::Values(
        Case{"EmptyName", with_fields(": b"), k_name},
        Case{"NoColon", with_fields("Ab"), k_name},
        Case{"SpaceBeforeColon", with_fields("Content-Length : 0"), k_name},
        Case{"TabBeforeColon", with_fields("A\t: 0"), k_name},
        Case{"SpaceInName", with_fields("A B: c"), k_name},
        Case{"NulInName", with_fields("A\0B: c"s), k_name},
        Case{"HighByteInName", with_fields("A\xff: c"), k_name},
        Case{"BracketsInName", with_fields("A(b): c"), k_name},
        Case{"NulInValue", with_fields("A: b\0c"s), k_value},
        Case{"EscapeInValue", with_fields("A: b\x1b[c"), k_value},
        Case{"DeleteInValue", with_fields("A: b\x7f"), k_value},
        Case{"ControlInLongValue", with_fields("A: 0123456789abcdef\x01 0123456789"), k_value},
        Case{"VerticalTabAroundValue", with_fields("Content-Length: \v1"), k_value}
    ),
    name_of_case
);

INSTANTIATE_TEST_SUITE_P(
    RequestLine,
    RefusedRequest,
    testing::Values(
        Case{"TwoSpacesAfterMethod", with_line("GET  / HTTP/1.1"), "more than one space"},
        Case{"TwoSpacesAfterTarget", with_line("GET /  HTTP/1.1"), k_version},
        Case{"SpaceAtEnd", with_line("GET / HTTP/1.1 "), k_version},
        Case{"SpaceFirst", with_line(" GET / HTTP/1.1"), "no HTTP method"},
        Case{"TabInstead", with_line("GET\t/ HTTP/1.1"), k_request_line},
        Case{"NoVersion", with_line("GET /"), k_request_line},
        Case{"MethodOnly", with_line("GET"), k_request_line},
        Case{"Version09", with_line("GET / HTTP/0.9"), k_version},
        Case{"Version12", with_line("GET / HTTP/1.2"), k_version},
        Case{"Version2", with_line("GET / HTTP/2.0"), k_version},
        Case{"VersionLong", with_line("GET / HTTP/1.10"), k_version},
        Case{"VersionLower", with_line("GET / http/1.1"), k_version},
        Case{"Rtsp", with_line("GET / RTSP/1.0"), k_version},
        Case{"Ice", with_line("SOURCE / ICE/1.0"), "no HTTP method"},
        Case{"MethodDescribe", with_line("DESCRIBE / HTTP/1.1"), "no HTTP method"},
        Case{"MethodAnnounce", with_line("ANNOUNCE / HTTP/1.1"), "no HTTP method"},
        Case{"MethodSetup", with_line("SETUP / HTTP/1.1"), "no HTTP method"},
        Case{"MethodPlay", with_line("PLAY / HTTP/1.1"), "no HTTP method"},
        Case{"MethodPause", with_line("PAUSE / HTTP/1.1"), "no HTTP method"},
        Case{"MethodTeardown", with_line("TEARDOWN / HTTP/1.1"), "no HTTP method"},
        Case{"MethodGetParameter", with_line("GET_PARAMETER / HTTP/1.1"), "no HTTP method"},
        Case{"MethodSetParameter", with_line("SET_PARAMETER / HTTP/1.1"), "no HTTP method"},
        Case{"MethodRedirect", with_line("REDIRECT / HTTP/1.1"), "no HTTP method"},
        Case{"MethodRecord", with_line("RECORD / HTTP/1.1"), "no HTTP method"},
        Case{"MethodFlush", with_line("FLUSH / HTTP/1.1"), "no HTTP method"},
        Case{"MethodSource", with_line("SOURCE / HTTP/1.1"), "no HTTP method"},
        Case{"MethodPri", with_line("PRI * HTTP/1.1"), "no HTTP method"},
        Case{"MethodLower", with_line("get / HTTP/1.1"), "no HTTP method"},
        Case{"MethodMixed", with_line("Head / HTTP/1.1"), "no HTTP method"},
        Case{"MethodNoToken", with_line("G(T / HTTP/1.1"), "no HTTP method"},
        Case{"MethodLong", with_line(std::string(33, 'A') + " / HTTP/1.1"), "no HTTP method"}
    ),
    name_of_case
);

INSTANTIATE_TEST_SUITE_P(
    Target,
    RefusedRequest,
    testing::Values(
        Case{"Fragment", with_line("GET /admin#x HTTP/1.1"), k_target},
        Case{"Nul", with_line("GET /a\0b HTTP/1.1"s), k_target},
        Case{"Delete", with_line("GET /a\x7f HTTP/1.1"), k_target},
        Case{"Tab", with_line("GET /a\tb HTTP/1.1"), k_target},
        Case{"NoSlash", with_line("GET admin HTTP/1.1"), "the target is none of"},
        Case{"OtherScheme", with_line("GET ftp://a/ HTTP/1.1"), "the target is none of"},
        Case{"StarForGet", with_line("GET * HTTP/1.1"), "the target * is for OPTIONS only"},
        Case{"AbsoluteOther", with_line("GET http://b/ HTTP/1.1"), k_not_same},
        Case{"AbsoluteOtherPort", with_line("GET http://a:81/ HTTP/1.1"), k_not_same},
        Case{"AbsoluteHttpsDefault", with_line("GET https://a:80/ HTTP/1.1"), k_not_same},
        Case{"AbsoluteUser", with_line("GET http://u@a/ HTTP/1.1"), k_authority},
        Case{"AbsoluteNoHost", with_line("GET http:///x HTTP/1.1"), k_authority},
        Case{"AbsoluteQueryOnly", with_line("GET http://a?x HTTP/1.1"), "an absolute target has"},
        Case{"ConnectNoPort", with_line("CONNECT a HTTP/1.1"), "CONNECT needs host:port"},
        Case{"ConnectPath", with_line("CONNECT / HTTP/1.1"), "CONNECT needs host:port"},
        Case{"ConnectOther", with_line("CONNECT b:443 HTTP/1.1"), k_not_same},
        Case{"ConnectOtherPort", "CONNECT a:443 HTTP/1.1\r\nHost: a:444\r\n\r\n", k_not_same},
        Case{
            "ConnectWithBody",
            "CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\nContent-Length: 1\r\n\r\nx",
            "CONNECT has a body"
        }
    ),
    name_of_case
);

INSTANTIATE_TEST_SUITE_P(
    Host,
    RefusedRequest,
    testing::Values(
        Case{"None", "GET / HTTP/1.1\r\nA: b\r\n\r\n", "no Host"},
        Case{"NoFieldAtAll", "GET / HTTP/1.1\r\n\r\n", "no Host"},
        Case{"Two", with_host(" a\r\nHost: b"), "more than one Host"},
        Case{"TwoAlike", with_host(" a\r\nhost: a"), "more than one Host"},
        Case{"TwoIn10", "GET / HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n", "more than one Host"},
        Case{"List", with_host(" a, b"), k_authority},
        Case{"ListNoSpace", with_host(" a,b"), k_authority},
        Case{"Space", with_host(" a b"), k_authority},
        Case{"Slash", with_host(" a/b"), k_authority},
        Case{"User", with_host(" u@a"), k_authority},
        Case{"Escape", with_host(" %61"), k_authority},
        Case{"Query", with_host(" a?b"), k_authority},
        Case{"HighByte", with_host(" \xc3\xa4"), k_authority},
        Case{"EmptyPort", with_host(" a:"), k_authority},
        Case{"BadPort", with_host(" a:8x"), k_authority},
        Case{"BigPort", with_host(" a:65536"), k_authority},
        Case{"TwoPorts", with_host(" a:80:80"), k_authority},
        Case{"BareIpv6", with_host(" ::1"), k_authority},
        Case{"OpenBracket", with_host(" [::1"), k_authority},
        Case{"EmptyBrackets", with_host(" []"), k_authority},
        Case{"ZoneId", with_host(" [fe80::1%25eth0]"), k_authority},
        Case{"AfterBracket", with_host(" [::1]x"), k_authority},
        Case{"OnlyADot", with_host(" ."), k_authority}
    ),
    name_of_case
);

INSTANTIATE_TEST_SUITE_P(
    Framing,
    RefusedRequest,
    testing::Values(
        Case{"ClTe", with_fields("Content-Length: 3\r\nTransfer-Encoding: chunked"), k_both},
        Case{"TeCl", with_fields("Transfer-Encoding: chunked\r\nContent-Length: 3"), k_both},
        Case{"Cl0Te", with_fields("Content-Length: 0\r\nTransfer-Encoding: chunked"), k_both},
        Case{"ClTeIdentity", with_fields("Content-Length: 3\r\nTransfer-Encoding: x"), k_both},
        Case{"ClTeEmpty", with_fields("Content-Length: 3\r\nTransfer-Encoding:"), k_both},
        Case{"ClTab", with_fields("Content-Length: 3\t"), k_tab},
        Case{"ClSpaceTabSpace", with_fields("Content-Length: 3 \t "), k_tab},
        Case{"TeTab", with_fields("Transfer-Encoding: chunked\t"), k_tab},
        Case{"ClClSame", with_fields("Content-Length: 3\r\nContent-Length: 3"), k_two_lengths},
        Case{"ClClOther", with_fields("Content-Length: 3\r\ncontent-length: 4"), k_two_lengths},
        Case{"ClList", with_fields("Content-Length: 3, 3"), k_length},
        Case{"ClListOther", with_fields("Content-Length: 3, 4"), k_length},
        Case{"ClEmpty", with_fields("Content-Length:"), k_length},
        Case{"ClSpaces", with_fields("Content-Length: 3 3"), k_length},
        Case{"ClPlus", with_fields("Content-Length: +3"), k_length},
        Case{"ClMinus", with_fields("Content-Length: -3"), k_length},
        Case{"ClMinusZero", with_fields("Content-Length: -0"), k_length},
        Case{"ClHex", with_fields("Content-Length: 0x3"), k_length},
        Case{"ClPoint", with_fields("Content-Length: 3.0"), k_length},
        Case{"ClUnderscore", with_fields("Content-Length: 1_0"), k_length},
        Case{"ClQuoted", with_fields("Content-Length: \"3\""), k_length},
        Case{"ClHighDigits", with_fields("Content-Length: \xd9\xa3"), k_length},
        Case{"ClOverflow", with_fields("Content-Length: 18446744073709551616"), k_length},
        Case{"ClHuge", with_fields("Content-Length: " + std::string(100, '9')), k_length},
        Case{
            "TeTe",
            with_fields("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked"),
            "more than one Transfer-Encoding"
        },
        Case{
            "TeTeIdentity",
            with_fields("Transfer-Encoding: chunked\r\ntransfer-encoding: identity"),
            "more than one Transfer-Encoding"
        },
        Case{"TeEmpty", with_fields("Transfer-Encoding:"), k_coding},
        Case{"TeIdentity", with_fields("Transfer-Encoding: identity"), k_coding},
        Case{"TeGzip", with_fields("Transfer-Encoding: gzip"), k_coding},
        Case{"TeGzipChunked", with_fields("Transfer-Encoding: gzip, chunked"), k_coding},
        Case{"TeChunkedGzip", with_fields("Transfer-Encoding: chunked, gzip"), k_coding},
        Case{"TeChunkedTwice", with_fields("Transfer-Encoding: chunked, chunked"), k_coding},
        Case{"TeTrailingComma", with_fields("Transfer-Encoding: chunked,"), k_coding},
        Case{"TeParameter", with_fields("Transfer-Encoding: chunked;q=1"), k_coding},
        Case{"TeQuoted", with_fields("Transfer-Encoding: \"chunked\""), k_coding},
        Case{"TeX", with_fields("Transfer-Encoding: xchunked"), k_coding},
        Case{"TeVerticalTab", with_fields("Transfer-Encoding: \vchunked"), k_value},
        Case{
            "TeIn10",
            "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            "Transfer-Encoding in HTTP/1.0"
        }
    ),
    name_of_case
);

INSTANTIATE_TEST_SUITE_P(
    Chunks,
    RefusedRequest,
    testing::Values(
        Case{"DataEndedByAnything", chunked("3\r\nabcXX0\r\n\r\n"), k_chunk_end},
        Case{"DataEndedByLineFeed", chunked("3\r\nabc\n0\r\n\r\n"), k_chunk_end},
        Case{"DataEndedByCrX", chunked("3\r\nabc\rX0\r\n\r\n"), k_chunk_end},
        Case{"DataTooLong", chunked("3\r\nabcd\r\n0\r\n\r\n"), k_chunk_end},
        Case{"SizeEndedByLineFeed", chunked("3\nabc\r\n0\r\n\r\n"), k_chunk_size},
        Case{"SizeEndedByCrX", chunked("3\rXabc\r\n0\r\n\r\n"), k_chunk_end},
        Case{"LastSizeEndedByLineFeed", chunked("0\n\r\n"), k_chunk_size},
        Case{"SizeEmpty", chunked("\r\nabc"), k_chunk_size},
        Case{"SizeEmptyLater", chunked("1\r\na\r\n\r\n"), k_chunk_size},
        Case{"SizeOnlyExtension", chunked(";a\r\nabc"), k_chunk_size},
        Case{"SizeMinus", chunked("-1\r\nabc"), k_chunk_size},
        Case{"SizePlus", chunked("+1\r\na\r\n0\r\n\r\n"), k_chunk_size},
        Case{"SizePrefix", chunked("0x1\r\na\r\n0\r\n\r\n"), k_chunk_size},
        Case{"SizeNoHex", chunked("g\r\na\r\n0\r\n\r\n"), k_chunk_size},
        Case{"SizeSpaceFirst", chunked(" 1\r\na\r\n0\r\n\r\n"), k_chunk_size},
        Case{"SizeSpaceLast", chunked("1 \r\na\r\n0\r\n\r\n"), k_chunk_size},
        Case{"SizeUnderscore", chunked("1_0\r\na\r\n0\r\n\r\n"), k_chunk_size},
        Case{"SizeOverflow", chunked("10000000000000000\r\na"), "a chunk size has too many digits"},
        Case{"SizeZeros", chunked("0000000000000000"), "a chunk size has too many digits"},
        Case{"ExtensionLineFeed", chunked("1;a\nb\r\na\r\n0\r\n\r\n"), "a chunk extension holds"},
        Case{"ExtensionNul", chunked("1;a\0\r\na\r\n0\r\n\r\n"s), "a chunk extension holds"},
        Case{"ExtensionCr", chunked("1;a\rb\r\na\r\n0\r\n\r\n"), k_chunk_end},
        Case{
            "ExtensionLong",
            chunked("1;" + std::string(1025, 'a') + "\r\na\r\n0\r\n\r\n"),
            "a chunk extension is too long"
        },
        Case{"TrailerLineFeed", chunked("0\r\nA: b\n\r\n"), k_line_feed},
        Case{"TrailersEndedByLineFeed", chunked("0\r\nA: b\r\n\n"), k_line_feed},
        Case{"NoTrailersEndedByLineFeed", chunked("0\r\n\n"), k_line_feed},
        Case{"TrailerFold", chunked("0\r\nA: b\r\n c\r\n\r\n"), k_fold},
        Case{"TrailerFoldFirst", chunked("0\r\n A: b\r\n\r\n"), k_fold},
        Case{"TrailerBareCr", chunked("0\r\nA: b\rC: d\r\n\r\n"), k_value},
        Case{"TrailerName", chunked("0\r\nA B: c\r\n\r\n"), k_name},
        Case{"TrailerEmptyName", chunked("0\r\n: c\r\n\r\n"), k_name},
        Case{"TrailerNul", chunked("0\r\nA: \0\r\n\r\n"s), k_value},
        Case{"TrailerLength", chunked("0\r\nContent-Length: 5\r\n\r\n"), k_trailer},
        Case{"TrailerCoding", chunked("0\r\ntransfer-encoding: chunked\r\n\r\n"), k_trailer},
        Case{"TrailerHost", chunked("0\r\nA: b\r\nHost: b\r\n\r\n"), k_trailer}
    ),
    name_of_case
);

// --- What is accepted, and how it is understood ---

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
