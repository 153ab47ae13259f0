#include "tls/workload_api/grpc_call.hpp"

#include "tls/workload_api/grpc_status.hpp"

#include <nghttp2/nghttp2.h>

#include <array>
#include <cstring>
#include <utility>

namespace tls::workload_api {

namespace {

/// A message without fields, uncompressed.
constexpr std::string_view k_request("\0\0\0\0\0", 5);
constexpr std::string_view k_path = "/SpiffeWorkloadAPI/FetchX509SVID";
constexpr std::string_view k_agent = "smilax/" SMILAX_VERSION;

struct SessionDelete {
    void operator()(nghttp2_session* session) const noexcept { nghttp2_session_del(session); }
};
struct CallbacksDelete {
    void operator()(nghttp2_session_callbacks* callbacks) const noexcept {
        nghttp2_session_callbacks_del(callbacks);
    }
};

/// nghttp2 reads only, although it says otherwise.
std::uint8_t* bytes_of(std::string_view text) {
    return reinterpret_cast<std::uint8_t*>(const_cast<char*>(text.data()));
}

nghttp2_nv field(std::string_view name, std::string_view value) {
    return {bytes_of(name), bytes_of(value), name.size(), value.size(), NGHTTP2_NV_FLAG_NONE};
}

}  // namespace

/// The callbacks record what came and judge nothing but the fields, since data may follow them.
struct GrpcCall::State {
    std::unique_ptr<nghttp2_session, SessionDelete> session;
    std::string_view unsent_request = k_request;
    GrpcFraming framing{k_response_bytes_max};
    GrpcFields fields;
    std::size_t header_bytes = 0;
    std::size_t bytes = 0;  // since the last whole message
    bool is_head_judged = false;
    bool is_going_away = false;
    std::optional<std::uint32_t> closed_by;
    std::optional<GrpcEnd> end;

    void finish(GrpcEnd how) {
        if (!end.has_value()) {
            end = std::move(how);
        }
    }
    void on_fields_whole();
    void judge();

