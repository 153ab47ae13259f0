#include "io/loop.hpp"
#include "proxy/net/mux/session.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace proxy::net::mux {
namespace {

class MuxSession : public ::testing::Test {
 protected:
    void TearDown() override {
        client->end();
        server->end();  // streams that nobody accepted go with it
    }

    /// Everything under way arrives.
    void deliver() {
        while (!client->output().empty() || !server->output().empty()) {
            const std::string up = std::exchange(client->output(), {});
            client->on_output_taken();
            ASSERT_TRUE(server->feed(up)) << server->failure();
            const std::string down = std::exchange(server->output(), {});
            server->on_output_taken();
            ASSERT_TRUE(client->feed(down)) << client->failure();
        }
    }
    /// A stream of the client and the server's end of it, after `first` was sent.
    std::pair<std::unique_ptr<Stream>, std::unique_ptr<Stream>> open(const std::string& first) {
        auto ours = client->open();
        EXPECT_EQ(write(*ours, first), first.size());
        deliver();
        auto theirs = server->accept();
        EXPECT_NE(theirs, nullptr);
        return {std::move(ours), std::move(theirs)};
    }
    /// How much could be written without waiting.
    static std::size_t write(Stream& stream, const std::string& text) {
        const boost::asio::const_buffer piece = boost::asio::buffer(text);
        std::size_t written = 0;
        [[maybe_unused]] const auto transfer = stream.try_write({&piece, 1}, written);
        return written;
    }
    static std::string read(Stream& stream, std::size_t at_most = 1 << 20) {
        std::string text(at_most, '\0');
        const auto got = stream.try_read(boost::asio::buffer(text));
        text.resize(got.has_value() ? got->bytes : 0);
        return text;
    }
    static io::Error end_of(Stream& stream) {
        char byte = 0;
        const auto got = stream.try_read(boost::asio::buffer(&byte, 1));
        return got.has_value() ? got->error : io::Error();
    }
    static std::string frame(
        FrameType type, std::uint16_t flags, std::uint32_t stream, std::uint32_t length
    ) {
        std::string bytes;
        append_header(bytes, {type, flags, stream, length});
        return bytes;
    }
    void expect_refused(const std::string& bytes, std::string_view failure) {
        EXPECT_FALSE(server->feed(bytes));
        EXPECT_EQ(server->failure(), failure);
        EXPECT_TRUE(server->is_ended());
    }

