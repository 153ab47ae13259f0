#include "proxy/net/mux/session.hpp"

#include <boost/asio/error.hpp>

#include <algorithm>
#include <cassert>
#include <cstring>
#include <utility>

namespace proxy::net::mux {

namespace {

constexpr std::uint32_t k_go_away_normal = 0;

}  // namespace

// --- Stream ---

Stream::Stream(std::shared_ptr<Session> session, std::uint32_t id)
    : session_(std::move(session)),
      socket_(io::Socket::without_descriptor(session_->loop_)),
      id_(id),
      input_(session_->buffer_bytes_) {
    session_->streams_.emplace(id_, this);
}

Stream::~Stream() {
    session_->streams_.erase(id_);
    if (session_->streams_.empty() && session_->on_empty_) {
        session_->on_empty_();
    }
    session_->window_growth_left_ += window_size_ - k_window_bytes;
    const bool is_over = is_reset_ || (has_finished_ && peer_has_finished_);
    const bool peer_knows = has_begun_ || session_->role_ == Role::server;
    if (peer_knows && !is_over && !session_->is_ended_) {
        session_->send({FrameType::window_update, k_flag_rst, id_, 0});
    }
}

/// What a reader gets when nothing is there; nullopt: something may come.
std::optional<io::Transfer> Stream::try_end() {
    if (peer_has_finished_) {
        return io::Transfer{boost::asio::error::eof};  // also where a reset came after it
    }
    if (is_reset_) {
        return io::Transfer{boost::asio::error::connection_reset};
    }
    socket_.set_not_readable();
    return std::nullopt;
}

std::optional<io::Transfer> Stream::try_read(boost::asio::mutable_buffer buffer) {
    if (input_.is_empty()) {
        return try_end();
    }
    const std::size_t bytes = std::min(input_.data().size(), buffer.size());
    std::memcpy(buffer.data(), input_.data().data(), bytes);
    input_.consume(bytes);
    on_taken();
    return io::Transfer{{}, bytes};
}

std::optional<io::Transfer> Stream::try_take(Buffer& buffer) {
    if (input_.is_empty()) {
        return try_end();
    }
    input_.swap(buffer);
    on_taken();
    return io::Transfer{{}, buffer.data().size()};
}

void Stream::on_taken() {
    if (input_.is_empty()) {
        input_.release();
        if (!peer_has_finished_ && !is_reset_) {
            socket_.set_not_readable();
        }
    }
    give_window();
}

/// Lets the peer send more once half of the window is free.
void Stream::give_window() {
    if (peer_has_finished_ || is_reset_ || session_->is_ended_) {
        return;
    }
    const auto held = static_cast<std::uint32_t>(input_.data().size());
    if (held + receive_window_ > window_size_ / 2) {
        return;
    }
    const std::uint32_t growth = std::min(window_size_, k_window_bytes_max - window_size_);
    if (held == 0 && growth > 0 && session_->window_growth_left_ >= growth) {
        session_->window_growth_left_ -= growth;
        window_size_ += growth;
    }
    const std::uint32_t more = window_size_ - held - receive_window_;
    receive_window_ += more;
    session_->send({FrameType::window_update, opening_flag(), id_, more});
}

std::optional<io::Transfer> Stream::try_write(
    std::span<const boost::asio::const_buffer> buffers, std::size_t& written
) {
    const std::size_t total = boost::asio::buffer_size(buffers);
    while (written < total) {
        if (is_reset_ || session_->is_ended_) {
            return io::Transfer{boost::asio::error::connection_reset, written};
        }
        if (has_finished_) {
            return io::Transfer{boost::asio::error::broken_pipe, written};
        }
        if (send_window_ == 0 || !may_write()) {
            return std::nullopt;
        }
        const std::size_t bytes =
            std::min({total - written, std::size_t{send_window_}, k_payload_bytes_max});
        const std::uint16_t flag = opening_flag();
        session_->send({FrameType::data, flag, id_, static_cast<std::uint32_t>(bytes)});
        std::string& output = session_->output_;
        std::size_t skipped = written;
        std::size_t left = bytes;
        for (const auto& buffer : buffers) {
            if (skipped >= buffer.size()) {
                skipped -= buffer.size();
                continue;
            }
            const std::size_t piece = std::min(buffer.size() - skipped, left);
            output.append(static_cast<const char*>(buffer.data()) + skipped, piece);
            skipped = 0;
            left -= piece;
            if (left == 0) {
                break;
            }
        }
        send_window_ -= static_cast<std::uint32_t>(bytes);
        turn_bytes_ += bytes;
        written += bytes;
    }
    return io::Transfer{{}, written};
}

io::Error Stream::finish() {
    if (is_reset_ || session_->is_ended_) {
        return boost::asio::error::connection_reset;
    }
    if (!has_finished_) {
        const std::uint16_t flag = opening_flag();
        has_finished_ = true;
        session_->send(
            {FrameType::window_update, static_cast<std::uint16_t>(flag | k_flag_fin), id_, 0}
        );
    }
    return {};
}

bool Stream::may_write() {
    if (std::exchange(output_turn_, session_->turn_) != session_->turn_) {
        turn_bytes_ = 0;
    }
    if (session_->output_.size() < k_output_bytes_max && turn_bytes_ < k_output_share_bytes) {
        waits_since_ = 0;
        return true;
    }
    if (waits_since_ == 0) {  // else it keeps its place
        waits_since_ = ++session_->last_ticket_;
    }
    session_->has_waiting_writers_ = true;
    return false;
}

/// SYN with the first frame of a stream that we opened, ACK with that of the peer's.
std::uint16_t Stream::opening_flag() {
    if (std::exchange(has_begun_, true)) {
        return 0;
    }
    if (session_->role_ == Role::server) {
        return k_flag_ack;
    }
    session_->begin(*this);
    return k_flag_syn;
}

void Stream::take(std::string_view payload) {
    receive_window_ -= static_cast<std::uint32_t>(payload.size());
    input_.append(payload);
}

// --- Session ---

bool Session::fail(std::string_view failure) {
    failure_ = failure;
    end();
    return false;
}

void Session::end() {
    if (std::exchange(is_ended_, true)) {
        return;
    }
    for (const auto& [id, stream] : streams_) {
        stream->is_reset_ = true;
        stream->socket_.wake();
    }
    wake_writer();
    const auto unclaimed = std::exchange(opened_, {});
}

bool Session::feed(std::string_view bytes) {
    while (!is_ended_ && !bytes.empty()) {
        if (partial_.empty()) {
            const std::size_t used = feed_frame(bytes);
            bytes.remove_prefix(used);
            if (used == 0 && !is_ended_) {
                partial_ = bytes;
                return true;
            }
            continue;
        }
        // As much as completes the frame whose beginning came before, first its header.
        const std::size_t wanted = frame_bytes(partial_) - partial_.size();
        const std::string_view piece = bytes.substr(0, wanted);
        partial_.append(piece);
        bytes.remove_prefix(piece.size());
        if (feed_frame(partial_) > 0) {
            std::string().swap(partial_);  // an idle connection holds none
        }
    }
    return !is_ended_;
}

/// How long `bytes`, which hold the beginning of a frame, must be to say more: a header, or the
/// whole frame.
std::size_t Session::frame_bytes(std::string_view bytes) {
    if (bytes.size() < k_header_bytes) {
        return k_header_bytes;
    }
    const auto frame = read_header(bytes);
    const bool has_payload = frame.has_value() && frame->type == FrameType::data;
    return k_header_bytes + (has_payload ? frame->length : 0);
}

/// The frame that `bytes` begin with; how long it was, 0 when it is not complete (or broken).
std::size_t Session::feed_frame(std::string_view bytes) {
    if (bytes.size() < k_header_bytes) {
        return 0;
    }
    const auto frame = read_header(bytes);
    if (!frame.has_value()) {
        (void)fail("a frame of another version, type or flag");
        return 0;
    }
    const std::size_t payload = frame->type == FrameType::data ? frame->length : 0;
    if (payload > k_payload_bytes_max) {
        (void)fail("a data frame that is too long");
        return 0;
    }
    if (bytes.size() < k_header_bytes + payload ||
        !on_frame(*frame, bytes.substr(k_header_bytes, payload))) {
        return 0;
    }
    if (output_.size() > 2 * k_output_bytes_max) {
        (void)fail("frames that want answers, and nobody reads them");
        return 0;
    }
    return k_header_bytes + payload;
}

bool Session::on_frame(const Frame& frame, std::string_view payload) {
    switch (frame.type) {
        case FrameType::data:
        case FrameType::window_update:
            return on_stream_frame(frame, payload);
        case FrameType::ping:
            if (frame.stream != 0) {
                return fail("a ping of a stream");
            }
            if ((frame.flags & k_flag_syn) != 0) {
                send({FrameType::ping, k_flag_ack, 0, frame.length});
            }
            return true;
        case FrameType::go_away:
            peer_goes_away_ = true;
            return true;
    }
    return fail("a frame of an unknown type");
}

bool Session::on_stream_frame(const Frame& frame, std::string_view payload) {
    if ((frame.flags & k_flag_syn) != 0 && !on_open(frame)) {
        return false;
    }
    const auto found = streams_.find(frame.stream);
    if (found == streams_.end()) {
        // Of a stream that we have let go of: what was under way is dropped.
        return (frame.stream != 0 && frame.stream <= last_id_) || is_ended_
                   ? !is_ended_
                   : fail("a frame of a stream that nobody opened");
    }
    Stream& stream = *found->second;
    if (stream.peer_has_finished_ && (frame.type == FrameType::data && !payload.empty())) {
        return fail("data behind the end of a stream");
    }
    if (payload.size() > stream.receive_window_) {
        return fail("more data than the window has room for");
    }
    if (!payload.empty()) {
        stream.take(payload);
    }
    if (frame.type == FrameType::window_update) {
        if (frame.length > UINT32_MAX - stream.send_window_) {
            return fail("a window that overflows");
        }
        stream.send_window_ += frame.length;
    }
    stream.peer_has_finished_ = stream.peer_has_finished_ || (frame.flags & k_flag_fin) != 0;
    stream.is_reset_ = stream.is_reset_ || (frame.flags & k_flag_rst) != 0;
    if (!payload.empty() || (frame.flags & (k_flag_fin | k_flag_rst)) != 0) {
        stream.socket_.wake();
    } else {
        stream.socket_.wake_writer();  // nothing to read: an idle stream does not look used up
    }
    return true;
}

bool Session::on_open(const Frame& frame) {
    if (role_ == Role::client || frame.stream % 2 == 0 || frame.stream <= last_id_) {
        return fail("a stream opened out of turn");
    }
    last_id_ = frame.stream;
    if (streams_.size() >= k_served_streams_max) {
        send({FrameType::window_update, k_flag_rst, frame.stream, 0});
        return true;
    }
    opened_.push_back(std::make_unique<Stream>(shared_from_this(), frame.stream));
    return true;
}

std::unique_ptr<Stream> Session::open() {
    // A stream may take a second number (begin).
    if (!may_open() || last_id_ > UINT32_MAX - 4 * k_streams_max) {
        return nullptr;
    }
    const bool is_kept = last_id_ != 0;
    last_id_ = is_kept ? last_id_ + 2 : 1;
    auto stream = std::make_unique<Stream>(shared_from_this(), last_id_);
    stream->is_of_kept_connection_ = is_kept;
    return stream;
}

/// Numbers on the wire only grow: a stream that was opened before others, but writes after them,
/// takes a new one.
void Session::begin(Stream& stream) {
    if (stream.id_ < begun_id_) {
        streams_.erase(stream.id_);
        last_id_ += 2;
        stream.id_ = last_id_;
        streams_.emplace(stream.id_, &stream);
    }
    begun_id_ = stream.id_;
}

std::unique_ptr<Stream> Session::accept() {
    if (opened_.empty()) {
        return nullptr;
    }
    auto stream = std::move(opened_.front());
    opened_.erase(opened_.begin());
    return stream;
}

void Session::go_away() {
    if (!std::exchange(goes_away_, true) && !is_ended_) {
        send({FrameType::go_away, 0, 0, k_go_away_normal});
    }
}

void Session::send(const Frame& frame) {
    append_header(output_, frame);
    wake_writer();
}

void Session::wake_writer() {
    if (writer_) {
        loop_.resume_soon(std::exchange(writer_, {}));
    }
}

void Session::on_output_taken() {
    ++turn_;
    if (!std::exchange(has_waiting_writers_, false)) {
        return;
    }
    std::vector<Stream*> waiting;
    for (const auto& [id, stream] : streams_) {
        if (stream->waits_since_ != 0) {
            waiting.push_back(stream);
        }
    }
    std::ranges::sort(waiting, {}, &Stream::waits_since_);
    for (Stream* const stream : waiting) {
        stream->socket_.wake_writer();
    }
}

}  // namespace proxy::net::mux
