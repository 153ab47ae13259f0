// Requests of one connection: the same however they are split, llhttp reads no head that we accept
// in another way, and what is sent on reads as what was understood.
#include "proxy/http/forwarding.hpp"
#include "proxy/http/http1_codec.hpp"
#include "tests/support/http1_transcript.hpp"
#include "tests/support/random_pieces.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

namespace {

using namespace proxy::http;

proxy::Limits small_limits() {
    proxy::Limits limits;
    limits.head_bytes_max = 1024;
    limits.head_fields_max = 16;
    limits.target_bytes_max = 256;
    limits.trailer_bytes_max = 256;
    return limits;
}

std::string transcribe(std::string_view input, std::uint32_t seed) {
    RequestReader reader(small_limits());
    support::Transcriber transcriber(reader);
    support::for_each_piece(input, seed, [&](std::string_view piece) {
        transcriber.receive(piece);
    });
    if (!transcriber.objection().empty()) {
        std::abort();
    }
    return transcriber.text();
}

void append_message(std::string& out, const RequestReader& reader, std::string_view body) {
    FieldList fields;
    forward_request_fields(reader.head(), fields);
    append_request_head(
        out, {.method = reader.head().method, .target = reader.head().target}, fields
    );
    if (reader.head().framing.kind != BodyKind::chunked) {
        out.append(body);
        return;
    }
    if (!body.empty()) {
        append_chunk_head(out, body.size());
        out.append(body).append(k_chunk_end);
    }
    forward_trailers(reader.trailers(), fields);
    append_last_chunk(out, fields);
}

/// All complete requests of `input` as they would be sent on.
std::string forward(std::string_view input, const proxy::Limits& limits, bool must_be_valid) {
    RequestReader reader(limits);
    std::string out;
    std::string body;
    while (true) {
        const Step step = reader.feed(input);
        input.remove_prefix(step.consumed);
        body.append(step.chunk);
        if (step.event == Event::end) {
            append_message(out, reader, body);
            body.clear();
        }
        if (step.event == Event::error && must_be_valid) {
            std::abort();
        }
        if (step.event == Event::error || step.event == Event::need_more) {
            return out;
        }
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view input(reinterpret_cast<const char*>(data), size);
    const std::string whole = transcribe(input, 0);
    if (transcribe(input, support::seed_of(input)) != whole || transcribe(input, 1) != whole) {
        std::abort();
    }
    const std::string sent = forward(input, small_limits(), false);
    if (forward(sent, proxy::Limits{}, true) != sent) {
        std::abort();
    }
    return 0;
}
