// Responses of one upstream connection: the same however they are split, llhttp reads no head that
// we accept in another way, and what the client is sent reads as what was understood. The input's
// first line says to what ("HEAD", "GET 1.0", …).
#include "proxy/http/forwarding.hpp"
#include "proxy/http/http1_codec.hpp"
#include "tests/support/http1_transcript.hpp"
#include "tests/support/random_pieces.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

namespace {

using namespace proxy::http;

struct Asked {
    std::string_view method;
    ResponseRewrite rewrite;
};

Asked parse_question(std::string_view line) {
    Asked asked;
    asked.method = line.substr(0, line.find(' '));
    asked.rewrite.client_minor_version = line.find("1.0") == std::string_view::npos ? 1 : 0;
    asked.rewrite.client_wants_close = line.find("close") != std::string_view::npos;
    asked.rewrite.head_request = asked.method == "HEAD";
    return asked;
}

proxy::Limits small_limits() {
    proxy::Limits limits;
    limits.head_bytes_max = 1024;
    limits.head_fields_max = 16;
    limits.trailer_bytes_max = 256;
    return limits;
}

std::string transcribe(std::string_view input, const Asked& asked, std::uint32_t seed) {
    ResponseReader reader(small_limits());
    reader.expect_response_to(asked.method);
    support::Transcriber transcriber(reader);
    transcriber.on_end = [&] {
        if (!reader.head().is_interim()) {
            reader.expect_response_to(asked.method);
        }
    };
    support::for_each_piece(input, seed, [&](std::string_view piece) {
        transcriber.receive(piece);
    });
    if (!transcriber.has_failed()) {
        transcriber.note(reader.finish());
    }
    if (!transcriber.objection().empty()) {
        std::abort();
    }
    return transcriber.text();
}

void append_message(
    std::string& out, const ResponseReader& reader, const Asked& asked, std::string_view body
) {
    FieldList fields;
    const BodyKind kind = forward_response_fields(reader.head(), asked.rewrite, fields);
    append_response_head(out, reader.head().status, reader.head().reason_phrase, fields);
    if (kind != BodyKind::chunked) {
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

/// The responses of `input` up to the first that is incomplete or ends the connection, as they
/// would be sent on.
std::string forward(
    std::string_view input, const Asked& asked, const proxy::Limits& limits, bool must_be_valid
) {
    ResponseReader reader(limits);
    reader.expect_response_to(asked.method);
    std::string out;
    std::string body;
    while (true) {
        Step step = reader.feed(input);
        if (step.event == Event::need_more && step.consumed == input.size() &&
            reader.head().framing.kind == BodyKind::until_close) {
            step = reader.finish();
            input = {};
        }
        input.remove_prefix(step.consumed);
        body.append(step.chunk);
        if (step.event == Event::end) {
            append_message(out, reader, asked, body);
            body.clear();
            const bool goes_on = !reader.is_between_messages() && reader.head().is_interim();
            // A client that was told `Connection: close` gets no further response.
            const bool stays = reader.head().keep_alive && !asked.rewrite.client_wants_close;
            if (!goes_on && !stays) {
                return out;
            }
            if (!goes_on) {
                reader.expect_response_to(asked.method);
            }
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
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const std::size_t line_end = std::min(text.find('\n'), text.size());
    const Asked asked = parse_question(text.substr(0, line_end));
    const std::string_view input = text.substr(std::min(line_end + 1, text.size()));

    const std::string whole = transcribe(input, asked, 0);
    if (transcribe(input, asked, support::seed_of(text)) != whole ||
        transcribe(input, asked, 1) != whole) {
        std::abort();
    }
    const std::string sent = forward(input, asked, small_limits(), false);
    if (forward(sent, asked, proxy::Limits{}, true) != sent) {
        std::abort();
    }
    return 0;
}
