#include "proxy/http/failure_response.hpp"

#include "proxy/http/http1_codec.hpp"

#include <gtest/gtest.h>

#include <string>

namespace proxy::http {
namespace {

using std::string_literals::operator""s;

std::string answer(const FailureResponse& response) {
    std::string out;
    append_error_response(out, response);
    return out;
}

TEST(FailureResponse, TellsReasonAndSentence) {
    const std::string body =
        R"({"reason":"source_not_allowed","message":"No traffic target lists this caller as a source."})"
        "\n";
    EXPECT_EQ(
        answer({.reason = Reason::source_not_allowed}),
        "HTTP/1.1 403 Forbidden\r\ncontent-type: application/json\r\ncontent-length: " +
            std::to_string(body.size()) +
            "\r\nsmilax-reason: source_not_allowed\r\nconnection: close\r\n\r\n" + body
    );
}

TEST(FailureResponse, NamesTheTargetOnlyWhenTold) {
    const std::string told = answer({.reason = Reason::route_not_allowed, .target = "shop/books"});
    EXPECT_NE(told.find(R"(,"target":"shop/books"})"), std::string::npos) << told;
    const std::string untold = answer({.reason = Reason::route_not_allowed});
    EXPECT_EQ(untold.find("target\":"), std::string::npos) << untold;
}

TEST(FailureResponse, TellsDetailsBesideTheSentence) {
    const std::string text =
        answer({.reason = Reason::malformed_request, .detail = "more than one Host"});
    EXPECT_NE(text.find(R"(doubt.","detail":"more than one Host"})"), std::string::npos) << text;
}

TEST(FailureResponse, KeepsTheConnectionWhenTold) {
    const std::string text = answer({.reason = Reason::no_target, .closes = false});
    EXPECT_EQ(text.find("connection"), std::string::npos) << text;
}

TEST(FailureResponse, HasTheSameHeadAndNoBodyForHead) {
    const std::string whole = answer({.reason = Reason::no_endpoint});
    const std::string head = answer({.reason = Reason::no_endpoint, .is_head = true});
    EXPECT_EQ(head, whole.substr(0, whole.find("\r\n\r\n") + 4));
}

TEST(FailureResponse, SaysNothingWhereTheConnectionIsJustClosed) {
    EXPECT_EQ(answer({.reason = Reason::client_closed}), "");
    EXPECT_EQ(answer({.reason = Reason::tls_handshake_failed}), "");
}

TEST(FailureResponse, EscapesWhatJsonOrABrowserWouldMisread) {
    const std::string text =
        answer({.reason = Reason::no_target, .target = "a\"b\\c\n\0\x1f\x7f<script>\xff"s});
    const std::string escaped =
        "\"target\":\"a\\\"b\\\\c\\u000a\\u0000\\u001f\\u007f\\u003cscript>\\u00ff\"}";
    EXPECT_NE(text.find(escaped), std::string::npos) << text;
}

TEST(FailureResponse, IsReadableForEveryReason) {
    for (int i = 0; i <= static_cast<int>(Reason::internal_error); ++i) {
        const auto reason = static_cast<Reason>(i);
        const std::string text = answer({.reason = reason, .target = "a/b"});
        if (row_of(reason).http_status == 0) {
            continue;
        }
        ResponseReader reader{Limits{}};
        reader.expect_response_to("GET");
        const Step head = reader.feed(text);
        ASSERT_EQ(head.event, Event::head) << text;
        EXPECT_EQ(reader.head().status, row_of(reason).http_status);
        EXPECT_EQ(reader.head().find("smilax-reason"), policy::to_string(reason));
        EXPECT_FALSE(reader.head().reason_phrase.empty()) << text;
        const Step body = reader.feed(std::string_view{text}.substr(head.consumed));
        EXPECT_EQ(head.consumed + body.consumed, text.size()) << text;
        EXPECT_EQ(reader.feed("").event, Event::end) << text;
    }
}

}  // namespace
}  // namespace proxy::http
