#include "io/socket.hpp"

#include "io/acceptor.hpp"
#include "tests/support/socket_pair.hpp"

#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace io {
namespace {

class SocketTest : public ::testing::Test {
 protected:
    SocketTest() {
        auto [first, second] = test::connected_pair(loop);
        ours = std::move(first);
        theirs = std::move(second);
    }
    void until(const std::function<bool()>& is_done) {
        const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
        while (!is_done()) {
            ASSERT_LT(std::chrono::steady_clock::now(), deadline);
            loop.run_once(std::chrono::milliseconds(100));
        }
    }
    Awaitable<void> read(Socket& socket, std::size_t at_most, std::optional<Transfer>& transfer) {
        std::vector<char> block(at_most);
        transfer = co_await socket.read_some(boost::asio::buffer(block));
        text.append(block.data(), transfer->bytes);
    }
    Awaitable<void> write(Socket& socket, std::string bytes, std::optional<Transfer>& transfer) {
        const std::array<boost::asio::const_buffer, 1> pieces{boost::asio::buffer(bytes)};
        transfer = co_await socket.write(pieces);
    }
    static Awaitable<void> read_all(Socket& socket, std::size_t& total, std::size_t& longest_turn) {
        std::array<char, 1024> block;
        while (true) {
            const auto got = co_await socket.read_some(boost::asio::buffer(block));
            if (got.error) {
                co_return;
            }
            total += got.bytes;
            longest_turn += 1;
        }
    }

