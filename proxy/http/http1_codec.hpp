// HTTP/1.0 and 1.1 without I/O: bytes → events, messages → bytes (RFC 9112). Strict: of what
// llhttp, also strict, would refuse or read otherwise nothing is accepted, which tests and fuzz
// targets ask it (security.md §2); what goes out is re-serialised from what was understood.
#pragma once

#include "proxy/failure.hpp"
#include "proxy/http/message.hpp"
#include "proxy/limits.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace proxy::http {

enum class Event : std::uint8_t {
    need_more,  // all of the input that could be used was consumed; call again with more
    head,       // the head is complete: request() or response() is filled
    body,       // `chunk` holds body bytes (a view into the input)
    end,        // the message is complete; trailers() may hold fields
    error,      // not a message beyond doubt: failure() says what; the reader is spent
};

struct Step {
    Event event = Event::need_more;
    std::size_t consumed = 0;  // bytes of the input that are done with
    std::string_view chunk;    // of Event::body
};

/// Reads messages of one connection, one after another. No socket, no clock; one thread.
/// A head is consumed whole: until it is complete, need_more consumes nothing and the caller must
/// offer the same bytes again with more behind them (at most head_bytes_max, then head_too_large).
class RequestReader {
 public:
    explicit RequestReader(const Limits& limits);
    ~RequestReader();
    RequestReader(const RequestReader&) = delete;
    RequestReader& operator=(const RequestReader&) = delete;

    /// The next event of `input`. After Event::end the next call begins the next message.
    /// One empty line (CRLF) before a request line is skipped (RFC 9112 §2.2): need_more consumes
    /// it.
    [[nodiscard]] Step feed(std::string_view input);
    /// The client closed: an error unless between messages.
    [[nodiscard]] bool is_between_messages() const;
    /// Valid from Event::head to the first feed() after Event::end.
    [[nodiscard]] const RequestHead& head() const;
    [[nodiscard]] std::span<const Field> trailers() const;
    [[nodiscard]] const Failure& failure() const;

 private:
    struct State;
    std::unique_ptr<State> state_;
};

class ResponseReader {
 public:
    explicit ResponseReader(const Limits& limits);
    ~ResponseReader();
    ResponseReader(const ResponseReader&) = delete;
    ResponseReader& operator=(const ResponseReader&) = delete;

    /// Must be told for each final response before its first byte, which is an error otherwise:
    /// HEAD has no body, a 2xx to CONNECT and a 101 end HTTP. Whether the request that was sent on
    /// asked for an upgrade, so that a 101 may answer it, is for the caller to check.
    void expect_response_to(std::string_view method);
    /// Interim responses give head then end, then the next head follows.
    [[nodiscard]] Step feed(std::string_view input);
    /// The upstream closed: Event::end for a body until close, Event::error within a message.
    [[nodiscard]] Step finish();
    [[nodiscard]] bool is_between_messages() const;
    [[nodiscard]] const ResponseHead& head() const;
    [[nodiscard]] std::span<const Field> trailers() const;
    [[nodiscard]] const Failure& failure() const;

 private:
    struct State;
    std::unique_ptr<State> state_;
};

// --- Writing. Each appends to `out`; fields keep their order and case. ---

struct RequestLine {
    std::string_view method;
    std::string_view target;
};
void append_request_head(std::string& out, const RequestLine& line, std::span<const Field> fields);
void append_response_head(
    std::string& out,
    std::uint16_t status,
    std::string_view reason_phrase,
    std::span<const Field> fields
);
/// "1a2b\r\n"; the caller appends the bytes and then k_chunk_end.
void append_chunk_head(std::string& out, std::size_t bytes);
inline constexpr std::string_view k_chunk_end = "\r\n";
/// "0\r\n", trailer lines, "\r\n".
void append_last_chunk(std::string& out, std::span<const Field> trailers);

}  // namespace proxy::http
