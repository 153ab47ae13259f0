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

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
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
using Steady = std::chrono::steady_clock;
using Wall = std::chrono::system_clock;

constexpr std::size_t k_block_bytes = 16 * 1024;
/// Certificates go by the clock on the wall, which may be set while a timer runs.
constexpr std::chrono::milliseconds k_look_at_wall{60'000};
// An agent at an address may vanish with its host: asked after half a minute, given up after one.
constexpr int k_keep_idle_seconds = 30;
constexpr int k_keep_interval_seconds = 10;
constexpr int k_keep_probes = 3;

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

/// The kernel asks a silent peer whether it is still there. For a Unix socket it is no option, and
/// not needed: that one breaks with the agent.
void keep_alive(StreamSocket& socket) {
    const int descriptor = socket.native_handle();
    const auto set = [descriptor](int level, int option, int value) {
        ::setsockopt(descriptor, level, option, &value, sizeof value);
    };
    set(SOL_SOCKET, SO_KEEPALIVE, 1);
    set(IPPROTO_TCP, TCP_KEEPIDLE, k_keep_idle_seconds);
    set(IPPROTO_TCP, TCP_KEEPINTVL, k_keep_interval_seconds);
    set(IPPROTO_TCP, TCP_KEEPCNT, k_keep_probes);
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
          patience_timer(executor),
          retry_timer(executor),
          back_off(options.retry_first, options.retry_most) {}

    static aio::Awaitable<void> run(std::shared_ptr<State> state);
    static void limit(const std::shared_ptr<State>& state, Steady::time_point end);
    static void expect_more(const std::shared_ptr<State>& state);
    static aio::Awaitable<GrpcEnd> stream(std::shared_ptr<State> state);
    static aio::Awaitable<GrpcEnd> converse(std::shared_ptr<State> state);

    void unlimit() { ++limit_id; }
    void expect_nothing() {
        ++patience_id;
        patience_timer.cancel();
    }
    void close();
    void take(std::string message);
    void judge_age(bool is_new);
    [[nodiscard]] std::chrono::milliseconds patience();
    [[nodiscard]] std::chrono::milliseconds next_back_off(GrpcCode code);
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
    bool has_expired = false;
    Wall::time_point renewal_due;  // of `material`: when a newer one should be there
    aio::Timer patience_timer;     // from a message to asking anew
    std::uint64_t patience_id = 0;
    bool begins_anew = false;
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
        if (state->begins_anew) {
            continue;  // it has waited, and nothing is wrong yet
        }
        state->tell(state->options.name + ": " + end.sentence + advice_on(end.code));
        state->retry_timer.expires_after(state->next_back_off(end.code));
        co_await state->retry_timer.async_wait(aio::k_await);
    }
}

/// Closes the socket at `end`, unless unlimit() or another limit comes first.
void State::limit(const std::shared_ptr<State>& state, Steady::time_point end) {
    state->has_expired = false;
    state->limit_timer.expires_at(end);
    state->limit_timer.async_wait([state, id = ++state->limit_id](const aio::Error& error) {
        if (!error && id == state->limit_id) {
            state->has_expired = true;
            aio::Error ignored;
            state->socket.close(ignored);
        }
    });
}

std::chrono::milliseconds State::next_back_off(GrpcCode code) {
    return back_off.after(code, std::uniform_real_distribution(0.0, 1.0)(dice));
}

/// How long to wait for the agent to say more before it is asked: a refused message may be good
/// later (our clock was behind), and an agent that has gone without a word says nothing any more.
std::chrono::milliseconds State::patience() {
    if (!problem.empty()) {
        return next_back_off(GrpcCode::unavailable);
    }
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(renewal_due - Wall::now());
    return std::clamp(left, std::chrono::milliseconds(0), k_look_at_wall);
}

/// Closes the socket when patience is over, unless expect_nothing() or another message comes first.
void State::expect_more(const std::shared_ptr<State>& state) {
    const bool is_refused = !state->problem.empty();
    state->patience_timer.expires_after(state->patience());
    state->patience_timer.async_wait(
        [state, is_refused, id = ++state->patience_id](const aio::Error& error) {
            if (error || id != state->patience_id) {
                return;
            }
            if (!is_refused && Wall::now() < state->renewal_due) {
                expect_more(state);
                return;
            }
            state->begins_anew = true;
            aio::Error ignored;
            state->socket.close(ignored);
        }
    );
}

GrpcEnd State::lost(const std::string& doing, const aio::Error& error) const {
    GrpcEnd end;
    end.code = GrpcCode::unavailable;
    end.sentence = "cannot " + doing + ": " + (has_expired ? "no answer in time" : error.message());
    return end;
}

aio::Awaitable<GrpcEnd> State::stream(std::shared_ptr<State> state) {
    const Protocol::endpoint endpoint = to_asio(state->options.endpoint);
    state->begins_anew = false;
    aio::Error open_error;
    state->socket.open(endpoint.protocol(), open_error);
    if (open_error) {
        co_return state->lost("open a socket", open_error);
    }
    keep_alive(state->socket);
    limit(state, Steady::now() + state->options.connect_max);
    auto [error] = co_await state->socket.async_connect(endpoint, aio::k_await);
    state->unlimit();
    if (error) {
        co_return state->lost("connect", error);
    }
    auto end = co_await converse(state);
    state->unlimit();
    state->expect_nothing();
    co_return end;
}

/// One call, until it ends.
aio::Awaitable<GrpcEnd> State::converse(std::shared_ptr<State> state) {
    GrpcCall call(authority_of(state->options.endpoint));
    std::string block(k_block_bytes, '\0');
    // Of the first message, and of each that has begun.
    std::optional<Steady::time_point> message_due = Steady::now() + state->options.answer_max;
    while (!state->is_closed) {
        const std::string output = call.take_output();
        if (call.end().has_value()) {
            co_return *call.end();
        }
        // An agent that asks (PING) and does not read the answers would be waited for.
        limit(state, message_due.value_or(Steady::now() + state->options.answer_max));
        const auto unsent = boost::asio::buffer(output);
        auto [write_error, sent] =
            co_await boost::asio::async_write(state->socket, unsent, aio::k_await);
        if (write_error && state->has_expired) {
            co_return state->lost("write to it", write_error);
        }
        if (!message_due.has_value()) {
            state->unlimit();
        }
        // When writing failed otherwise, reading tells why.
        const auto space = boost::asio::buffer(block);
        auto [error, size] = co_await state->socket.async_read_some(space, aio::k_await);
        if (error && error != boost::asio::error::eof) {
            co_return state->lost("read from it", error);
        }
        call.feed(std::string_view(block).substr(0, size));
        OPENSSL_cleanse(block.data(), size);
        if (auto message = call.take_message()) {
            message_due.reset();
            state->take(std::move(*message));
            expect_more(state);
        }
        if (call.is_amid_message() && !message_due.has_value()) {
            message_due = Steady::now() + state->options.answer_max;
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
        material = *made;
        digest = std::move(new_digest);
        judge_age(!is_known);
    }
    tell(made.has_value() ? std::string() : made.error());
}

/// A newer one is due when nine tenths of the time are over that this one had when it came: agents
/// renew long before. When they have nothing newer by then they are asked again, ever more rarely.
void State::judge_age(bool is_new) {
    const Wall::time_point now = Wall::now();
    if (is_new) {
        renewal_due = now + (material->not_after - now) / 10 * 9;
    }
    if (renewal_due > now) {
        back_off.reset();
    } else {
        renewal_due = now + next_back_off(GrpcCode::unavailable);
    }
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
    expect_nothing();
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