    static State& of(void* user) { return *static_cast<State*>(user); }
    static ssize_t read_request(
        nghttp2_session*,
        std::int32_t,
        std::uint8_t* space,
        std::size_t size,
        std::uint32_t* flags,
        nghttp2_data_source*,
        void* user
    ) noexcept;
    static int on_header(
        nghttp2_session*,
        const nghttp2_frame*,
        const std::uint8_t* name,
        std::size_t name_size,
        const std::uint8_t* value,
        std::size_t value_size,
        std::uint8_t,
        void* user
    ) noexcept;
    static int on_frame(nghttp2_session*, const nghttp2_frame* frame, void* user) noexcept;
    static int on_data(
        nghttp2_session*,
        std::uint8_t,
        std::int32_t,
        const std::uint8_t* data,
        std::size_t size,
        void* user
    ) noexcept;
    static int on_stream_close(
        nghttp2_session*, std::int32_t, std::uint32_t error, void* user
    ) noexcept;
};

/// `size` is what the server's windows allow now.
// NOLINTNEXTLINE(readability-function-size): the parameters are nghttp2's
ssize_t GrpcCall::State::read_request(
    nghttp2_session*,
    std::int32_t,
    std::uint8_t* space,
    std::size_t size,
    std::uint32_t* flags,
    nghttp2_data_source*,
    void* user
) noexcept {
    std::string_view& unsent = of(user).unsent_request;
    const std::string_view piece = unsent.substr(0, size);
    std::memcpy(space, piece.data(), piece.size());
    unsent.remove_prefix(piece.size());
    *flags |= unsent.empty() ? NGHTTP2_DATA_FLAG_EOF : 0;
    return static_cast<ssize_t>(piece.size());
}

// NOLINTNEXTLINE(readability-function-size): the parameters are nghttp2's
int GrpcCall::State::on_header(
    nghttp2_session*,
    const nghttp2_frame*,
    const std::uint8_t* name,
    std::size_t name_size,
    const std::uint8_t* value,
    std::size_t value_size,
    std::uint8_t,
    void* user
) noexcept {
    State& state = of(user);
    state.header_bytes += name_size + value_size;
    if (state.header_bytes <= k_header_bytes_max) {
        take_field(
            state.fields,
            {reinterpret_cast<const char*>(name), name_size},
            {reinterpret_cast<const char*>(value), value_size}
        );
    }
    return 0;
}

int GrpcCall::State::on_frame(nghttp2_session*, const nghttp2_frame* frame, void* user) noexcept {
    State& state = of(user);
    if (frame->hd.type == NGHTTP2_GOAWAY) {
        state.is_going_away = true;
    } else if (frame->hd.type == NGHTTP2_HEADERS) {
        state.on_fields_whole();
    }
    return 0;
}

int GrpcCall::State::on_data(
    nghttp2_session*,
    std::uint8_t,
    std::int32_t,
    const std::uint8_t* data,
    std::size_t size,
    void* user
) noexcept {
    State& state = of(user);
    if (state.end.has_value()) {
        return 0;
    }
    if (!state.framing.feed({reinterpret_cast<const char*>(data), size})) {
        state.finish({GrpcCode::internal, "it sends " + state.framing.failure()});
    }
    if (state.framing.has_message()) {
        state.bytes = 0;
    }
    return 0;
}

int GrpcCall::State::on_stream_close(
    nghttp2_session*, std::int32_t, std::uint32_t error, void* user
) noexcept {
    of(user).closed_by = error;
    return 0;
}

void GrpcCall::State::on_fields_whole() {
    if (fields.status.starts_with('1')) {
        fields = {};  // informational: the answer's own head follows
    } else if (!is_head_judged) {
        is_head_judged = true;
        if (auto head_end = end_of_head(fields)) {
            finish(std::move(*head_end));
        }
    }
}

void GrpcCall::State::judge() {
    if (header_bytes > k_header_bytes_max) {
        finish({GrpcCode::internal, "it sends more header fields than are taken"});
    }
    if (closed_by.has_value()) {
        finish(*closed_by == NGHTTP2_NO_ERROR ? end_of_trailers(fields) : end_of_reset(*closed_by));
    }
    if (is_going_away) {
        finish({GrpcCode::unavailable, "it is going away (GOAWAY)"});
    }
    if (bytes > k_bytes_per_message_max) {
        finish({GrpcCode::internal, "it sends frame after frame and no message"});
    }
}

GrpcCall::GrpcCall(const std::string& authority) : state_(std::make_unique<State>()) {
    nghttp2_session_callbacks* made = nullptr;
    nghttp2_session_callbacks_new(&made);
    const std::unique_ptr<nghttp2_session_callbacks, CallbacksDelete> callbacks(made);
    nghttp2_session_callbacks_set_on_header_callback(made, State::on_header);
    nghttp2_session_callbacks_set_on_frame_recv_callback(made, State::on_frame);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(made, State::on_data);
    nghttp2_session_callbacks_set_on_stream_close_callback(made, State::on_stream_close);
    nghttp2_session* session = nullptr;
    nghttp2_session_client_new(&session, made, state_.get());
    state_->session.reset(session);

    const std::array settings{
        nghttp2_settings_entry{NGHTTP2_SETTINGS_ENABLE_PUSH, 0},
        nghttp2_settings_entry{NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, k_header_bytes_max},
    };
    nghttp2_submit_settings(session, NGHTTP2_FLAG_NONE, settings.data(), settings.size());
    // The order is that of gRPC's grammar: pseudo-fields, te, then metadata.
    const std::array request{
        field(":method", "POST"),
        field(":scheme", "http"),
        field(":path", k_path),
        field(":authority", authority),
        field("te", "trailers"),
        field("content-type", "application/grpc"),
        field("user-agent", k_agent),
        field("workload.spiffe.io", "true"),
    };
    nghttp2_data_provider body{};
    body.read_callback = State::read_request;
    const std::int32_t stream =
        nghttp2_submit_request(session, nullptr, request.data(), request.size(), &body, nullptr);
    if (stream < 0) {
        state_->finish({GrpcCode::internal, nghttp2_strerror(stream)});
    }
}

GrpcCall::~GrpcCall() = default;

void GrpcCall::feed(std::string_view bytes) {
    if (state_->end.has_value()) {
        return;
    }
    state_->bytes += bytes.size();
    const ssize_t taken =
        nghttp2_session_mem_recv(state_->session.get(), bytes_of(bytes), bytes.size());
    state_->judge();
    if (taken < 0) {
        const char* const why = nghttp2_strerror(static_cast<int>(taken));
        state_->finish({GrpcCode::internal, std::string("it does not speak HTTP/2: ") + why});
    }
}

void GrpcCall::end_input() {
    state_->finish({GrpcCode::unavailable, "it closed the connection"});
}

std::string GrpcCall::take_output() {
    std::string output;
    for (;;) {
        const std::uint8_t* data = nullptr;
        const ssize_t size = nghttp2_session_mem_send(state_->session.get(), &data);
        if (size <= 0) {
            break;
        }
        output.append(reinterpret_cast<const char*>(data), static_cast<std::size_t>(size));
    }
    // Sending may close the stream: nghttp2 resets one whose fields are wrong.
    state_->judge();
    // Likewise it breaks the session off by itself, with a last GOAWAY.
    if (nghttp2_session_want_read(state_->session.get()) == 0) {
        state_->finish({GrpcCode::internal, "it does not keep to HTTP/2"});
    }
    return output;
}

std::optional<std::string> GrpcCall::take_message() {
    return state_->framing.take_message();
}

bool GrpcCall::is_amid_message() const {
    return state_->framing.is_amid_message();
}

const std::optional<GrpcEnd>& GrpcCall::end() const {
    return state_->end;
}

}  // namespace tls::workload_api
