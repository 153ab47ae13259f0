#include "proxy/http/http1_codec.hpp"

#include "proxy/http/body_reader.hpp"
#include "proxy/http/head_meaning.hpp"
#include "proxy/http/head_text.hpp"

#include <algorithm>

namespace proxy::http {
namespace {

// A rare huge head must not stay with an idle connection.
constexpr std::size_t k_text_bytes_kept = 8 * 1024;

enum class Phase : std::uint8_t { idle, head, body, ended, tunnel, failed };

void clear(Head& head) {
    head.fields.clear();
    head.text.clear();
    if (head.text.capacity() > k_text_bytes_kept) {
        std::string{}.swap(head.text);
    }
}

}  // namespace

// --- Requests ---

struct RequestReader::State {
    explicit State(const Limits& limits_of_reader) : limits(limits_of_reader) {}

    Step read_head(std::string_view input);
    Step fail(const Trouble& trouble, std::size_t consumed);

    Limits limits;
    Phase phase = Phase::head;
    bool skipped_empty_line = false;
    HeadScanner scanner;
    BodyReader body;
    RequestHead head;
    Failure failure;
};

Step RequestReader::State::read_head(std::string_view input) {
    std::size_t skipped = 0;
    bool is_complete = scanner.scan(input, limits);
    if (is_complete && scanner.line_ends().empty() && !skipped_empty_line) {
        skipped_empty_line = true;
        skipped = scanner.size();
        scanner.reset();
        is_complete = scanner.scan(input.substr(skipped), limits);
    }
    if (scanner.trouble()) {
        return fail(scanner.trouble(), skipped);
    }
    if (!is_complete) {
        return {Event::need_more, skipped, {}};
    }
    if (scanner.line_ends().empty()) {
        return fail({"more than one empty line before a request"}, skipped);
    }
    head.text.assign(input.substr(skipped, scanner.size()));
    if (const Trouble trouble = understand_request(head, scanner, limits)) {
        return fail(trouble, skipped);
    }
    body.begin(head.framing);
    phase = Phase::body;
    return {Event::head, skipped + scanner.size(), {}};
}

Step RequestReader::State::fail(const Trouble& trouble, std::size_t consumed) {
    phase = Phase::failed;
    failure.reason = trouble.is_size ? Reason::head_too_large : Reason::malformed_request;
    failure.side = Side::client;
    failure.cause = trouble.cause;
    return {Event::error, consumed, {}};
}

RequestReader::RequestReader(const Limits& limits) : state_(std::make_unique<State>(limits)) {}
RequestReader::~RequestReader() = default;

Step RequestReader::feed(std::string_view input) {
    State& state = *state_;
    if (state.phase == Phase::ended) {
        clear(state.head);
        state.scanner.reset();
        state.skipped_empty_line = false;
        state.phase = Phase::head;
    }
    if (state.phase == Phase::head) {
        return state.read_head(input);
    }
    if (state.phase == Phase::failed) {
        return {Event::error, 0, {}};
    }
    const Step step = state.body.feed(input, state.limits);
    if (step.event == Event::error) {
        return state.fail(state.body.trouble(), step.consumed);
    }
    if (step.event == Event::end) {
        state.phase = Phase::ended;
    }
    return step;
}

bool RequestReader::is_between_messages() const {
    return state_->phase == Phase::ended ||
           (state_->phase == Phase::head && !state_->scanner.has_begun());
}

const RequestHead& RequestReader::head() const {
    return state_->head;
}
std::span<const Field> RequestReader::trailers() const {
    return state_->body.trailers();
}
const Failure& RequestReader::failure() const {
    return state_->failure;
}

// --- Responses ---

struct ResponseReader::State {
    explicit State(const Limits& limits_of_reader) : limits(limits_of_reader) {}

    void begin_head();
    Step read_head(std::string_view input);
    Step read_body(std::string_view input);
    void end_message();
    Step fail(Reason reason, std::string_view cause, std::size_t consumed);

