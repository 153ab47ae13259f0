// What is refused: a request that two readers could understand in two ways.
#include "tests/proxy/http1_request_case.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace proxy::http {
namespace {

using std::string_literals::operator""s;

class RefusedRequest : public testing::TestWithParam<Case> {};

TEST_P(RefusedRequest, EndsInMalformedRequestHoweverItIsSplit) {
    const std::string whole = read_all(GetParam().input);
    EXPECT_NE(whole.find("error malformed_request: " + GetParam().expected), std::string::npos)
        << whole;
    EXPECT_EQ(read_bytewise(GetParam().input), whole);
}

std::string with_host(std::string_view value) {
    return "GET / HTTP/1.1\r\nHost:" + std::string(value) + "\r\n\r\n";
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

}  // namespace
}  // namespace proxy::http
