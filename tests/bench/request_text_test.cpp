#include "bench/load/request_text.hpp"

#include <gtest/gtest.h>

namespace bench::load {
namespace {

RequestOptions post(std::size_t body_bytes, bool is_chunked) {
    RequestOptions request;
    request.host = "api";
    request.path = "/p";
    request.method = "POST";
    request.body_bytes = body_bytes;
    request.is_chunked = is_chunked;
    return request;
}

TEST(RequestText, HasNoFramingWithoutABody) {
    EXPECT_EQ(request_text(post(0, false), false), "POST /p HTTP/1.1\r\nHost: api\r\n\r\n");
}

TEST(RequestText, AsksToCloseWhenItIsTheLast) {
    EXPECT_EQ(
        request_text(post(0, false), true),
        "POST /p HTTP/1.1\r\nHost: api\r\nConnection: close\r\n\r\n"
    );
}

TEST(RequestText, TellsTheLengthOfItsBody) {
    EXPECT_EQ(
        request_text(post(3, false), false),
        "POST /p HTTP/1.1\r\nHost: api\r\nContent-Length: 3\r\n\r\nxxx"
    );
}

TEST(RequestText, IsCutIntoChunksOf16KiB) {
    const std::string head = "POST /p HTTP/1.1\r\nHost: api\r\nTransfer-Encoding: chunked\r\n\r\n";
    EXPECT_EQ(
        request_text(post(16 * 1024 + 2, true), false),
        head + "4000\r\n" + std::string(16 * 1024, 'x') + "\r\n2\r\nxx\r\n0\r\n\r\n"
    );
}

}  // namespace
}  // namespace bench::load
