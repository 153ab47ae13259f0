// One body after another, however it is framed: bytes → Step. What both readers share.
#pragma once

#include "proxy/http/chunked.hpp"
#include "proxy/http/http1_codec.hpp"
#include "proxy/http/message.hpp"

#include <cstdint>
#include <span>
#include <string_view>

namespace proxy::http {

class BodyReader {
 public:
    void begin(const Framing& framing);
    /// Event::error leaves the cause in trouble().
    [[nodiscard]] Step feed(std::string_view input, const Limits& limits);
    [[nodiscard]] std::span<const Field> trailers() const { return chunked_.trailers(); }
    [[nodiscard]] Trouble trouble() const { return chunked_.trouble(); }

 private:
    Step feed_length(std::string_view input);
    Step feed_chunked(std::string_view input, const Limits& limits);

    BodyKind kind_ = BodyKind::none;
    std::uint64_t remaining_ = 0;
    ChunkedReader chunked_;
};

}  // namespace proxy::http