    Limits limits;
    Phase phase = Phase::idle;
    Question question;
    HeadScanner scanner;
    BodyReader body;
    ResponseHead head;
    Failure failure;
};

void ResponseReader::State::begin_head() {
    clear(head);
    scanner.reset();
    phase = Phase::head;
}

Step ResponseReader::State::read_head(std::string_view input) {
    const bool is_complete = scanner.scan(input, limits);
    if (scanner.trouble()) {
        return fail(Reason::upstream_malformed, scanner.trouble().cause, 0);
    }
    if (!is_complete) {
        return {};
    }
    if (scanner.line_ends().empty()) {
        return fail(Reason::upstream_malformed, "an empty line instead of a response", 0);
    }
    head.text.assign(input.substr(0, scanner.size()));
    if (const Trouble trouble = understand_response(head, scanner, question)) {
        return fail(Reason::upstream_malformed, trouble.cause, 0);
    }
    body.begin(head.framing);
    phase = Phase::body;
    return {Event::head, scanner.size(), {}};
}

Step ResponseReader::State::read_body(std::string_view input) {
    const Step step = body.feed(input, limits);
    if (step.event == Event::error) {
        return fail(Reason::upstream_malformed, body.trouble().cause, step.consumed);
    }
    if (step.event == Event::end) {
        end_message();
    }
    return step;
}

void ResponseReader::State::end_message() {
    const bool ends_http =
        head.status == 101 || (question.is_connect && head.status >= 200 && head.status < 300);
    if (ends_http) {
        phase = Phase::tunnel;
    } else {
        phase = head.is_interim() ? Phase::ended : Phase::idle;
    }
}

Step ResponseReader::State::fail(Reason reason, std::string_view cause, std::size_t consumed) {
    phase = Phase::failed;
    failure.reason = reason;
    failure.side = Side::upstream;
    failure.cause = cause;
    return {Event::error, consumed, {}};
}

ResponseReader::ResponseReader(const Limits& limits) : state_(std::make_unique<State>(limits)) {}
ResponseReader::~ResponseReader() = default;

void ResponseReader::expect_response_to(std::string_view method) {
    state_->question = Question{
        .is_head = method == "HEAD",
        .is_connect = method == "CONNECT",
    };
    if (state_->phase == Phase::idle) {
        state_->begin_head();
    }
}

Step ResponseReader::feed(std::string_view input) {
    State& state = *state_;
    switch (state.phase) {
        case Phase::idle:
            // Bytes that answer nothing: the start of somebody else's answer, were they kept.
            return input.empty()
                       ? Step{}
                       : state.fail(Reason::upstream_malformed, "bytes that answer nothing", 0);
        case Phase::tunnel:
            return state.fail(Reason::upstream_malformed, "the connection left HTTP", 0);
        case Phase::ended:  // an interim response; the next head follows
            state.begin_head();
            return state.read_head(input);
        case Phase::head:
            return state.read_head(input);
        case Phase::body:
            return state.read_body(input);
        case Phase::failed:
            break;
    }
    return {Event::error, 0, {}};
}

Step ResponseReader::finish() {
    State& state = *state_;
    if (state.phase == Phase::body && state.head.framing.kind == BodyKind::until_close) {
        state.end_message();
        return {Event::end, 0, {}};
    }
    if (state.phase == Phase::failed) {
        return {Event::error, 0, {}};
    }
    return state.fail(Reason::upstream_closed, "closed before the response was complete", 0);
}

bool ResponseReader::is_between_messages() const {
    return state_->phase == Phase::idle;
}

const ResponseHead& ResponseReader::head() const {
    return state_->head;
}
std::span<const Field> ResponseReader::trailers() const {
    return state_->body.trailers();
}
const Failure& ResponseReader::failure() const {
    return state_->failure;
}

}  // namespace proxy::http
