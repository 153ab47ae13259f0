// Many streams in one connection, without I/O: bytes in, streams' bytes out, and back.
#pragma once

#include "io/socket.hpp"
#include "proxy/net/buffer.hpp"
#include "proxy/net/mux/frame.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/unordered/unordered_flat_map.hpp>

#include <chrono>
#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace proxy::net::mux {

inline constexpr std::size_t k_streams_max = 64;  // at a time, in one connection
/// A server bears more: of streams that the client has left already, it may still be at work on
/// some. They count until that is over, so that opening and resetting in turn is bounded work.
inline constexpr std::size_t k_served_streams_max = 2 * k_streams_max;
/// What a stream may hold for its reader when it begins (yamux says 256 KiB; we say less, because
/// a peer that is not allowed anything yet can make us hold this much k_served_streams_max times).
inline constexpr std::uint32_t k_window_bytes = 64 * 1024;
/// It doubles where a reader keeps up, to this,
inline constexpr std::uint32_t k_window_bytes_max = 128 * 1024;
/// as long as all streams of a connection together have grown by no more than this. Readers may
/// hold as much again: what they have taken and not yet passed on makes room for more.
inline constexpr std::uint32_t k_window_growth_bytes_max = 4 * 1024 * 1024;
/// A data frame's payload: with its header it fits into one TLS record.
inline constexpr std::size_t k_payload_bytes_max = 16 * 1024 - k_header_bytes;
/// Output that waits for the socket; beyond it writers wait too.
inline constexpr std::size_t k_output_bytes_max = 256 * 1024;
/// Of it, what one stream may fill: a bulk transfer leaves room to the others.
inline constexpr std::size_t k_output_share_bytes = k_output_bytes_max / 4;

/// The client opens streams, the server accepts them.
enum class Role : std::uint8_t { client, server };

class Session;

/// One stream. Owned by whoever uses it; leaving it resets the stream unless both sides have
/// finished. Reads and writes never wait: nullopt means that `socket()` is to be awaited, a socket
/// without a descriptor, which closes, cancels and wakes as others do.
class Stream {
 public:
    Stream(std::shared_ptr<Session> session, std::uint32_t id);
    ~Stream();
    Stream(const Stream&) = delete;
    Stream& operator=(const Stream&) = delete;

    [[nodiscard]] io::Socket& socket() noexcept { return socket_; }
    [[nodiscard]] std::optional<io::Transfer> try_read(boost::asio::mutable_buffer buffer);
    /// All that is there, without a copy; `buffer` is empty and of the session's size.
    [[nodiscard]] std::optional<io::Transfer> try_take(Buffer& buffer);
    /// Goes on behind the first `written` bytes of `buffers` and counts on.
    [[nodiscard]] std::optional<io::Transfer> try_write(
        std::span<const boost::asio::const_buffer> buffers, std::size_t& written
    );
    /// FIN: the other direction goes on.
    [[nodiscard]] io::Error finish();
    /// The connection was there before this stream was wanted: it may have died unnoticed.
    [[nodiscard]] bool is_of_kept_connection() const noexcept { return is_of_kept_connection_; }
    [[nodiscard]] const Session& session() const noexcept { return *session_; }

 private:
    friend class Session;

    [[nodiscard]] std::uint16_t opening_flag();
    [[nodiscard]] std::optional<io::Transfer> try_end();
    /// Room in the output for this stream now; else it waits for its turn.
    [[nodiscard]] bool may_write();
    void take(std::string_view payload);
    void on_taken();
    void give_window();

    std::shared_ptr<Session> session_;
    io::Socket socket_;
    std::uint32_t id_;
    Buffer input_;
    std::uint32_t window_size_ = k_window_bytes;     // what we hold at most
    std::uint32_t receive_window_ = k_window_bytes;  // of it, what the peer may still send
    std::uint32_t send_window_ = k_window_bytes;     // what we may
    std::uint64_t output_turn_ = 0;                  // Session::turn_ when it last wrote
    std::size_t turn_bytes_ = 0;                     // what it wrote in that turn
    std::uint64_t waits_since_ = 0;                  // a ticket of its session; 0: it does not wait
    bool is_of_kept_connection_ = false;
    bool has_begun_ = false;  // our first frame went out
    bool has_finished_ = false;
    bool peer_has_finished_ = false;
    bool is_reset_ = false;
};

