#include "tls/stream.hpp"

#include "tests/support/socket_pair.hpp"
#include "tests/tls/certificate_recipe.hpp"
#include "tls/error.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace tls {
namespace {

using testing::context_of;
using ::testing::HasSubstr;
using testing::k_trust_domain;
using testing::value_of;

const policy::Identity k_web = testing::identity("shop", "web");
const policy::Identity k_api = testing::identity("shop", "api");

struct Outcome {
    std::optional<policy::Result<Peer>> result;
};

io::Awaitable<void> accept(
    Stream& stream, std::shared_ptr<const Context> context, std::string early, Outcome& outcome
) {
    outcome.result = co_await stream.accept(context, early);
}

io::Awaitable<void> connect(
    Stream& stream,
    std::shared_ptr<const Context> context,
    Alpn alpn,
    policy::Identity expected,
    Outcome& outcome
) {
    outcome.result = co_await stream.connect(context, alpn, expected);
}

io::Awaitable<void> write_text(Stream& stream, std::string text, io::Error& error) {
    const std::array<boost::asio::const_buffer, 1> buffers{boost::asio::buffer(text)};
    const io::Transfer transfer = co_await stream.write(buffers);
    error = transfer.error;
    EXPECT_EQ(transfer.bytes == text.size(), !transfer.error);
}

io::Awaitable<void> send_all(Stream& stream, std::string text) {
    io::Error error;
    co_await write_text(stream, text, error);
    EXPECT_FALSE(error) << error.message();
    error = co_await stream.shutdown_send();
    EXPECT_FALSE(error) << error.message();
}

/// Reads to the end; `error` is what the end was.
io::Awaitable<void> read_to_end(Stream& stream, std::string& text, io::Error& error) {
    std::array<char, 40'000> buffer;
    for (;;) {
        const io::Transfer transfer = co_await stream.read_some(boost::asio::buffer(buffer));
        text.append(buffer.data(), transfer.bytes);
        if (transfer.error) {
            error = transfer.error;
            co_return;
        }
        EXPECT_GT(transfer.bytes, 0U);
    }
}

class StreamTest : public ::testing::Test {
 protected:
    void start(io::Awaitable<void> coroutine) { loop_.spawn(std::move(coroutine)); }

    /// Until nothing is left to do; a coroutine that hangs fails the test.
    void run() {
        run_until([this] { return loop_.running() == 0; });
    }

    void run_until(const std::function<bool()>& is_done) {
        const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
        while (!is_done()) {
            ASSERT_LT(std::chrono::steady_clock::now(), deadline) << "a coroutine still waits";
            loop_.run_once(std::chrono::milliseconds(100));
        }
    }

    void shake_hands(const policy::Identity& expected) {
        start(accept(server_, api_, "", accepted_));
        start(connect(client_, web_, Alpn::http1, expected, connected_));
        run();
    }

    void join() {
        shake_hands(k_api);
        ASSERT_TRUE(*accepted_.result) << accepted_.result->error();
        ASSERT_TRUE(*connected_.result) << connected_.result->error();
    }

