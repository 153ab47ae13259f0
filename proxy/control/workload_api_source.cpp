#include "proxy/control/workload_api_source.hpp"

#include "proxy/control/aio.hpp"
#include "proxy/net/socket.hpp"
#include "tls/workload_api/back_off.hpp"
#include "tls/workload_api/grpc_call.hpp"
#include "tls/workload_api/svid_material.hpp"
#include "tls/workload_api/svid_response.hpp"

#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/write.hpp>
#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <array>
#include <cstdint>
#include <functional>
#include <random>
#include <string_view>
#include <utility>
#include <vector>

namespace proxy::control {

namespace {

using tls::workload_api::GrpcCall;
using tls::workload_api::GrpcCode;
using tls::workload_api::GrpcEnd;
using Protocol = boost::asio::generic::stream_protocol;
using StreamSocket = boost::asio::basic_stream_socket<Protocol, aio::Executor>;
using Material = std::shared_ptr<const tls::Material>;

constexpr std::size_t k_block_bytes = 16 * 1024;

Protocol::endpoint to_asio(const tls::workload_api::Endpoint& endpoint) {
    if (const auto* unix_socket = std::get_if<tls::workload_api::UnixSocket>(&endpoint)) {
        return boost::asio::local::stream_protocol::endpoint(unix_socket->path);
    }
    return net::to_endpoint(std::get<policy::SocketAddress>(endpoint));
}

/// What `:authority` says; for a Unix socket what gRPC's own clients say.
std::string authority_of(const tls::workload_api::Endpoint& endpoint) {
    const auto* address = std::get_if<policy::SocketAddress>(&endpoint);
    return address == nullptr ? "localhost" : address->text();
}

/// What to do about it, where that is known.
std::string advice_on(GrpcCode code) {
    switch (code) {
        case GrpcCode::permission_denied:
            return "; register this workload with the agent's server";
        case GrpcCode::unimplemented:
            return "; what listens there is no SPIFFE Workload API";
        case GrpcCode::ok:
        case GrpcCode::unknown:
        case GrpcCode::invalid_argument:
        case GrpcCode::internal:
        case GrpcCode::unavailable:
            break;
    }
    return {};
}

std::string digest_of(std::string_view text) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned int size = 0;
    EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_sha256(), nullptr);
    return {reinterpret_cast<const char*>(digest.data()), size};
}

/// The coroutine and its timers hold it: the source may be gone before they notice.
struct State {
    State(const aio::Executor& executor, WorkloadApiOptions chosen)
        : options(std::move(chosen)),
          problem(options.name + ": waiting for the agent's first answer"),
          socket(executor),
          limit_timer(executor),
          retry_timer(executor),
          back_off(options.retry_first, options.retry_most) {}

    static aio::Awaitable<void> run(std::shared_ptr<State> state);
    static void limit(const std::shared_ptr<State>& state, std::chrono::milliseconds duration);
    static aio::Awaitable<GrpcEnd> stream(std::shared_ptr<State> state);
    static aio::Awaitable<GrpcEnd> converse(std::shared_ptr<State> state);

    void unlimit() {
        ++limit_id;
        is_limited = false;
    }
    void close();
    void take(std::string message);
    [[nodiscard]] policy::Result<Material> material_of(std::string_view message);
    void tell(std::string new_problem);
    [[nodiscard]] GrpcEnd lost(const std::string& doing, const aio::Error& error) const;

    WorkloadApiOptions options;
    std::function<void()> on_change;
    Material material;
    std::string digest;   // of the message that material was made of
    std::string problem;  // why load() has nothing new; empty when all is well
    StreamSocket socket;
    aio::Timer limit_timer;
    std::uint64_t limit_id = 0;  // a timer that has fired already cannot be cancelled
    bool is_limited = false;
    bool has_expired = false;
    aio::Timer retry_timer;
    tls::workload_api::BackOff back_off;
    std::minstd_rand dice{std::random_device{}()};
    std::vector<std::string> warnings;
    bool has_warned = false;
    bool is_closed = false;
};

aio::Awaitable<void> State::run(std::shared_ptr<State> state) {
    while (!state->is_closed) {
        const GrpcEnd end = co_await stream(state);
        if (state->is_closed) {
            break;
        }
        aio::Error ignored;
        state->socket.close(ignored);
        state->tell(state->options.name + ": " + end.sentence + advice_on(end.code));
        const double chance = std::uniform_real_distribution(0.0, 1.0)(state->dice);
        state->retry_timer.expires_after(state->back_off.after(end.code, chance));
        co_await state->retry_timer.async_wait(aio::k_await);
    }
}

/// Closes the socket when `duration` is over, unless unlimit() comes first.
void State::limit(const std::shared_ptr<State>& state, std::chrono::milliseconds duration) {
    state->is_limited = true;
    state->has_expired = false;
    state->limit_timer.expires_after(duration);
    state->limit_timer.async_wait([state, id = ++state->limit_id](const aio::Error& error) {
        if (!error && id == state->limit_id) {
            state->has_expired = true;
            aio::Error ignored;
            state->socket.close(ignored);
        }
    });
}

