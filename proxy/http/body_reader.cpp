#include "proxy/http/body_reader.hpp"

#include <algorithm>

namespace proxy::http {

void BodyReader::begin(const Framing& framing) {
    kind_ = framing.kind;
    remaining_ = framing.length;
    chunked_.reset();
}

Step BodyReader::feed(std::string_view input, const Limits& limits) {
    switch (kind_) {
        case BodyKind::none:
            return {Event::end, 0, {}};
        case BodyKind::length:
            return feed_length(input);
        case BodyKind::chunked:
            return feed_chunked(input, limits);
        case BodyKind::until_close:
            return input.empty() ? Step{} : Step{Event::body, input.size(), input};
    }
    return {Event::error, 0, {}};
}

Step BodyReader::feed_length(std::string_view input) {
    if (remaining_ == 0) {
        return {Event::end, 0, {}};
    }
    const std::string_view chunk =
        input.substr(0, std::min<std::uint64_t>(remaining_, input.size()));
    remaining_ -= chunk.size();
    return chunk.empty() ? Step{} : Step{Event::body, chunk.size(), chunk};
}

Step BodyReader::feed_chunked(std::string_view input, const Limits& limits) {
    const ChunkedReader::Step step = chunked_.feed(input, limits);
    switch (step.outcome) {
        case ChunkedReader::Outcome::need_more:
            return {Event::need_more, step.consumed, {}};
        case ChunkedReader::Outcome::data:
            return {Event::body, step.consumed, step.data};
        case ChunkedReader::Outcome::end:
            return {Event::end, step.consumed, {}};
        case ChunkedReader::Outcome::trouble:
            break;
    }
    return {Event::error, step.consumed, {}};
}

}  // namespace proxy::http