    io::Loop loop_;
    std::pair<io::Socket, io::Socket> sockets_ = io::test::connected_pair(loop_);
    Authority authority_ = value_of(Authority::make(k_trust_domain));
    std::shared_ptr<const Context> web_ = context_of(authority_, k_web);
    std::shared_ptr<const Context> api_ = context_of(authority_, k_api);
    Stream server_{std::move(sockets_.first)};
    Stream client_{std::move(sockets_.second)};
    Outcome accepted_;
    Outcome connected_;
};

TEST_F(StreamTest, JoinsTwoIdentities) {
    join();
    EXPECT_EQ((*accepted_.result)->identity, k_web);
    EXPECT_EQ((*connected_.result)->identity, k_api);
    EXPECT_EQ((*accepted_.result)->alpn, Alpn::http1);
    EXPECT_FALSE(server_.has_pending());
}

TEST_F(StreamTest, RefusesAnUnexpectedServer) {
    shake_hands(testing::identity("shop", "db"));
    ASSERT_FALSE(*connected_.result);
    EXPECT_THAT(connected_.result->error(), HasSubstr("sa/api, expected spiffe://"));
    EXPECT_EQ(client_.handshake_failure(), HandshakeFailure::unexpected_identity);
    ASSERT_FALSE(*accepted_.result);  // told by an alert
    EXPECT_THAT(accepted_.result->error(), HasSubstr("alert"));
    EXPECT_EQ(server_.handshake_failure(), HandshakeFailure::refused_by_peer);
}

io::Awaitable<void> take_bytes(io::Socket& socket, std::span<char> bytes, std::size_t& got) {
    const auto read = co_await socket.read_some(boost::asio::buffer(bytes.data(), bytes.size()));
    got = read.bytes;
}

TEST_F(StreamTest, UsesWhatDetectionHasRead) {
    start(connect(client_, web_, Alpn::http1, k_api, connected_));
    // The hello is there before the server looks: take a part of it away, as detection does.
    std::array<char, 100> early{};
    std::size_t got = 0;
    start(take_bytes(server_.socket(), early, got));
    run_until([&got] { return got > 0; });
    ASSERT_EQ(got, early.size());
    start(accept(server_, api_, std::string(early.data(), early.size()), accepted_));
    run();
    ASSERT_TRUE(*accepted_.result) << accepted_.result->error();
    EXPECT_EQ((*accepted_.result)->identity, k_web);
}

TEST_F(StreamTest, CarriesAMebibyteBothWaysAtOnce) {
    join();
    std::string to_server(1 << 20, 's');
    std::string to_client(1 << 20, 'c');
    for (std::size_t i = 0; i < to_server.size(); i += 977) {
        to_server[i] = static_cast<char>(i);
        to_client[i] = static_cast<char>(i / 3);
    }
    std::string at_server;
    std::string at_client;
    io::Error server_end;
    io::Error client_end;
    start(send_all(client_, to_server));
    start(send_all(server_, to_client));
    start(read_to_end(server_, at_server, server_end));
    start(read_to_end(client_, at_client, client_end));
    run();
    EXPECT_TRUE(at_server == to_server);
    EXPECT_TRUE(at_client == to_client);
    EXPECT_EQ(server_end, boost::asio::error::eof);
    EXPECT_EQ(client_end, boost::asio::error::eof);
}

io::Awaitable<void> answer_after_end(Stream& stream, std::string& request) {
    io::Error end;
    co_await read_to_end(stream, request, end);
    EXPECT_EQ(end, boost::asio::error::eof);
    co_await send_all(stream, "answer");
}

TEST_F(StreamTest, HalfClosesAsTcpDoes) {
    join();
    std::string request;
    std::string answer;
    io::Error end;
    start(answer_after_end(server_, request));
    start(send_all(client_, "request"));
    start(read_to_end(client_, answer, end));
    run();
    EXPECT_EQ(request, "request");
    EXPECT_EQ(answer, "answer");
    EXPECT_EQ(end, boost::asio::error::eof);
}

TEST_F(StreamTest, ReportsTruncation) {
    join();
    io::Error sent;
    // The server is it that leaves: the client has not read its ticket yet, so its close would be a
    // reset and no end.
    start(write_text(server_, "part", sent));
    run();
    server_.socket().close();
    std::string text;
    io::Error end;
    start(read_to_end(client_, text, end));
    run();
    EXPECT_EQ(text, "part");
    EXPECT_EQ(end, StreamError::stream_truncated);
}

TEST_F(StreamTest, ReportsAForgedRecordAndTellsThePeer) {
    join();
    const std::string forged = std::string("\x17\x03\x03\x00\x20", 5) + std::string(32, 'x');
    const boost::asio::const_buffer piece = boost::asio::buffer(forged);
    ASSERT_EQ(client_.socket().try_write({&piece, 1}, 0)->bytes, forged.size());
    std::string text;
    io::Error server_end;
    io::Error client_end;
    start(read_to_end(server_, text, server_end));
    start(read_to_end(client_, text, client_end));
    run();
    EXPECT_EQ(server_end, StreamError::protocol_failure);
    EXPECT_THAT(server_.failure(), HasSubstr("bad record mac"));
    EXPECT_EQ(client_end, StreamError::protocol_failure);
    EXPECT_THAT(client_.failure(), HasSubstr("alert bad record mac"));
}

TEST_F(StreamTest, EndsItsOperationsWhenClosed) {
    join();
    std::string text;
    io::Error end;
    io::Error written;
    const std::string large(64 << 20, 'x');  // more than the socket takes: nobody reads it
    start(read_to_end(server_, text, end));
    start(write_text(server_, large, written));
    loop_.post([this] { server_.socket().close(); });
    run();
    EXPECT_EQ(end, boost::asio::error::operation_aborted);
    EXPECT_EQ(written, boost::asio::error::operation_aborted);
}

TEST_F(StreamTest, SaysThatThePeerLeftDuringTheHandshake) {
    start(accept(server_, api_, "", accepted_));
    client_.socket().close();
    run();
    ASSERT_FALSE(*accepted_.result);
    EXPECT_THAT(accepted_.result->error(), HasSubstr("closed the connection during the TLS"));
}

TEST_F(StreamTest, EndsTheHandshakeWhenClosed) {
    start(accept(server_, api_, "", accepted_));
    loop_.run_once(std::chrono::milliseconds(0));  // it waits for a hello
    server_.socket().close();
    run();
    ASSERT_FALSE(*accepted_.result);
    EXPECT_THAT(accepted_.result->error(), HasSubstr("it took too long"));
    EXPECT_EQ(server_.handshake_failure(), HandshakeFailure::timeout);
}

io::Awaitable<void> write_nothing(
    Stream& stream, std::span<const boost::asio::const_buffer> buffers
) {
    const io::Transfer transfer = co_await stream.write(buffers);
    EXPECT_FALSE(transfer.error);
    EXPECT_EQ(transfer.bytes, 0U);
}

TEST_F(StreamTest, WritesNothingForNothing) {
    join();
    const std::array<boost::asio::const_buffer, 2> empty;
    start(write_nothing(client_, empty));
    run();
    EXPECT_FALSE(server_.socket().may_be_readable());
}

TEST_F(StreamTest, MovesBetweenOperations) {
    join();
    Stream moved(std::move(client_));
    std::string text;
    io::Error end;
    start(send_all(moved, "moved"));
    start(read_to_end(server_, text, end));
    run();
    EXPECT_EQ(text, "moved");
}

}  // namespace
}  // namespace tls