    io::Loop loop;
    std::shared_ptr<Session> client = std::make_shared<Session>(loop, Role::client, 32 * 1024);
    std::shared_ptr<Session> server = std::make_shared<Session>(loop, Role::server, 32 * 1024);
};

TEST_F(MuxSession, FramesHaveTheFormOfYamux) {
    auto stream = client->open();
    EXPECT_EQ(write(*stream, "hi"), 2U);
    const std::string expected("\0\0\0\1\0\0\0\1\0\0\0\2hi", 14);
    EXPECT_EQ(client->output(), expected);
}

TEST_F(MuxSession, StreamsKeepTheirBytesApart) {
    auto [first, first_end] = open("one");
    auto [second, second_end] = open("two");
    EXPECT_EQ(read(*second_end), "two");
    EXPECT_EQ(read(*first_end), "one");
    EXPECT_EQ(write(*first_end, "answer one"), 10U);
    EXPECT_EQ(write(*second_end, "answer two"), 10U);
    deliver();
    EXPECT_EQ(read(*first), "answer one");
    EXPECT_EQ(read(*second), "answer two");
}

TEST_F(MuxSession, ReadsInPiecesAndAcrossCuts) {
    auto [ours, theirs] = open("start");
    EXPECT_EQ(read(*theirs, 3), "sta");
    EXPECT_EQ(write(*ours, "ling"), 4U);
    const std::string bytes = std::exchange(client->output(), {});
    for (const char byte : bytes) {
        ASSERT_TRUE(server->feed({&byte, 1}));
    }
    EXPECT_EQ(read(*theirs), "rtling");
}

TEST_F(MuxSession, FinEndsOneDirectionAfterItsBytes) {
    auto [ours, theirs] = open("question");
    EXPECT_FALSE(ours->finish());
    deliver();
    EXPECT_EQ(read(*theirs), "question");
    EXPECT_EQ(end_of(*theirs), boost::asio::error::eof);
    EXPECT_EQ(write(*theirs, "answer"), 6U);
    EXPECT_FALSE(theirs->finish());
    deliver();
    EXPECT_EQ(read(*ours), "answer");
    EXPECT_EQ(end_of(*ours), boost::asio::error::eof);
    ours.reset();
    theirs.reset();
    EXPECT_TRUE(client->output().empty());  // both had finished: nothing to reset
    EXPECT_TRUE(server->output().empty());
}

TEST_F(MuxSession, WhatHasEndedStaysWholeWhenTheOtherDirectionIsReset) {
    auto [ours, theirs] = open("question");
    EXPECT_EQ(write(*theirs, "answer"), 6U);
    EXPECT_FALSE(theirs->finish());
    theirs.reset();  // it does not wait for our end
    deliver();
    EXPECT_EQ(read(*ours), "answer");
    EXPECT_EQ(end_of(*ours), boost::asio::error::eof);
}

TEST_F(MuxSession, LeavingAStreamResetsIt) {
    auto [ours, theirs] = open("half");
    ours.reset();
    deliver();
    EXPECT_EQ(read(*theirs), "half");
    EXPECT_EQ(end_of(*theirs), boost::asio::error::connection_reset);
    const boost::asio::const_buffer piece("x", 1);
    std::size_t written = 0;
    EXPECT_EQ(theirs->try_write({&piece, 1}, written)->error, boost::asio::error::connection_reset);
}

TEST_F(MuxSession, ServerThatDropsAStreamResetsIt) {
    auto ours = client->open();
    EXPECT_EQ(write(*ours, "x"), 1U);
    deliver();
    server->accept().reset();
    deliver();
    EXPECT_EQ(end_of(*ours), boost::asio::error::connection_reset);
}

TEST_F(MuxSession, WindowStopsTheWriterUntilTheReaderReads) {
    auto [ours, theirs] = open("x");
    const std::string large(3 * k_window_bytes, 'y');
    const std::size_t first = write(*ours, large);
    EXPECT_EQ(first, k_window_bytes - 1);
    deliver();
    EXPECT_EQ(write(*ours, "more"), 0U);  // nobody has read
    EXPECT_EQ(read(*theirs).size(), k_window_bytes);
    deliver();
    EXPECT_GT(write(*ours, "more"), 0U);
}

TEST_F(MuxSession, WindowGrowsForAReaderThatKeepsUpAndIsBounded) {
    auto [ours, theirs] = open("x");
    const std::string large(8U << 20, 'y');
    std::size_t most = 0;
    for (int i = 0; i < 100; ++i) {
        std::size_t sent = 0;
        for (std::size_t more = write(*ours, large); more > 0; more = write(*ours, large)) {
            sent += more;
            deliver();
        }
        most = std::max(most, sent);
        EXPECT_LE(read(*theirs, 16U << 20).size(), k_window_bytes_max);
        deliver();
    }
    EXPECT_GE(most, k_window_bytes_max / 2);
    EXPECT_LE(most, k_window_bytes_max);
}

TEST_F(MuxSession, MoreWindowIsNothingToRead) {
    auto [ours, theirs] = open("x");
    ASSERT_TRUE(client->feed(frame(FrameType::window_update, 0, 1, 4096)));
    EXPECT_FALSE(ours->socket().may_be_readable());
    EXPECT_EQ(write(*theirs, "y"), 1U);
    deliver();
    EXPECT_TRUE(ours->socket().may_be_readable());
}

TEST_F(MuxSession, BulkLeavesRoomToOthers) {
    auto [bulk, bulk_end] = open("x");
    auto [small, small_end] = open("x");
    ASSERT_TRUE(client->feed(frame(FrameType::window_update, 0, 1, 8 * k_output_bytes_max)));
    EXPECT_LT(write(*bulk, std::string(4 * k_output_bytes_max, 'y')), k_output_bytes_max / 2);
    EXPECT_EQ(write(*small, "z"), 1U);
}

/// Writes again and again, as a relay does.
io::Awaitable<void> keep_writing(Stream& stream, std::size_t bytes, std::size_t& written) {
    const std::string text(16 * 1024, 'y');
    while (written < bytes) {
        const boost::asio::const_buffer piece(text.data(), std::min(text.size(), bytes - written));
        std::size_t done = 0;
        const auto transfer = co_await stream.socket().when_writable([&stream, &piece, &done] {
            return stream.try_write({&piece, 1}, done);
        });
        if (transfer.error) {
            co_return;
        }
        written += transfer.bytes;
    }
}

TEST_F(MuxSession, WritersTakeTurns) {
    constexpr std::size_t k_writers = 20;
    std::vector<std::pair<std::unique_ptr<Stream>, std::unique_ptr<Stream>>> streams;
    std::array<std::size_t, k_writers> written{};
    for (std::size_t i = 0; i < k_writers; ++i) {
        streams.push_back(open("x"));
        ASSERT_TRUE(client->feed(
            frame(FrameType::window_update, 0, static_cast<std::uint32_t>(2 * i + 1), 1U << 30)
        ));
        loop.spawn(keep_writing(*streams.back().first, 1U << 30, written[i]));
    }
    for (std::size_t i = 0; i < 3 * k_writers; ++i) {
        while (loop.run_once(std::chrono::milliseconds(0))) {
        }
        client->output().clear();
        client->on_output_taken();
    }
    const auto [least, most] = std::minmax_element(written.begin(), written.end());
    EXPECT_GT(*least, 0U);
    EXPECT_LE(*most, 2 * *least);
    client->end();
    while (loop.running() > 0) {
        loop.run_once(std::chrono::milliseconds(0));
    }
}

TEST_F(MuxSession, WriterWaitsWhenTheConnectionDoesNotTakeMore) {
    std::vector<std::unique_ptr<Stream>> streams;
    std::size_t sent = 0;
    for (std::size_t i = 0; i < k_streams_max; ++i) {
        streams.push_back(client->open());
        sent += write(*streams.back(), std::string(k_window_bytes, 'x'));
    }
    EXPECT_LT(sent, k_output_bytes_max + k_payload_bytes_max);
    EXPECT_LT(client->output().size(), k_output_bytes_max + 2 * k_payload_bytes_max);
}

TEST_F(MuxSession, BoundsTheStreamsOfAConnection) {
    std::vector<std::unique_ptr<Stream>> streams;
    for (std::size_t i = 0; i < k_streams_max; ++i) {
        streams.push_back(client->open());
        EXPECT_EQ(write(*streams.back(), "x"), 1U);
    }
    EXPECT_EQ(client->open(), nullptr);
}

TEST_F(MuxSession, StreamsThatTheClientLeftDoNotCountAgainstItsNewOnes) {
    std::vector<std::unique_ptr<Stream>> streams;
    std::vector<std::unique_ptr<Stream>> served;  // the server is still at work on each
    for (std::size_t i = 0; i < k_served_streams_max; ++i) {
        if (i == k_streams_max) {
            streams.clear();  // which resets them
        }
        streams.push_back(client->open());
        EXPECT_EQ(write(*streams.back(), "x"), 1U);
        deliver();
        served.push_back(server->accept());
        ASSERT_NE(served.back(), nullptr);
    }
    // Opening and resetting again and again is no way to have more work done than that.
    ASSERT_TRUE(server->feed(frame(FrameType::window_update, k_flag_syn, 1001, 0)));
    EXPECT_EQ(server->output(), frame(FrameType::window_update, k_flag_rst, 1001, 0));
    EXPECT_EQ(server->stream_count(), k_served_streams_max);
}

TEST_F(MuxSession, StreamsMayWriteInAnotherOrderThanTheyWereOpened) {
    auto first = client->open();
    auto second = client->open();
    EXPECT_EQ(write(*second, "second"), 6U);
    EXPECT_EQ(write(*first, "first"), 5U);
    deliver();
    auto second_end = server->accept();
    auto first_end = server->accept();
    EXPECT_EQ(read(*second_end), "second");
    EXPECT_EQ(read(*first_end), "first");
    EXPECT_EQ(write(*first_end, "to the first"), 12U);
    deliver();
    EXPECT_EQ(read(*first), "to the first");
    EXPECT_EQ(client->stream_count(), 2U);
    auto third = client->open();
    EXPECT_EQ(write(*third, "third"), 5U);
    deliver();
    EXPECT_EQ(read(*server->accept()), "third");
}

TEST_F(MuxSession, TellsWhichStreamsFoundTheConnectionThere) {
    EXPECT_FALSE(client->open()->is_of_kept_connection());
    EXPECT_TRUE(client->open()->is_of_kept_connection());
}

TEST_F(MuxSession, PlaceOfAResetStreamIsFreeAtOnce) {
    // The client leaves one stream and opens another; the server's end of the first is still in
    // use when the second comes.
    std::vector<std::unique_ptr<Stream>> streams;
    for (std::size_t i = 0; i < k_streams_max; ++i) {
        streams.push_back(client->open());
        EXPECT_EQ(write(*streams.back(), "x"), 1U);
    }
    deliver();
    std::vector<std::unique_ptr<Stream>> served;
    while (auto stream = server->accept()) {
        served.push_back(std::move(stream));
    }
    streams.back().reset();
    streams.back() = client->open();
    EXPECT_EQ(write(*streams.back(), "y"), 1U);
    deliver();
    auto next = server->accept();
    ASSERT_NE(next, nullptr);
    EXPECT_EQ(read(*next), "y");
    EXPECT_EQ(server->stream_count(), k_streams_max + 1);
}

TEST_F(MuxSession, OpeningAndResettingInALoopIsBounded) {
    std::vector<std::unique_ptr<Stream>> served;
    for (std::uint32_t id = 1; id < 2'000; id += 2) {
        ASSERT_TRUE(server->feed(
            frame(FrameType::window_update, k_flag_syn, id, 0) +
            frame(FrameType::window_update, k_flag_rst, id, 0)
        ));
        while (auto stream = server->accept()) {
            served.push_back(std::move(stream));
        }
    }
    EXPECT_EQ(served.size(), 2 * k_streams_max);
}

TEST_F(MuxSession, GoAwayStopsNewStreamsAndKeepsOld) {
    auto [ours, theirs] = open("x");
    server->go_away();
    deliver();
    EXPECT_TRUE(client->peer_goes_away());
    EXPECT_EQ(client->open(), nullptr);
    EXPECT_EQ(write(*ours, "y"), 1U);
    deliver();
    EXPECT_EQ(read(*theirs), "xy");
}

TEST_F(MuxSession, EndOfTheConnectionResetsAll) {
    auto [ours, theirs] = open("x");
    client->end();
    EXPECT_EQ(end_of(*ours), boost::asio::error::connection_reset);
    EXPECT_EQ(client->open(), nullptr);
}

TEST_F(MuxSession, AnswersPings) {
    ASSERT_TRUE(server->feed(frame(FrameType::ping, k_flag_syn, 0, 77)));
    EXPECT_EQ(server->output(), frame(FrameType::ping, k_flag_ack, 0, 77));
}

TEST_F(MuxSession, TellsWhenTheLastStreamHasGone) {
    int times = 0;
    client->on_empty([&times] { ++times; });
    auto first = client->open();
    auto second = client->open();
    first.reset();
    EXPECT_EQ(times, 0);
    second.reset();
    EXPECT_EQ(times, 1);
    client->on_empty({});
}

TEST_F(MuxSession, BytesOfAStreamThatIsGoneAreDropped) {
    auto [ours, theirs] = open("x");
    theirs.reset();
    EXPECT_EQ(write(*ours, "late"), 4U);
    deliver();
    EXPECT_FALSE(server->is_ended());
}

TEST_F(MuxSession, RefusesMoreThanTheWindow) {
    std::string bytes;
    for (std::uint32_t sent = 0; sent <= k_window_bytes; sent += 8192) {
        bytes += frame(FrameType::data, sent == 0 ? k_flag_syn : 0, 1, 8192);
        bytes += std::string(8192, 'x');
    }
    expect_refused(bytes, "more data than the window has room for");
}

TEST_F(MuxSession, RefusesStreamsOutOfTurn) {
    expect_refused(
        frame(FrameType::window_update, k_flag_syn, 2, 0), "a stream opened out of turn"
    );
}

TEST_F(MuxSession, ServerOpensNoStreams) {
    EXPECT_FALSE(client->feed(frame(FrameType::window_update, k_flag_syn, 2, 0)));
    EXPECT_EQ(client->failure(), "a stream opened out of turn");
}

TEST_F(MuxSession, RefusesWhatNobodyOpened) {
    expect_refused(frame(FrameType::data, 0, 5, 0), "a frame of a stream that nobody opened");
}

TEST_F(MuxSession, RefusesFramesThatAreTooLong) {
    expect_refused(
        frame(FrameType::data, k_flag_syn, 1, k_payload_bytes_max + 1),
        "a data frame that is too long"
    );
}

TEST_F(MuxSession, RefusesDataBehindTheEnd) {
    expect_refused(
        frame(FrameType::window_update, k_flag_syn | k_flag_fin, 1, 0) +
            frame(FrameType::data, 0, 1, 1) + "x",
        "data behind the end of a stream"
    );
}

TEST_F(MuxSession, RefusesWindowsThatOverflow) {
    expect_refused(
        frame(FrameType::window_update, k_flag_syn, 1, 0xffffffff), "a window that overflows"
    );
}

TEST_F(MuxSession, RefusesOtherVersionsTypesAndFlags) {
    expect_refused(
        std::string("\1\0\0\0\0\0\0\0\0\0\0\0", 12), "a frame of another version, type or flag"
    );
}

TEST_F(MuxSession, RefusesPeersThatAskAndNeverRead) {
    const std::string ping = frame(FrameType::ping, k_flag_syn, 0, 1);
    bool goes_on = true;
    for (std::size_t i = 0; goes_on && i < 1'000'000; ++i) {
        goes_on = server->feed(ping);
        ASSERT_LE(server->output().size(), 3 * k_output_bytes_max);
    }
    EXPECT_FALSE(goes_on);
}

/// One direction of a stream, as plain strings.
struct Model {
    std::string sent;
    std::string received;
    bool has_finished = false;
};
struct ModelStream {
    std::unique_ptr<Stream> client;
    std::unique_ptr<Stream> server;
    Model up;
    Model down;
};

class MuxModel : public MuxSession {
 protected:
    void write_some(Stream& stream, Model& model) {
        if (model.has_finished) {
            return;
        }
        std::string text(random() % 40'000, '\0');
        std::ranges::generate(text, [this] { return static_cast<char>(random()); });
        model.sent.append(text, 0, write(stream, text));
    }
    void read_some(Stream& stream, Model& model) {
        model.received += read(stream, 1 + random() % 50'000);
        ASSERT_LE(model.received.size(), model.sent.size());
    }
    /// A part of what is under way, cut anywhere.
    static void carry(Session& from, Session& to, std::string& wire, std::size_t at_most) {
        wire += std::exchange(from.output(), {});
        from.on_output_taken();
        const std::string piece = wire.substr(0, at_most);
        wire.erase(0, piece.size());
        ASSERT_TRUE(to.feed(piece)) << to.failure();
    }
    /// The first bytes of a stream say which one it is: they need not arrive in order.
    void accept() {
        while (auto stream = server->accept()) {
            std::array<char, 4> number{};
            ASSERT_EQ(stream->try_read(boost::asio::buffer(number))->bytes, number.size());
            const auto index = static_cast<std::size_t>(std::stoul(std::string(number.data(), 4)));
            streams.at(index).server = std::move(stream);
        }
    }
    void open_one() {
        if (auto stream = client->open()) {
            streams.emplace_back().client = std::move(stream);
        }
    }
    void begin(ModelStream& stream, std::size_t index) {
        std::string number = std::to_string(index);
        number.insert(0, 4 - number.size(), '0');
        if (write(*stream.client, number) == number.size()) {
            has_begun.insert(index);
        }
    }
    void step() {
        const std::size_t index = random() % streams.size();
        ModelStream& stream = streams[index];
        if (!has_begun.contains(index)) {
            begin(stream, index);
            return;
        }
        switch (random() % 6) {
            case 0:
                write_some(*stream.client, stream.up);
                break;
            case 1:
                read_some(*stream.client, stream.down);
                break;
            case 2:
                if (stream.server != nullptr) {
                    write_some(*stream.server, stream.down);
                }
                break;
            case 3:
                if (stream.server != nullptr) {
                    read_some(*stream.server, stream.up);
                }
                break;
            case 4:
                carry(*client, *server, upward, random() % 60'000);
                accept();
                break;
            default:
                carry(*server, *client, downward, random() % 60'000);
                break;
        }
    }
    static void expect_whole(Stream& stream, const Model& model) {
        EXPECT_EQ(model.received, model.sent);
        EXPECT_EQ(end_of(stream), boost::asio::error::eof);
    }

    std::minstd_rand random{20'240'817};
    std::vector<ModelStream> streams;
    std::set<std::size_t> has_begun;
    std::string upward;  // on the wire
    std::string downward;
};

TEST_F(MuxModel, DeliversWhatPlainStringsWould) {
    streams.reserve(k_streams_max);
    for (int i = 0; i < 6'400; ++i) {
        if (i % 100 == 0) {
            open_one();
        }
        step();
        ASSERT_FALSE(HasFatalFailure());
    }
    ASSERT_EQ(streams.size(), k_streams_max);
    carry(*client, *server, upward, std::string::npos);
    accept();
    for (std::size_t i = 0; i < streams.size(); ++i) {
        if (!has_begun.contains(i)) {
            begin(streams[i], i);
        }
    }
    ASSERT_EQ(has_begun.size(), streams.size());
    for (int rounds = 0; rounds < 100; ++rounds) {
        carry(*client, *server, upward, std::string::npos);
        accept();
        for (ModelStream& stream : streams) {
            read_some(*stream.server, stream.up);
            read_some(*stream.client, stream.down);
        }
        carry(*server, *client, downward, std::string::npos);
    }
    for (ModelStream& stream : streams) {
        EXPECT_FALSE(stream.client->finish());
        EXPECT_FALSE(stream.server->finish());
    }
    deliver();
    for (ModelStream& stream : streams) {
        expect_whole(*stream.server, stream.up);
        expect_whole(*stream.client, stream.down);
    }
}

}  // namespace
}  // namespace proxy::net::mux