/// The connection's end of all streams. Shared by its streams and by whoever moves its bytes; all
/// of one loop.
class Session : public std::enable_shared_from_this<Session> {
 public:
    /// `buffer_bytes`: of the memory that a stream holds while it has bytes for its reader.
    /// `retire_at`: from when on no more streams should be opened (tls::Stream::retire_at).
    Session(
        io::Loop& loop,
        Role role,
        std::size_t buffer_bytes,
        std::chrono::system_clock::time_point retire_at =
            std::chrono::system_clock::time_point::max()
    )
        : loop_(loop), role_(role), buffer_bytes_(buffer_bytes), retire_at_(retire_at) {}
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;

    /// All of `bytes`, which the peer sent. False: it broke the protocol, failure() says how.
    /// Streams with news are woken.
    [[nodiscard]] bool feed(std::string_view bytes);
    [[nodiscard]] std::string_view failure() const { return failure_; }
    /// The connection is gone: every stream ends with connection_reset.
    void end();

    /// Bytes for the peer, to be taken and sent in this order.
    [[nodiscard]] std::string& output() { return output_; }
    /// Resumed once, when output() is no longer empty or the session has ended.
    void on_output(std::coroutine_handle<> writer) { writer_ = writer; }
    /// Called each time the last stream has gone.
    void on_empty(std::function<void()> call) { on_empty_ = std::move(call); }
    /// After output() was taken: streams that waited for room go on, in the order in which they
    /// began to wait.
    void on_output_taken();

    /// A new stream of ours; null where the peer or the bound allows none.
    [[nodiscard]] std::unique_ptr<Stream> open();
    /// A stream that the peer has opened; null when there is none.
    [[nodiscard]] std::unique_ptr<Stream> accept();
    /// Tells the peer to open no more streams here.
    void go_away();
    [[nodiscard]] bool may_open() const {
        return !is_ended_ && !is_going_away() && streams_.size() < k_streams_max;
    }
    /// One of both sides wants no more streams here, nor more of those that are.
    [[nodiscard]] bool is_going_away() const { return peer_goes_away_ || goes_away_; }
    [[nodiscard]] std::chrono::system_clock::time_point retire_at() const { return retire_at_; }
    [[nodiscard]] Role role() const { return role_; }
    [[nodiscard]] bool is_ended() const { return is_ended_; }
    [[nodiscard]] bool peer_goes_away() const { return peer_goes_away_; }
    [[nodiscard]] std::size_t stream_count() const { return streams_.size(); }

 private:
    friend class Stream;

    [[nodiscard]] bool fail(std::string_view failure);
    [[nodiscard]] static std::size_t frame_bytes(std::string_view bytes);
    [[nodiscard]] std::size_t feed_frame(std::string_view bytes);
    [[nodiscard]] bool on_frame(const Frame& frame, std::string_view payload);
    [[nodiscard]] bool on_stream_frame(const Frame& frame, std::string_view payload);
    [[nodiscard]] bool on_open(const Frame& frame);
    void begin(Stream& stream);
    void send(const Frame& frame);
    void wake_writer();

    io::Loop& loop_;
    Role role_;
    std::size_t buffer_bytes_;
    std::chrono::system_clock::time_point retire_at_;
    boost::unordered_flat_map<std::uint32_t, Stream*> streams_;
    std::vector<std::unique_ptr<Stream>> opened_;
    std::string partial_;  // a frame whose end has not come
    std::string output_;
    std::coroutine_handle<> writer_;
    std::string_view failure_;
    std::uint32_t last_id_ = 0;
    std::uint32_t begun_id_ = 0;  // of our streams that the peer knows, the last
    std::uint64_t turn_ = 0;      // how often output_ was taken
    std::uint64_t last_ticket_ = 0;
    bool has_waiting_writers_ = false;
    std::uint32_t window_growth_left_ = k_window_growth_bytes_max;
    bool is_ended_ = false;
    bool peer_goes_away_ = false;
    bool goes_away_ = false;
    std::function<void()> on_empty_;
};

}  // namespace proxy::net::mux
