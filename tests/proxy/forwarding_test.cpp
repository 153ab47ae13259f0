#include "proxy/http/forwarding.hpp"

#include "proxy/http/http1_codec.hpp"
#include "tests/support/http1_transcript.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

namespace proxy::http {
namespace {

/// "Name: value" lines of what goes on for a request with this head.
std::string forward_request(std::string_view head) {
    RequestReader reader{Limits{}};
    const Step step = reader.feed(head);
    EXPECT_EQ(step.event, Event::head) << reader.failure().cause;
    FieldList fields;
    forward_request_fields(reader.head(), fields);
    return support::text_of(fields);
}

std::string forward_fields(std::string_view lines) {
    return forward_request("GET / HTTP/1.1\r\nHost: a\r\n" + std::string(lines) + "\r\n\r\n");
}

struct Forwarded {
    std::string fields;
    BodyKind kind = BodyKind::none;
};

Forwarded forward_response(std::string_view head, const ResponseRewrite& rewrite = {}) {
    ResponseReader reader{Limits{}};
    reader.expect_response_to(rewrite.head_request ? "HEAD" : "GET");
    const Step step = reader.feed(head);
    EXPECT_EQ(step.event, Event::head) << reader.failure().cause;
    FieldList fields;
    Forwarded forwarded;
    forwarded.kind = forward_response_fields(reader.head(), rewrite, fields);
    forwarded.fields = support::text_of(fields);
    return forwarded;
}

Forwarded forward_ok(std::string_view lines, const ResponseRewrite& rewrite = {}) {
    return forward_response("HTTP/1.1 200 OK\r\n" + std::string(lines) + "\r\n\r\n", rewrite);
}

constexpr ResponseRewrite k_old_client{.client_minor_version = 0};
constexpr ResponseRewrite k_old_client_leaving{
    .client_minor_version = 0, .client_wants_close = true
};
constexpr ResponseRewrite k_leaving{.client_wants_close = true};
constexpr ResponseRewrite k_head{.head_request = true};
constexpr ResponseRewrite k_old_head{.client_minor_version = 0, .head_request = true};

// --- Requests ---

TEST(ForwardRequest, KeepsEndToEndFieldsInOrderAndCase) {
    EXPECT_EQ(
        forward_fields("X-B: 1\r\nx-a: 2\r\nX-B: 3\r\nCookie: c\r\nTrailer: t\r\nVia: 1.1 v"),
        "Host: a\nX-B: 1\nx-a: 2\nX-B: 3\nCookie: c\nTrailer: t\nVia: 1.1 v\n"
    );
}

TEST(ForwardRequest, LeavesOutHopByHopFields) {
    EXPECT_EQ(
        forward_fields("Connection: keep-alive, close, X-Hop\r\nKeep-Alive: timeout=5\r\n"
                       "Proxy-Connection: keep-alive\r\nX-Hop: 1\r\nx-hop: 2\r\nX-Stay: 3\r\n"
                       "Upgrade: websocket\r\nTE: gzip\r\nHTTP2-Settings: AAAA"),
        "Host: a\nX-Stay: 3\n"
    );
}

TEST(ForwardRequest, LeavesOutClaimsOfIdentityInEverySpelling) {
    EXPECT_EQ(
        forward_fields("smilax-peer: x\r\nSmilax_Peer: x\r\nSMILAX-: x\r\n"
                       "X-Forwarded-Client-Cert: x\r\nx_forwarded_client_cert: x\r\n"
                       "X-Forwarded_Client-Cert: x\r\nl5d-client-id: x\r\nL5D_CLIENT_ID: x\r\n"
                       "smilaxy: kept\r\nx-smilax-peer: kept"),
        "Host: a\nsmilaxy: kept\nx-smilax-peer: kept\n"
    );
}

TEST(ForwardRequest, LeavesOutForgedIdentityAlsoWhenConnectionListsIt) {
    EXPECT_EQ(
        forward_fields("Connection: l5d-client-id, smilax-peer\r\nl5d-client-id: x\r\n"
                       "smilax-peer: y"),
        "Host: a\n"
    );
}

TEST(ForwardRequest, LeavesOutSpellingsOfFramingThatAreNotFraming) {
    EXPECT_EQ(
        forward_fields("Content_Length: 5\r\nTransfer_Encoding: chunked\r\nContent-Type: t"),
        "Host: a\nContent-Type: t\n"
    );
}

TEST(ForwardRequest, NeverLetsConnectionRemoveWhatOthersRelyOn) {
    EXPECT_EQ(
        forward_fields(
            "Connection: host, content-length, authorization, Cookie, x-forwarded-for,\r\n"
            "Connection: traceparent, expect, trailer, x-other\r\n"
            "Content-Length: 3\r\nAuthorization: b\r\nCookie: c\r\n"
            "X-Forwarded-For: f\r\ntraceparent: t\r\nExpect: 100-continue\r\n"
            "Trailer: u\r\nX-Other: gone"
        ),
        "Host: a\nContent-Length: 3\nAuthorization: b\nCookie: c\nX-Forwarded-For: f\n"
        "traceparent: t\nExpect: 100-continue\nTrailer: u\n"
    );
    EXPECT_EQ(
        forward_fields("Connection: transfer-encoding\r\nTransfer-Encoding: chunked"),
        "Host: a\nTransfer-Encoding: chunked\n"
    );
}

TEST(ForwardRequest, WritesFramingAnewWhereItStood) {
    EXPECT_EQ(
        forward_fields("A: b\r\ncontent-length: 0042\r\nC: d"),
        "Host: a\nA: b\ncontent-length: 42\nC: d\n"
    );
    EXPECT_EQ(forward_fields("Content-Length: 000"), "Host: a\nContent-Length: 0\n");
    EXPECT_EQ(
        forward_fields("A: b\r\ntransfer-encoding: ChunKED\r\nC: d"),
        "Host: a\nA: b\ntransfer-encoding: chunked\nC: d\n"
    );
}

TEST(ForwardRequest, KeepsAnUpgrade) {
    EXPECT_EQ(
        forward_fields("Connection: keep-alive, Upgrade\r\nUpgrade: websocket\r\nX: y"),
        "Host: a\nUpgrade: websocket\nX: y\nConnection: Upgrade\n"
    );
    EXPECT_EQ(
        forward_fields("Connection: Upgrade, X\r\nUpgrade: unknown/1\r\nTE: trailers\r\nX: y"),
        "Host: a\nUpgrade: unknown/1\nTE: trailers\nConnection: Upgrade, TE\n"
    );
}

TEST(ForwardRequest, DropsAnUpgradeToAnotherHttp) {
    EXPECT_EQ(
        forward_fields("Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
                       "HTTP2-Settings: AAMAAABkAAQAAP__"),
        "Host: a\n"
    );
}

TEST(ForwardRequest, PassesTeTrailersWithItsConnectionOption) {
    EXPECT_EQ(
        forward_fields("TE: gzip;q=0.5, trailers\r\nConnection: TE"),
        "Host: a\nTE: trailers\nConnection: TE\n"
    );
}

TEST(ForwardRequest, GivesAnHttp10RequestWhatHttp11Needs) {
    EXPECT_EQ(
        forward_request("POST / HTTP/1.0\r\nConnection: keep-alive\r\nExpect: 100-continue\r\n"
                        "TE: trailers\r\nContent-Length: 1\r\n\r\n"),
        "Host: \nContent-Length: 1\n"
    );
    EXPECT_EQ(forward_request("GET http://b:81/ HTTP/1.0\r\nA: b\r\n\r\n"), "Host: b:81\nA: b\n");
    EXPECT_EQ(forward_request("GET / HTTP/1.0\r\nHost: c\r\n\r\n"), "Host: c\n");
}

TEST(ForwardRequest, ReplacesWhatTheListHeld) {
    RequestReader reader{Limits{}};
    ASSERT_EQ(reader.feed("GET / HTTP/1.1\r\nHost: a\r\n\r\n").event, Event::head);
    FieldList fields = {{"old", "x"}};
    forward_request_fields(reader.head(), fields);
    EXPECT_EQ(support::text_of(fields), "Host: a\n");
}

// --- Responses ---

TEST(ForwardResponse, KeepsEndToEndFieldsInOrderAndCase) {
    const Forwarded forwarded = forward_ok(
        "Server: s\r\nset-cookie: a\r\nSet-Cookie: b\r\nConnection: X-Hop, keep-alive\r\n"
        "Keep-Alive: timeout=5\r\nX-Hop: 1\r\nsmilax-reason: no_target\r\nContent-Length: 3\r\n"
        "Proxy-Connection: x\r\nContent_Length: 4\r\nTrailer: t"
    );
    EXPECT_EQ(
        forwarded.fields,
        "Server: s\nset-cookie: a\nSet-Cookie: b\nsmilax-reason: no_target\nContent-Length: 3\n"
        "Trailer: t\n"
    );
    EXPECT_EQ(forwarded.kind, BodyKind::length);
}

TEST(ForwardResponse, SaysCloseOnlyWhenThisConnectionCloses) {
    EXPECT_EQ(forward_ok("Connection: close\r\nContent-Length: 0").fields, "Content-Length: 0\n");
    EXPECT_EQ(
        forward_ok("Content-Length: 0", k_leaving).fields, "Content-Length: 0\nConnection: close\n"
    );
}

TEST(ForwardResponse, KeepsChunksForHttp11) {
    const Forwarded forwarded = forward_ok("transfer-encoding: Chunked\r\nA: b");
    EXPECT_EQ(forwarded.fields, "transfer-encoding: chunked\nA: b\n");
    EXPECT_EQ(forwarded.kind, BodyKind::chunked);
}

TEST(ForwardResponse, ChunksABodyThatEndsWithTheUpstreamsConnection) {
    const Forwarded forwarded = forward_response("HTTP/1.0 200 OK\r\nA: b\r\n\r\n");
    EXPECT_EQ(forwarded.fields, "A: b\nTransfer-Encoding: chunked\n");
    EXPECT_EQ(forwarded.kind, BodyKind::chunked);
}

TEST(ForwardResponse, EndsABodyOfUnknownLengthByClosingForHttp10) {
    for (const std::string_view lines : {"Transfer-Encoding: chunked\r\nTrailer: t", "A: b"}) {
        const Forwarded forwarded = forward_ok(lines, k_old_client);
        EXPECT_EQ(forwarded.kind, BodyKind::until_close);
        EXPECT_TRUE(forwarded.fields.ends_with("Connection: close\n")) << forwarded.fields;
        EXPECT_EQ(forwarded.fields.find("chunked"), std::string::npos);
        EXPECT_EQ(forwarded.fields.find("Trailer"), std::string::npos);
    }
}

TEST(ForwardResponse, TellsAnHttp10ClientThatItsConnectionStays) {
    EXPECT_EQ(
        forward_ok("Content-Length: 0", k_old_client).fields,
        "Content-Length: 0\nConnection: keep-alive\n"
    );
    EXPECT_EQ(
        forward_ok("Content-Length: 0", k_old_client_leaving).fields,
        "Content-Length: 0\nConnection: close\n"
    );
}

TEST(ForwardResponse, TellsHeadWhatGetWouldHaveHad) {
    const Forwarded length = forward_ok("Content-Length: 5", k_head);
    EXPECT_EQ(length.fields, "Content-Length: 5\n");
    EXPECT_EQ(length.kind, BodyKind::none);
    const Forwarded chunks = forward_ok("Transfer-Encoding: chunked", k_head);
    EXPECT_EQ(chunks.fields, "Transfer-Encoding: chunked\n");
    EXPECT_EQ(chunks.kind, BodyKind::none);
    EXPECT_EQ(
        forward_ok("Transfer-Encoding: chunked", k_old_head).fields, "Connection: keep-alive\n"
    );
    const Forwarded not_modified =
        forward_response("HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n");
    EXPECT_EQ(not_modified.fields, "Content-Length: 5\n");
    EXPECT_EQ(not_modified.kind, BodyKind::none);
}

TEST(ForwardResponse, LeavesFramingOutOfWhatHasNoBody) {
    const Forwarded forwarded =
        forward_response("HTTP/1.1 204 No Content\r\nContent-Length: 0\r\nA: b\r\n\r\n");
    EXPECT_EQ(forwarded.fields, "A: b\n");
    EXPECT_EQ(forwarded.kind, BodyKind::none);
    EXPECT_EQ(forward_response("HTTP/1.1 100 Continue\r\n\r\n").fields, "");
}

TEST(ForwardResponse, LeavesFramingOutOfATunnel) {
    ResponseReader reader{Limits{}};
    reader.expect_response_to("CONNECT");
    ASSERT_EQ(
        reader.feed("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nA: b\r\n\r\n").event, Event::head
    );
    FieldList fields;
    EXPECT_EQ(forward_response_fields(reader.head(), {}, fields), BodyKind::none);
    EXPECT_EQ(support::text_of(fields), "A: b\n");
}

TEST(ForwardResponse, KeepsUpgradeIn101And426Only) {
    const std::string fields = "Connection: upgrade\r\nUpgrade: websocket\r\n\r\n";
    EXPECT_EQ(
        forward_response("HTTP/1.1 101 S\r\n" + fields).fields,
        "Upgrade: websocket\nConnection: Upgrade\n"
    );
    EXPECT_EQ(
        forward_response("HTTP/1.1 101 S\r\n" + fields, k_leaving).fields,
        "Upgrade: websocket\nConnection: Upgrade\n"
    );
    EXPECT_EQ(
        forward_response("HTTP/1.1 426 U\r\nContent-Length: 0\r\n" + fields).fields,
        "Content-Length: 0\nUpgrade: websocket\nConnection: Upgrade\n"
    );
    EXPECT_EQ(
        forward_response("HTTP/1.1 426 U\r\nContent-Length: 0\r\n" + fields, k_leaving).fields,
        "Content-Length: 0\nUpgrade: websocket\nConnection: Upgrade, close\n"
    );
    EXPECT_EQ(forward_ok("Content-Length: 0\r\n" + fields).fields, "Content-Length: 0\n");
}

// --- Trailers ---

TEST(ForwardTrailers, PassesOnlyWhatMayComeLast) {
    const std::vector<Field> trailers = {
        {"grpc-status", "0"},
        {"X-Checksum", "1"},
        {"Content-Length", "5"},
        {"transfer_encoding", "chunked"},
        {"Transfer-Encoding", "chunked"},
        {"Host", "a"},
        {"Connection", "close"},
        {"Trailer", "x"},
        {"TE", "trailers"},
        {"Upgrade", "x"},
        {"Expect", "x"},
        {"Keep-Alive", "x"},
        {"Authorization", "x"},
        {"Cookie", "x"},
        {"Set-Cookie", "x"},
        {"Content-Type", "x"},
        {"X-Forwarded-For", "x"},
        {"x-forwarded-client-cert", "x"},
        {"smilax_peer", "x"},
        {"L5d-Client-Id", "x"},
        {"ETag", "e"},
    };
    FieldList fields = {{"old", "x"}};
    forward_trailers(trailers, fields);
    EXPECT_EQ(support::text_of(fields), "grpc-status: 0\nX-Checksum: 1\nETag: e\n");
}

}  // namespace
}  // namespace proxy::http
