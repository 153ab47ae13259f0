// Bodies as they stream: pulled from a source, framed anew for the other side.
#pragma once

#include "io/awaitable.hpp"
#include "proxy/failure.hpp"
#include "proxy/http/http1_codec.hpp"
#include "proxy/http/message.hpp"
#include "proxy/net/stream.hpp"

#include <boost/asio/buffer.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace proxy::http {

/// One look at what has already been read of a body.
struct BodyPart {
    enum class Kind : std::uint8_t {
        data,   // `bytes` holds some
        end,    // the body is complete, trailers() may hold fields
        empty,  // nothing there: fill() waits for more
        broken  // failure() says why; the source is spent
    };
    Kind kind = Kind::empty;
    std::string_view bytes;
};

/// A body to read from, owned by the session that receives it. After end or broken it is spent.
class BodySource {
 public:
    virtual ~BodySource() = default;
    /// What is there without waiting. May be called until it returns empty, end or broken. Views
    /// stay valid until the next fill().
    [[nodiscard]] virtual BodyPart poll() = 0;
    /// Waits for more bytes. Called only after poll() returned empty: back-pressure is not calling.
    [[nodiscard]] virtual io::Awaitable<void> fill() = 0;
    [[nodiscard]] virtual std::span<const Field> trailers() const = 0;
    [[nodiscard]] virtual const Failure& failure() const = 0;
};

/// Pieces of one message gathered for one write: a head, chunk frames, body bytes, trailers. Holds
/// views; what they point to must stay until the write is done.
class Gather {
 public:
    static constexpr std::size_t k_chunks_max = 4;

    /// Text of a head or anything else that the caller keeps.
    void add(std::string_view text);
    /// Body bytes, inside a chunk frame when `kind` is chunked.
    void add_body(std::string_view bytes, BodyKind kind);
    /// The end of a body of `kind`: the last chunk with its trailers, or nothing.
    void add_end(BodyKind kind, std::span<const Field> trailers);
    [[nodiscard]] bool is_full() const { return chunks_ == k_chunks_max; }
    [[nodiscard]] bool is_empty() const { return count_ == 0; }
    [[nodiscard]] std::span<const boost::asio::const_buffer> buffers() const;
    void clear();

 private:
    std::array<boost::asio::const_buffer, 2 + 3 * k_chunks_max> pieces_{};
    std::size_t count_ = 0;
    std::size_t chunks_ = 0;
    std::array<std::string, k_chunks_max> chunk_heads_;  // short: no allocation
    std::string last_chunk_;
};

/// Adds to `gather` what `source` has at hand, the end included. Returns the last part's kind.
[[nodiscard]] BodyPart::Kind gather_body(BodySource& source, BodyKind kind, Gather& gather);

}  // namespace proxy::http
