// Reads HTTP/1 answers: bytes in, how far the answer is out. No socket.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace bench::load {

/// One answer after another of one connection. Strict where the message could end elsewhere than
/// we think: a proxy that frames wrongly must not look fast.
class AnswerReader {
 public:
    /// Before each answer. `has_no_body`: of a HEAD request.
    void begin(bool has_no_body);

    /// Reads on; returns how many bytes belong to the answer: fewer than given when it is complete,
    /// or has failed, before the end of `data`.
    std::size_t feed(std::string_view data);

    /// The peer closed: that may be what completes an answer.
    void feed_end();

    [[nodiscard]] bool is_complete() const { return state_ == State::complete; }
    [[nodiscard]] bool has_failed() const { return state_ == State::failed; }
    /// Of the answer itself; what came before it (1xx) is passed over.
    [[nodiscard]] int status() const { return status_; }
    /// The connection can take no further request.
    [[nodiscard]] bool is_last() const { return is_last_; }

 private:
    enum class State : std::uint8_t {
        status_line,
        fields,
        body_by_length,
        body_to_end,
        chunk_size,
        chunk_data,
        chunk_end,
        trailers,
        complete,
        failed
    };

    [[nodiscard]] bool is_reading_lines() const;
    std::size_t feed_line(std::string_view data);
    std::size_t feed_body(std::string_view data);
    void take_line(std::string_view line);
    [[nodiscard]] State take_status_line(std::string_view line);
    [[nodiscard]] State take_field(std::string_view line);
    [[nodiscard]] State take_length(std::string_view value);
    [[nodiscard]] State take_chunk_size(std::string_view line);
    [[nodiscard]] State end_head();

    State state_ = State::complete;
    bool request_has_no_body_ = false;
    bool is_chunked_ = false;
    bool has_length_ = false;
    bool is_last_ = false;
    int status_ = 0;
    std::uint64_t left_ = 0;      // of the body, or of the chunk
    std::size_t line_bytes_ = 0;  // of the head or the trailers so far
    std::string line_;            // the beginning of a line whose end has not come
};

}  // namespace bench::load
