#include "tls/workload_api/grpc_call.hpp"

#include "tests/support/http2_bytes.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nghttp2/nghttp2.h>

#include <memory>
#include <string>

namespace tls::workload_api {
namespace {

using namespace http2_bytes;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

constexpr std::string_view k_preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// Has sent what it asks.
struct AskedCall : GrpcCall {
    AskedCall() : GrpcCall("localhost") { [[maybe_unused]] const auto request = take_output(); }
};

/// The end of a call to which the server says `bytes`.
GrpcEnd end_after(std::string_view bytes) {
    AskedCall call;
    call.feed(bytes);
    // Where nghttp2 breaks off by itself, it says so to the server first.
    [[maybe_unused]] const auto goaway = call.take_output();
    EXPECT_TRUE(call.end().has_value()) << "it goes on";
    return call.end().value_or(GrpcEnd{});
}

/// The frames that a call has to send now.
std::vector<Frame> sent_by(GrpcCall& call) {
    std::string output = call.take_output();
    std::string_view rest = output;
    if (rest.starts_with(k_preface)) {
        rest.remove_prefix(k_preface.size());
    }
    return frames_of(rest);
}

const Frame* find(const std::vector<Frame>& frames, std::uint8_t type) {
    for (const Frame& frame : frames) {
        if (frame.type == type) {
            return &frame;
        }
    }
    return nullptr;
}

Fields fields_of(const std::string& block) {
    struct Delete {
        void operator()(nghttp2_hd_inflater* inflater) const { nghttp2_hd_inflate_del(inflater); }
    };
    nghttp2_hd_inflater* made = nullptr;
    nghttp2_hd_inflate_new(&made);
    const std::unique_ptr<nghttp2_hd_inflater, Delete> inflater(made);
    Fields fields;
    std::string_view rest = block;
    for (int flags = 0; (flags & NGHTTP2_HD_INFLATE_FINAL) == 0;) {
        nghttp2_nv field{};
        const ssize_t taken = nghttp2_hd_inflate_hd2(
            made, &field, &flags, reinterpret_cast<const std::uint8_t*>(rest.data()), rest.size(), 1
        );
        if (taken < 0) {
            ADD_FAILURE() << "no HPACK";
            return fields;
        }
        rest.remove_prefix(static_cast<std::size_t>(taken));
        if ((flags & NGHTTP2_HD_INFLATE_EMIT) != 0) {
            fields.emplace_back(
                std::string(reinterpret_cast<const char*>(field.name), field.namelen),
                std::string(reinterpret_cast<const char*>(field.value), field.valuelen)
            );
        }
    }
    return fields;
}

// --- What is asked ---

TEST(GrpcCall, AsksAsTheWorkloadApiWants) {
    GrpcCall call("localhost");
    const std::string output = call.take_output();
    ASSERT_THAT(output, StartsWith(std::string(k_preface)));
    const std::vector<Frame> frames = frames_of(std::string_view(output).substr(k_preface.size()));
    ASSERT_EQ(frames.size(), 3U);
    EXPECT_EQ(frames[0].type, k_settings);
    EXPECT_EQ(frames[1].type, k_headers);
    EXPECT_EQ(frames[1].flags, k_end_headers);
    const Fields expected{
        {":method", "POST"},
        {":scheme", "http"},
        {":path", "/SpiffeWorkloadAPI/FetchX509SVID"},
        {":authority", "localhost"},
        {"te", "trailers"},
        {"content-type", "application/grpc"},
        {"user-agent", "smilax/" SMILAX_VERSION},
        {"workload.spiffe.io", "true"},
    };
    EXPECT_EQ(fields_of(frames[1].payload), expected);
    EXPECT_EQ(frames[2].type, k_data);
    EXPECT_EQ(frames[2].flags, k_end_stream);
    EXPECT_EQ(frames[2].payload, std::string(5, '\0'));
}

TEST(GrpcCall, WaitsForAWindowToAskIn) {
    GrpcCall call("localhost");
    // SETTINGS_INITIAL_WINDOW_SIZE 3, before anything was sent.
    call.feed(settings(number(4, 2) + number(3, 4)));
    const auto first = sent_by(call);
    ASSERT_NE(find(first, k_data), nullptr);
    EXPECT_EQ(find(first, k_data)->payload, std::string(3, '\0'));
    EXPECT_EQ(find(first, k_data)->flags, 0);
    call.feed(frame(k_window_update, 0, 1, number(10, 4)));
    const auto rest = sent_by(call);
    ASSERT_NE(find(rest, k_data), nullptr);
    EXPECT_EQ(find(rest, k_data)->payload, std::string(2, '\0'));
    EXPECT_EQ(find(rest, k_data)->flags, k_end_stream);
}

TEST(GrpcCall, AnswersPingAndSettings) {
    AskedCall call;
    call.feed(settings() + frame(k_ping, 0, 0, "12345678"));
    const auto frames = sent_by(call);
    ASSERT_EQ(frames.size(), 2U);
    EXPECT_EQ(find(frames, k_settings)->flags, k_ack);
    EXPECT_EQ(find(frames, k_ping)->flags, k_ack);
    EXPECT_EQ(find(frames, k_ping)->payload, "12345678");
    EXPECT_FALSE(call.end().has_value());
}

// --- Messages ---

TEST(GrpcCall, GivesAMessageOnce) {
    AskedCall call;
    call.feed(answer("the message"));
    EXPECT_EQ(call.take_message(), "the message");
    EXPECT_EQ(call.take_message(), std::nullopt);
    EXPECT_FALSE(call.end().has_value());
    call.feed(data_frames(prefixed("another")));
    EXPECT_EQ(call.take_message(), "another");
}

TEST(GrpcCall, MessagesMayComeByteByByte) {
    AskedCall call;
    const std::string bytes = answer("one") + data_frames(prefixed("two"));
    std::vector<std::string> messages;
    for (const char byte : bytes) {
        call.feed({&byte, 1});
        if (auto message = call.take_message()) {
            messages.push_back(*message);
        }
    }
    EXPECT_EQ(messages, (std::vector<std::string>{"one", "two"}));
}

TEST(GrpcCall, MessagesMayBeSplitAcrossFrames) {
    AskedCall call;
    std::string split = settings() + grpc_head();
    for (const char byte : prefixed("the message")) {
        split += data_frames({&byte, 1}) + data_frames("");
    }
    call.feed(std::string_view(split).substr(0, split.size() - 20));
    EXPECT_TRUE(call.is_amid_message());
    EXPECT_EQ(call.take_message(), std::nullopt);
    call.feed(std::string_view(split).substr(split.size() - 20));
    EXPECT_EQ(call.take_message(), "the message");
    EXPECT_FALSE(call.is_amid_message());
}

TEST(GrpcCall, OfMessagesThatCameTogetherTheNewestCounts) {
    AskedCall call;
    call.feed(answer("old") + data_frames(prefixed("new") + prefixed("newest")));
    EXPECT_EQ(call.take_message(), "newest");
    EXPECT_EQ(call.take_message(), std::nullopt);
}

TEST(GrpcCall, AnEmptyMessageIsAMessage) {
    AskedCall call;
    call.feed(answer(""));
    EXPECT_EQ(call.take_message(), "");
}

/// As a server that keeps to the windows: 64 KiB, and what the client gives back.
TEST(GrpcCall, WindowsLetAMessageOfFourMebibytesThrough) {
    AskedCall call;
    const std::string message(k_response_bytes_max, 'x');
    const std::string bytes = prefixed(message);
    call.feed(settings() + grpc_head());
    std::size_t windows[] = {65'535, 65'535};  // of the connection and of the stream
    std::size_t sent = 0;
    while (sent < bytes.size()) {
        const std::size_t room = std::min({windows[0], windows[1], std::size_t{16'384}});
        ASSERT_GT(room, 0U) << "the client gives nothing back, after " << sent << " bytes";
        const std::string_view piece = std::string_view(bytes).substr(sent, room);
        call.feed(data_frames(piece));
        sent += piece.size();
        windows[0] -= piece.size();
        windows[1] -= piece.size();
        for (const Frame& frame : sent_by(call)) {
            if (frame.type == k_window_update) {
                windows[frame.stream == 0 ? 0 : 1] += number_of(frame.payload);
            }
        }
    }
    EXPECT_EQ(call.take_message(), message);
}

TEST(GrpcCall, ALargerMessageIsRefusedByItsLength) {
    const std::string prefix = '\0' + number(k_response_bytes_max + 1, 4);
    const GrpcEnd end = end_after(settings() + grpc_head() + data_frames(prefix));
    EXPECT_EQ(
        end.sentence, "it sends a message of 4194305 bytes, more than the 4194304 that are taken"
    );
}

TEST(GrpcCall, ACompressedMessageIsRefused) {
    const GrpcEnd end = end_after(settings() + grpc_head() + data_frames(prefixed("x", '\1')));
    EXPECT_EQ(end.sentence, "it sends a compressed message, which was not asked for");
}

TEST(GrpcCall, TheLastMessageIsThereAfterTheEnd) {
    AskedCall call;
    call.feed(answer("last") + trailers({{"grpc-status", "14"}}));
    EXPECT_EQ(call.take_message(), "last");
    ASSERT_TRUE(call.end().has_value());
    EXPECT_EQ(call.end()->code, GrpcCode::unavailable);
}

// --- How it ends ---

TEST(GrpcCall, TrailersSayHowItEnded) {
    const GrpcEnd end = end_after(
        settings() + grpc_head() +
        trailers({{"grpc-status", "7"}, {"grpc-message", "no identity issued"}})
    );
    EXPECT_EQ(end.code, GrpcCode::permission_denied);
    EXPECT_EQ(end.sentence, "PermissionDenied: no identity issued");
}

TEST(GrpcCall, TrailersMayComeAlone) {
    const Fields fields{
        {":status", "200"},
        {"content-type", "application/grpc"},
        {"grpc-status", "3"},
        {"grpc-message", "security%20header missing%0a%ff\x01%4"},
    };
    const GrpcEnd end = end_after(settings() + head(fields, k_end_stream));
    EXPECT_EQ(end.code, GrpcCode::internal) << "a control character is no field of HTTP/2";
    Fields good = fields;
    good.back().second = "security%20header missing%0a%ff%4";
    const GrpcEnd readable = end_after(settings() + head(good, k_end_stream));
    EXPECT_EQ(readable.code, GrpcCode::invalid_argument);
    EXPECT_EQ(readable.sentence, "InvalidArgument: security header missing??%4");
}

TEST(GrpcCall, AStatusThatIsNoneIsSaid) {
    for (const char* status : {"17", "-1", "7x", "99999999999999999999999"}) {
        const GrpcEnd end =
            end_after(settings() + grpc_head() + trailers({{"grpc-status", status}}));
        EXPECT_EQ(end.code, GrpcCode::unknown);
        EXPECT_EQ(end.sentence, std::string("grpc-status \"") + status + "\"");
    }
}

TEST(GrpcCall, EveryStatusHasItsName) {
    for (int status = 0; status <= 16; ++status) {
        const GrpcEnd end = end_after(
            settings() + grpc_head() + trailers({{"grpc-status", std::to_string(status)}})
        );
        EXPECT_THAT(end.sentence, Not(HasSubstr("grpc-status"))) << status;
        EXPECT_THAT(end.sentence, Not(HasSubstr(":"))) << status;
    }
}

TEST(GrpcCall, AnEndWithoutStatusIsAnError) {
    const std::string start = settings() + grpc_head();
    EXPECT_EQ(
        end_after(start + frame(k_data, k_end_stream, 1, "")).sentence,
        "its stream ended without a grpc-status"
    );
    EXPECT_EQ(
        end_after(start + trailers({{"x", "y"}})).sentence, "its stream ended without a grpc-status"
    );
}

TEST(GrpcCall, WhatIsNoGrpcIsSaidToBeNone) {
    const GrpcEnd not_found = end_after(settings() + head({{":status", "404"}}, k_end_stream));
    EXPECT_EQ(not_found.code, GrpcCode::unimplemented);
    EXPECT_EQ(not_found.sentence, "it answers HTTP status 404, which is no gRPC");
    const GrpcEnd busy = end_after(settings() + head({{":status", "503"}}) + data_frames("<html>"));
    EXPECT_EQ(busy.code, GrpcCode::unavailable);
    for (const char* type : {"text/html", "application/grpcx", ""}) {
        AskedCall call;
        call.feed(
            settings() + head({{":status", "200"}, {"content-type", type}}) +
            data_frames(prefixed("x"))
        );
        EXPECT_EQ(call.take_message(), std::nullopt) << type;
        ASSERT_TRUE(call.end().has_value()) << type;
        EXPECT_THAT(call.end()->sentence, HasSubstr("content-type")) << type;
    }
    for (const char* type : {"application/grpc+proto", "application/grpc;x=y"}) {
        AskedCall call;
        call.feed(
            settings() + head({{":status", "200"}, {"content-type", type}}) +
            data_frames(prefixed("x"))
        );
        EXPECT_EQ(call.take_message(), "x") << type;
    }
}

TEST(GrpcCall, ACompressedStreamIsRefused) {
    Fields fields{{":status", "200"}, {"content-type", "application/grpc"}};
    fields.emplace_back("grpc-encoding", "gzip");
    EXPECT_THAT(end_after(settings() + head(fields)).sentence, HasSubstr("compresses (gzip)"));
    fields.back().second = "identity";
    AskedCall call;
    call.feed(settings() + head(fields) + data_frames(prefixed("x")));
    EXPECT_EQ(call.take_message(), "x");
}

TEST(GrpcCall, InformationalHeadsArePassedOver) {
    AskedCall call;
    call.feed(
        settings() + head({{":status", "103"}, {"grpc-status", "7"}}) + grpc_head() +
        data_frames(prefixed("x"))
    );
    EXPECT_EQ(call.take_message(), "x");
    EXPECT_FALSE(call.end().has_value());
}

TEST(GrpcCall, AResetSaysWhy) {
    const std::string start = settings() + grpc_head();
    const GrpcEnd refused = end_after(start + frame(k_rst_stream, 0, 1, number(7, 4)));
    EXPECT_EQ(refused.code, GrpcCode::unavailable);
    EXPECT_EQ(refused.sentence, "it reset the stream (REFUSED_STREAM)");
    EXPECT_EQ(
        end_after(start + frame(k_rst_stream, 0, 1, number(0xc, 4))).code,
        GrpcCode::permission_denied
    );
    EXPECT_EQ(end_after(start + frame(k_rst_stream, 0, 1, number(2, 4))).code, GrpcCode::internal);
}

TEST(GrpcCall, GoingAwayEndsIt) {
    const GrpcEnd end = end_after(answer("x") + frame(k_goaway, 0, 0, number(1, 4) + number(0, 4)));
    EXPECT_EQ(end.code, GrpcCode::unavailable);
    EXPECT_EQ(end.sentence, "it is going away (GOAWAY)");
}

TEST(GrpcCall, TheEndOfInputEndsIt) {
    AskedCall call;
    call.feed(answer("x"));
    call.end_input();
    ASSERT_TRUE(call.end().has_value());
    EXPECT_EQ(call.end()->sentence, "it closed the connection");
    call.feed(data_frames(prefixed("more")));
    EXPECT_EQ(call.take_message(), "x") << "what comes after the end is not read";
}

// --- Hostile ---

TEST(GrpcCall, GarbageIsNoHttp2) {
    EXPECT_THAT(end_after("HTTP/1.1 400 Bad Request\r\n\r\n").sentence, HasSubstr("HTTP/2"));
    EXPECT_THAT(end_after(std::string(200, '\xff')).sentence, HasSubstr("HTTP/2"));
}

TEST(GrpcCall, BrokenRulesOfHttp2EndIt) {
    const std::vector<std::string> broken{
        data_frames("x"),                                         // before settings
        settings() + data_frames(prefixed("x")),                  // before its head
        settings() + frame(k_data, 0, 3, "x"),                    // a stream that is not there
        settings() + frame(k_headers, k_end_headers, 1, "\x80"),  // no HPACK
        settings() + frame(k_ping, 0, 0, "short"),
        settings() + head({{"no-status", "x"}}),
        settings() + frame(k_settings, k_ack, 0, "") +
            frame(5, k_end_headers, 1, number(2, 4)),  // PUSH_PROMISE
    };
    for (const std::string& bytes : broken) {
        AskedCall call;
        call.feed(bytes);
        // Where nghttp2 breaks off by itself.
        [[maybe_unused]] const auto goaway = call.take_output();
        EXPECT_TRUE(call.end().has_value()) << ::testing::PrintToString(bytes);
        EXPECT_EQ(call.take_message(), std::nullopt);
    }
}

std::string repeated(const std::string& part, std::size_t bytes) {
    std::string all;
    while (all.size() < bytes) {
        all += part;
    }
    return all;
}

/// Fed as from a socket, the answers taken each time: what comes without end is cut off.
std::string end_of_flood(const std::string& flood) {
    constexpr std::size_t k_piece_bytes = 8'000;
    const std::string piece = repeated(flood, k_piece_bytes);
    AskedCall call;
    call.feed(settings() + grpc_head());
    for (std::size_t fed = 0; fed <= k_bytes_per_message_max; fed += piece.size()) {
        call.feed(piece);
        [[maybe_unused]] const auto output = call.take_output();
    }
    EXPECT_TRUE(call.end().has_value());
    return call.end().value_or(GrpcEnd{}).sentence;
}

TEST(GrpcCall, FloodsOfFramesEndIt) {
    const std::vector<std::string> floods{
        settings(),
        frame(k_ping, 0, 0, "12345678"),
        frame(k_window_update, 0, 0, number(1, 4)),
        frame(0x21, 0, 0, "unknown"),
        frame(2, 0, 1, std::string(5, '\0')),  // PRIORITY
        data_frames(""),
    };
    for (const std::string& flood : floods) {
        EXPECT_THAT(end_of_flood(flood), StartsWith("it "));
    }
}

TEST(GrpcCall, FramesThatCannotBeAnsweredEndIt) {
    AskedCall call;
    call.feed(repeated(settings(), 64 * 1024));
    [[maybe_unused]] const auto output = call.take_output();
    EXPECT_TRUE(call.end().has_value()) << "thousands of answers are not kept";
}

TEST(GrpcCall, FramesWithMessagesBetweenThemGoOn) {
    AskedCall call;
    call.feed(settings() + grpc_head());
    const std::string ping = frame(k_ping, 0, 0, "12345678");
    const std::string piece = repeated(ping, 8'000) + data_frames(prefixed("x"));
    for (std::size_t fed = 0; fed <= 2 * k_bytes_per_message_max; fed += piece.size()) {
        call.feed(piece);
        [[maybe_unused]] const auto output = call.take_output();
        EXPECT_EQ(call.take_message(), "x");
    }
    EXPECT_FALSE(call.end().has_value());
}

TEST(GrpcCall, EndlessFieldsEndIt) {
    Fields fields{{":status", "200"}, {"content-type", "application/grpc"}};
    for (int i = 0; i < 200; ++i) {
        fields.emplace_back("x-filler", std::string(100, 'x'));
    }
    EXPECT_EQ(end_after(settings() + head(fields)).code, GrpcCode::internal);
    AskedCall call;
    call.feed(settings());
    for (int i = 0; i < 400 && !call.end().has_value(); ++i) {
        call.feed(head({{":status", "103"}, {"x-filler", std::string(100, 'x')}}));
    }
    ASSERT_TRUE(call.end().has_value());
    EXPECT_EQ(call.end()->sentence, "it sends more header fields than are taken");
}

}  // namespace
}  // namespace tls::workload_api