GrpcEnd State::lost(const std::string& doing, const aio::Error& error) const {
    GrpcEnd end;
    end.code = GrpcCode::unavailable;
    end.sentence = "cannot " + doing + ": " + (has_expired ? "no answer in time" : error.message());
    return end;
}

aio::Awaitable<GrpcEnd> State::stream(std::shared_ptr<State> state) {
    const Protocol::endpoint endpoint = to_asio(state->options.endpoint);
    aio::Error open_error;
    state->socket.open(endpoint.protocol(), open_error);
    if (open_error) {
        co_return state->lost("open a socket", open_error);
    }
    limit(state, state->options.connect_max);
    auto [error] = co_await state->socket.async_connect(endpoint, aio::k_await);
    state->unlimit();
    if (error) {
        co_return state->lost("connect", error);
    }
    auto end = co_await converse(state);
    state->unlimit();
    co_return end;
}

/// One call, until it ends.
aio::Awaitable<GrpcEnd> State::converse(std::shared_ptr<State> state) {
    GrpcCall call(authority_of(state->options.endpoint));
    std::string block(k_block_bytes, '\0');
    limit(state, state->options.answer_max);
    bool has_answered = false;
    while (!state->is_closed) {
        const std::string output = call.take_output();
        if (call.end().has_value()) {
            co_return *call.end();
        }
        const auto unsent = boost::asio::buffer(output);
        // When it fails, reading tells why.
        co_await boost::asio::async_write(state->socket, unsent, aio::k_await);
        const auto space = boost::asio::buffer(block);
        auto [error, size] = co_await state->socket.async_read_some(space, aio::k_await);
        if (error && error != boost::asio::error::eof) {
            co_return state->lost("read from it", error);
        }
        call.feed(std::string_view(block).substr(0, size));
        OPENSSL_cleanse(block.data(), size);
        if (auto message = call.take_message()) {
            has_answered = true;
            state->unlimit();
            state->take(std::move(*message));
        }
        if (has_answered && call.is_amid_message() && !state->is_limited) {
            limit(state, state->options.answer_max);
        }
        if (error) {
            call.end_input();
        }
    }
    co_return GrpcEnd();
}

/// An update in whole: it takes the place of what there was, or changes nothing.
void State::take(std::string message) {
    // An agent that was restarted sends what it sent before: that is no new generation.
    std::string new_digest = digest_of(message);
    const bool is_known = material != nullptr && new_digest == digest;
    policy::Result<Material> made = is_known ? material : material_of(message);
    OPENSSL_cleanse(message.data(), message.size());
    if (made.has_value()) {
        back_off.reset();
        material = *made;
        digest = std::move(new_digest);
    }
    tell(made.has_value() ? std::string() : made.error());
}

policy::Result<Material> State::material_of(std::string_view message) {
    const auto response = tls::workload_api::read_svid_response(message);
    if (response.has_error()) {
        return policy::failed<Material>(options.name + ": its answer " + response.error());
    }
    if (!response->revocation_lists.empty() && !has_warned) {
        has_warned = true;
        warnings.push_back(
            options.name +
            ": the agent sends certificate revocation lists, which Smilax does not enforce: let "
            "certificates live for a short time, or take a CA out of the trust bundle"
        );
    }
    return tls::workload_api::material_of(*response, options.self, options.naming, options.name);
}

void State::tell(std::string new_problem) {
    problem = std::move(new_problem);
    if (on_change) {
        on_change();
    }
}

void State::close() {
    is_closed = true;
    on_change = nullptr;
    aio::Error ignored;
    socket.close(ignored);
    limit_timer.cancel();
    retry_timer.cancel();
}

class WorkloadApiSource final : public tls::IdentitySource {
 public:
    WorkloadApiSource(boost::asio::io_context& context, WorkloadApiOptions options)
        : state_(std::make_shared<State>(context.get_executor(), std::move(options))) {}
    ~WorkloadApiSource() override { state_->close(); }
    WorkloadApiSource(const WorkloadApiSource&) = delete;
    WorkloadApiSource& operator=(const WorkloadApiSource&) = delete;

    void start(std::function<void()> on_change) override {
        state_->on_change = std::move(on_change);
        aio::spawn(state_->socket.get_executor(), State::run(state_));
    }
    policy::Result<Material> load() override {
        return state_->problem.empty() ? policy::Result<Material>(state_->material)
                                       : policy::failed<Material>(state_->problem);
    }
    [[nodiscard]] bool may_come_later() const override { return true; }
    [[nodiscard]] std::vector<std::string> take_warnings() override {
        return std::exchange(state_->warnings, {});
    }

 private:
    std::shared_ptr<State> state_;
};

}  // namespace

std::unique_ptr<tls::IdentitySource> make_workload_api_source(
    boost::asio::io_context& context, WorkloadApiOptions options
) {
    return std::make_unique<WorkloadApiSource>(context, std::move(options));
}

}  // namespace proxy::control
