// One message after another on a connection allocates nothing once the buffers have grown.
#include "proxy/http/forwarding.hpp"
#include "proxy/http/http1_codec.hpp"
#include "tests/support/count_allocations.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace proxy::http {
namespace {

constexpr std::string_view k_request =
    "POST /some/path/that/is/long/enough HTTP/1.1\r\nHost: books.shop.svc.cluster.local\r\n"
    "User-Agent: a-user-agent-longer-than-a-short-string/1.0\r\nContent-Length: 3\r\n"
    "Connection: keep-alive, X-Hop\r\nX-Hop: 1\r\n\r\nabc";
constexpr std::string_view k_response =
    "HTTP/1.1 200 OK\r\nServer: a-server-longer-than-a-short-string/1.0\r\n"
    "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX-Trailer: some value of a trailer\r\n\r\n";

template <class Reader>
void read_to_end(Reader& reader, std::string_view input) {
    for (Event event = Event::need_more; event != Event::end;) {
        const Step step = reader.feed(input);
        input.remove_prefix(step.consumed);
        event = step.event;
        ASSERT_NE(event, Event::error);
    }
}

TEST(Http1, AllocatesNothingPerExchange) {
    RequestReader requests{Limits{}};
    ResponseReader responses{Limits{}};
    FieldList fields;
    std::string out;
    const auto exchange = [&] {
        out.clear();
        read_to_end(requests, k_request);
        forward_request_fields(requests.head(), fields);
        append_request_head(
            out, {.method = requests.head().method, .target = requests.head().target}, fields
        );
        responses.expect_response_to(requests.head().method);
        read_to_end(responses, k_response);
        ASSERT_EQ(forward_response_fields(responses.head(), {}, fields), BodyKind::chunked);
        append_response_head(out, responses.head().status, responses.head().reason_phrase, fields);
        append_chunk_head(out, 3);
        forward_trailers(responses.trailers(), fields);
        append_last_chunk(out, fields);
    };
    exchange();
    const std::size_t before = ::test::allocations;
    for (int i = 0; i < 10; ++i) {
        exchange();
    }
    EXPECT_EQ(::test::allocations, before);
}

TEST(Http1, GivesBackTheRoomOfARareHugeHead) {
    RequestReader reader{Limits{}};
    const std::string huge =
        "GET / HTTP/1.1\r\nHost: a\r\nA: " + std::string(40'000, 'x') + "\r\n\r\n";
    read_to_end(reader, huge);
    ASSERT_GE(reader.head().text.capacity(), 40'000U);
    ASSERT_EQ(reader.feed({}).event, Event::need_more);
    EXPECT_LT(reader.head().text.capacity(), 1'000U);
}

}  // namespace
}  // namespace proxy::http
