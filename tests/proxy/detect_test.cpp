#include "proxy/net/detect.hpp"

#include "tests/support/data_path.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace proxy::net {
namespace {

struct Case {
    std::string_view bytes;
    Protocol protocol;
};

TEST(ClassifyBytes, TellsProtocolsByTheirFirstBytes) {
    using namespace std::string_view_literals;
    const Case cases[] = {
        {""sv, Protocol::need_more},
        {"G"sv, Protocol::need_more},
        {"GET "sv, Protocol::http1},
        {"DELETE /x"sv, Protocol::http1},
        {"\r\nGET /"sv, Protocol::http1},
        {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"sv, Protocol::http2},
        {"PRI * HTTP/2.0\r\n"sv, Protocol::need_more},
        {"BREW /pot HTTP/1.1\r\n"sv, Protocol::http1},
        {" GET / HTTP/1.1\r\n"sv, Protocol::http1},
        {"GET\t/ HTTP/1.1\r\n"sv, Protocol::http1},
        {"EHLO client\r\n"sv, Protocol::opaque},
        {"get key\r\n"sv, Protocol::opaque},
        {"\x00\x00\x00\x08"sv, Protocol::opaque},
        {"*1\r\n$4\r\nPING\r\n"sv, Protocol::opaque},
        {"\x16\x03\x01"sv, Protocol::need_more},
        {"\x16zzzzzzzz"sv, Protocol::opaque},
        {"\r\n\r\n\r\n\r\n"sv, Protocol::opaque},
    };
    for (const Case& item : cases) {
        EXPECT_EQ(classify_bytes(item.bytes), item.protocol) << item.bytes;
    }
}

TEST(ClassifyBytes, DoesNotDependOnHowTheBytesWereCut) {
    // Found by the fuzzer: binary at first, HTTP to those who saw the whole line.
    EXPECT_EQ(classify_bytes("\x7fGET / HTTP/1.1\r\n"), Protocol::opaque);
    EXPECT_EQ(classify_bytes("\r\n\r\n\r\nGET / HTTP/1.1\r\n"), Protocol::opaque);
    const std::string late = std::string(k_detection_bytes_max, 'a') + " HTTP/1.1\r\n";
    EXPECT_EQ(classify_bytes(late), Protocol::opaque);
}

TEST(ClassifyBytes, DecidesWithinItsBound) {
    const std::string text(k_detection_bytes_max, 'a');
    EXPECT_EQ(classify_bytes(text), Protocol::opaque);
}

class Detect : public test::DataPath {
 protected:
    io::Awaitable<void> run(io::Socket socket) {
        Stream stream(std::move(socket));
        Buffer buffer(configuration.limits.buffer_bytes);
        Deadline deadline(worker().clock);
        deadline.watch(&stream.socket());
        result = co_await detect(stream, buffer, deadline, configuration.limits);
        held = std::string(buffer.data());
    }
    std::unique_ptr<test::Peer> begin() {
        auto [peer, served] = connect();
        loop.spawn(run(std::move(served)));
        return std::move(peer);
    }
    std::optional<Result<Protocol>> result;
    std::string held;
};

TEST_F(Detect, ConsumesNothing) {
    auto client = begin();
    client->send("GET / HTTP/1.1\r\n");
    until([&] { return result.has_value(); }, "a protocol");
    EXPECT_EQ(**result, Protocol::http1);
    EXPECT_EQ(held, "GET / HTTP/1.1\r\n");
}

TEST_F(Detect, SilenceIsAProtocolOfItsOwn) {
    auto client = begin();
    settle();
    pass_time(std::chrono::milliseconds(configuration.limits.detection_ms_max + 100));
    until([&] { return result.has_value(); }, "a protocol");
    EXPECT_EQ(**result, Protocol::silent);
}

TEST_F(Detect, DribbledBytesAreOpaqueInTheEnd) {
    auto client = begin();
    client->send("HEL");
    settle();  // the bytes are read
    pass_time(std::chrono::milliseconds(configuration.limits.detection_ms_max + 100));
    until([&] { return result.has_value(); }, "a protocol");
    EXPECT_EQ(**result, Protocol::opaque);
}

TEST_F(Detect, ClosedConnectionIsAFailure) {
    auto client = begin();
    client->close();
    until([&] { return result.has_value(); }, "an end");
    EXPECT_EQ(result->error().reason, Reason::client_closed);
}

}  // namespace
}  // namespace proxy::net