    Loop loop;
    Socket ours{loop};
    Socket theirs{loop};
    std::string text;
};

TEST_F(SocketTest, ReadsWhatTheOtherSideWrote) {
    std::optional<Transfer> got;
    std::optional<Transfer> sent;
    loop.spawn(read(ours, 100, got));
    loop.run_once(std::chrono::milliseconds(0));
    EXPECT_FALSE(got.has_value());
    loop.spawn(write(theirs, "hello", sent));
    until([&] { return got.has_value(); });
    EXPECT_EQ(text, "hello");
    EXPECT_EQ(sent->bytes, 5U);
}

TEST_F(SocketTest, ShortReadKnowsThatNothingIsLeft) {
    std::optional<Transfer> sent;
    std::optional<Transfer> got;
    loop.spawn(write(theirs, "hello", sent));
    loop.spawn(read(ours, 100, got));
    until([&] { return got.has_value(); });
    EXPECT_FALSE(ours.may_be_readable());
    std::optional<Transfer> more;
    loop.spawn(write(theirs, "hello again", sent));
    loop.spawn(read(ours, 5, more));
    until([&] { return more.has_value(); });
    EXPECT_TRUE(ours.may_be_readable());  // it got all that it asked for
}

TEST_F(SocketTest, EndBehindTheLastBytesIsSeen) {
    // The bytes and the FIN may come in one event: the short read must not hide the end.
    std::optional<Transfer> sent;
    loop.spawn(write(theirs, "last", sent));
    until([&] { return sent.has_value(); });
    EXPECT_FALSE(theirs.shutdown_send());
    std::optional<Transfer> got;
    loop.spawn(read(ours, 100, got));
    until([&] { return got.has_value(); });
    EXPECT_EQ(text, "last");
    got.reset();
    loop.spawn(read(ours, 100, got));
    until([&] { return got.has_value(); });
    EXPECT_EQ(got->error, boost::asio::error::eof);
}

TEST_F(SocketTest, LargeWriteGoesOnAsTheReaderReads) {
    const std::string large(8 << 20, 'x');
    std::optional<Transfer> sent;
    std::size_t total = 0;
    std::size_t turns = 0;
    loop.spawn(write(theirs, large, sent));
    loop.run_once(std::chrono::milliseconds(0));
    EXPECT_FALSE(sent.has_value());
    loop.spawn(read_all(ours, total, turns));
    until([&] { return total == large.size(); });
    EXPECT_EQ(sent->bytes, large.size());
}

TEST_F(SocketTest, BulkTakesTurns) {
    // Everything is there, and yet one resumption does not read all of it: others wait.
    std::optional<Transfer> sent;
    loop.spawn(write(theirs, std::string(64 * 1024, 'x'), sent));
    until([&] { return sent.has_value(); });
    std::size_t total = 0;
    std::size_t reads = 0;
    loop.spawn(read_all(ours, total, reads));
    loop.run_once(std::chrono::milliseconds(100));
    loop.run_once(std::chrono::milliseconds(100));
    EXPECT_GT(reads, 1U);
    EXPECT_LT(total, 64U * 1024);
    until([&] { return total == 64U * 1024; });
}

TEST_F(SocketTest, CancelEndsWhatWaitsAndKeepsTheSocket) {
    std::optional<Transfer> got;
    loop.spawn(read(ours, 100, got));
    loop.run_once(std::chrono::milliseconds(0));
    ours.cancel();
    EXPECT_FALSE(got.has_value());  // not inside the caller
    until([&] { return got.has_value(); });
    EXPECT_EQ(got->error, boost::asio::error::operation_aborted);
    std::optional<Transfer> sent;
    got.reset();
    loop.spawn(write(theirs, "after", sent));
    loop.spawn(read(ours, 100, got));
    until([&] { return got.has_value(); });
    EXPECT_EQ(text, "after");
}

TEST_F(SocketTest, CloseEndsReaderAndWriter) {
    std::optional<Transfer> got;
    std::optional<Transfer> sent;
    loop.spawn(read(ours, 100, got));
    loop.spawn(write(ours, std::string(32 << 20, 'x'), sent));
    loop.run_once(std::chrono::milliseconds(0));
    loop.run_once(std::chrono::milliseconds(0));
    ours.close();
    until([&] { return got.has_value() && sent.has_value(); });
    EXPECT_EQ(got->error, boost::asio::error::operation_aborted);
    EXPECT_EQ(sent->error, boost::asio::error::operation_aborted);
    got.reset();
    loop.spawn(read(ours, 100, got));
    until([&] { return got.has_value(); });
    EXPECT_EQ(got->error, boost::asio::error::operation_aborted);
}

TEST_F(SocketTest, CloseWithinTheSameRoundAsItsEvent) {
    // Both sockets have an event in one round, and whoever runs first closes the other.
    std::optional<Transfer> sent;
    std::optional<Transfer> first;
    std::optional<Transfer> second;
    auto [other, other_end] = test::connected_pair(loop);
    auto close_other = [](Socket& socket, Socket& victim, std::optional<Transfer>& transfer
                       ) -> Awaitable<void> {
        std::array<char, 8> block{};
        transfer = co_await socket.read_some(boost::asio::buffer(block));
        victim.close();
    };
    loop.spawn(close_other(ours, other, first));
    loop.spawn(close_other(other, ours, second));
    loop.run_once(std::chrono::milliseconds(0));
    loop.spawn(write(theirs, "x", sent));
    loop.spawn(write(other_end, "x", sent));
    until([&] { return first.has_value() && second.has_value(); });
    EXPECT_NE(first->bytes, second->bytes);  // one read, the other was closed under its reader
}

TEST_F(SocketTest, AbortIsAResetForTheOtherSide) {
    std::optional<Transfer> got;
    loop.spawn(read(theirs, 100, got));
    loop.run_once(std::chrono::milliseconds(0));
    ours.abort();
    until([&] { return got.has_value(); });
    EXPECT_EQ(got->error, boost::asio::error::connection_reset);
}

Awaitable<void> connect_to(Socket& socket, Endpoint endpoint, std::optional<Error>& error) {
    error = co_await socket.connect(endpoint, std::nullopt);
}

Awaitable<void> accept_one(Acceptor& acceptor, std::optional<Accepted>& accepted) {
    accepted = co_await acceptor.accept();
}

TEST_F(SocketTest, ConnectsToAnAcceptor) {
    Acceptor acceptor(loop);
    const Endpoint any(boost::asio::ip::address_v4::loopback(), 0);
    ASSERT_FALSE(acceptor.listen(any, Acceptor::Sharing::exclusive));
    Error error;
    const Endpoint bound = acceptor.local_endpoint(error);
    ASSERT_FALSE(error);
    Socket client(loop);
    std::optional<Error> connected;
    std::optional<Accepted> accepted;
    loop.spawn(accept_one(acceptor, accepted));
    loop.spawn(connect_to(client, bound, connected));
    until([&] { return connected.has_value() && accepted.has_value(); });
    EXPECT_FALSE(*connected) << connected->message();
    EXPECT_FALSE(accepted->error) << accepted->error.message();
    EXPECT_EQ(accepted->socket->remote_endpoint(error), client.local_endpoint(error));
    Acceptor second(loop);
    EXPECT_EQ(
        second.listen(bound, Acceptor::Sharing::exclusive), boost::asio::error::address_in_use
    );
}

TEST_F(SocketTest, RefusedConnectIsAnErrorAndLeavesItClosed) {
    Acceptor acceptor(loop);
    const Endpoint any(boost::asio::ip::address_v4::loopback(), 0);
    ASSERT_FALSE(acceptor.listen(any, Acceptor::Sharing::exclusive));
    Error error;
    const Endpoint bound = acceptor.local_endpoint(error);
    acceptor.close();
    Socket client(loop);
    std::optional<Error> connected;
    loop.spawn(connect_to(client, bound, connected));
    until([&] { return connected.has_value(); });
    EXPECT_EQ(*connected, boost::asio::error::connection_refused);
    EXPECT_FALSE(client.is_open());
}

TEST_F(SocketTest, ClosedAcceptorEndsItsAccept) {
    Acceptor acceptor(loop);
    const Endpoint any(boost::asio::ip::address_v4::loopback(), 0);
    ASSERT_FALSE(acceptor.listen(any, Acceptor::Sharing::exclusive));
    std::optional<Accepted> accepted;
    loop.spawn(accept_one(acceptor, accepted));
    loop.run_once(std::chrono::milliseconds(0));
    acceptor.close();
    until([&] { return accepted.has_value(); });
    EXPECT_EQ(accepted->error, boost::asio::error::operation_aborted);
}

TEST_F(SocketTest, ManyPiecesAreOneText) {
    std::vector<std::string> words;
    std::string expected;
    for (int i = 0; i < 300; ++i) {
        words.push_back(std::to_string(i) + (i % 7 == 0 ? "" : " "));
        expected += words.back();
    }
    std::vector<boost::asio::const_buffer> pieces;
    for (const auto& word : words) {
        pieces.push_back(boost::asio::buffer(word));
        pieces.emplace_back();
    }
    std::size_t written = 0;
    const auto sent = ours.try_write_all(pieces, written);
    ASSERT_TRUE(sent.has_value());
    EXPECT_EQ(sent->bytes, expected.size());
    std::optional<Transfer> got;
    while (text.size() < expected.size()) {
        got.reset();
        loop.spawn(read(theirs, 100'000, got));
        until([&] { return got.has_value(); });
    }
    EXPECT_EQ(text, expected);
}

}  // namespace
}  // namespace io
