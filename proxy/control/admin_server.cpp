#include "proxy/control/admin_server.hpp"

#include "proxy/control/admin_pages.hpp"
#include "proxy/control/aio_listener.hpp"
#include "proxy/drain.hpp"

#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>

#include <array>
#include <cassert>
#include <chrono>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>

namespace proxy::control {
namespace {

namespace http = boost::beast::http;
using Stream = boost::beast::basic_stream<boost::asio::ip::tcp, aio::Executor>;
using Parser = http::request_parser<http::empty_body>;
using Response = http::response<http::string_body>;

constexpr std::chrono::seconds k_linger{1};

Response response_of(AdminPage page, bool keep_alive) {
    Response response;
    response.version(11);
    response.result(page.status);
    response.set(http::field::content_type, page.content_type);
    response.set(http::field::cache_control, "no-store");
    response.set("X-Content-Type-Options", "nosniff");
    response.keep_alive(keep_alive);
    response.body() = std::move(page.body);
    response.prepare_payload();
    return response;
}

AdminPage refusal(unsigned status, std::string sentence) {
    AdminPage page;
    page.status = status;
    page.body = std::move(sentence);
    return page;
}

/// What to tell a peer whose head could not be read; nothing when it went away or was too slow.
std::optional<AdminPage> page_for(const aio::Error& error) {
    if (error == http::error::header_limit || error == http::error::buffer_overflow) {
        return refusal(431, "the request head is too large\n");
    }
    const bool is_malformed =
        error.category() == make_error_code(http::error::bad_method).category();
    if (!is_malformed || error == http::error::end_of_stream ||
        error == http::error::partial_message) {
        return std::nullopt;
    }
    return refusal(400, "not an HTTP/1.1 request: " + error.message() + "\n");
}

aio::Awaitable<bool> write_response(Stream& stream, Response response, bool is_head) {
    if (!is_head) {
        auto [error, bytes] = co_await http::async_write(stream, response, aio::k_await);
        co_return !error && response.keep_alive();
    }
    http::response<http::empty_body> head(response.base());  // Content-Length as GET would say
    auto [error, bytes] = co_await http::async_write(stream, head, aio::k_await);
    co_return !error && head.keep_alive();
}

/// Closing with bytes unread resets the connection, and the peer may lose the answer: read what
/// still comes, for a moment.
aio::Awaitable<void> linger(Stream& stream) {
    aio::Error ignored;
    stream.socket().shutdown(aio::Socket::shutdown_send, ignored);
    stream.expires_after(k_linger);
    std::array<char, 1024> dropped;
    for (;;) {
        const auto buffer = boost::asio::buffer(dropped);
        auto [error, bytes] = co_await stream.async_read_some(buffer, aio::k_await);
        if (error) {
            co_return;
        }
    }
}

}  // namespace

struct AdminServer::State {
    State(
        boost::asio::io_context& io_context,
        policy::SocketAddress where,
        AdminHandlers callbacks,
        AdminLimits bounds
    )
        : context(io_context),
          address(where),
          handlers(std::move(callbacks)),
          limits(bounds),
          gate(bounds.connections_max) {}

    boost::asio::io_context& context;
    policy::SocketAddress address;
    AdminHandlers handlers;
    AdminLimits limits;
    Gate gate;
    std::optional<AioListener> listener;
    std::set<Stream*> streams;  // of the frames that serve them
    bool is_closed = false;

    // The coroutines hold the state: AdminServer may be gone before they notice.
    static aio::Awaitable<void> accept(std::shared_ptr<State> state);
    static aio::Awaitable<void> serve(
        std::shared_ptr<State> state, Gate::Pass pass, aio::Socket socket
    );
    /// One request; true when another may follow.
    aio::Awaitable<bool> serve_request(Stream& stream, boost::beast::flat_buffer& buffer);
    aio::Awaitable<AdminPage> answer(const Parser& parser);
};

aio::Awaitable<void> AdminServer::State::accept(std::shared_ptr<State> state) {
    AioListener::Serve serve_one = [&state](aio::Socket socket) {
        // At the bound the connection is closed at once: its peer knows, and may try again.
        if (std::optional<Gate::Pass> pass = state->gate.enter()) {
            aio::spawn(
                state->context.get_executor(), serve(state, std::move(*pass), std::move(socket))
            );
        }
    };
    co_await state->listener->run(std::move(serve_one));
}

aio::Awaitable<void> AdminServer::State::serve(
    std::shared_ptr<State> state, Gate::Pass pass, aio::Socket socket
) {
    const Gate::Pass held(std::move(pass));
    Stream stream(std::move(socket));
    boost::beast::flat_buffer buffer(2 * state->limits.head_bytes_max);
    state->streams.insert(&stream);
    bool goes_on = !state->is_closed;
    while (goes_on) {
        goes_on = co_await state->serve_request(stream, buffer);
    }
    if (!state->is_closed) {
        co_await linger(stream);
    }
    state->streams.erase(&stream);
}

aio::Awaitable<bool> AdminServer::State::serve_request(
    Stream& stream, boost::beast::flat_buffer& buffer
) {
    Parser parser;
    parser.header_limit(static_cast<std::uint32_t>(limits.head_bytes_max));
    stream.expires_after(std::chrono::milliseconds(limits.head_ms_max));
    auto [error, bytes] = co_await http::async_read_header(stream, buffer, parser, aio::k_await);
    if (is_closed) {
        co_return false;
    }
    if (error) {
        if (auto page = page_for(error)) {
            stream.expires_after(std::chrono::milliseconds(limits.write_ms_max));
            Response response = response_of(std::move(*page), false);
            co_await write_response(stream, std::move(response), false);
        }
        co_return false;
    }
    AdminPage page = co_await answer(parser);
    if (is_closed) {
        co_return false;
    }
    const bool is_get_or_head =
        parser.get().method() == http::verb::get || parser.get().method() == http::verb::head;
    // A body is never read, so that nothing can follow it.
    Response response = response_of(std::move(page), parser.keep_alive() && parser.is_done());
    if (!is_get_or_head) {
        response.set(http::field::allow, "GET, HEAD");
    }
    stream.expires_after(std::chrono::milliseconds(limits.write_ms_max));
    const bool is_head = parser.get().method() == http::verb::head;
    co_return co_await write_response(stream, std::move(response), is_head);
}

aio::Awaitable<AdminPage> AdminServer::State::answer(const Parser& parser) {
    const auto& request = parser.get();
    if (request.method() != http::verb::get && request.method() != http::verb::head) {
        co_return refusal(405, "only GET and HEAD\n");
    }
    const std::string_view target(request.target().data(), request.target().size());
    AdminPage page = co_await admin_page(handlers, target);
    co_return page;
}

AdminServer::AdminServer(
    boost::asio::io_context& context,
    policy::SocketAddress address,
    AdminHandlers handlers,
    AdminLimits limits
)
    : state_(std::make_shared<State>(context, address, std::move(handlers), limits)) {}

AdminServer::~AdminServer() {
    close();
}

policy::Result<policy::SocketAddress> AdminServer::listen() {
    assert(!state_->listener && !state_->is_closed);
    auto listener = AioListener::open(state_->context, state_->address, "admin.listen");
    if (!listener) {
        return policy::failed<policy::SocketAddress>(listener.error());
    }
    state_->listener.emplace(std::move(*listener));
    aio::spawn(state_->context.get_executor(), State::accept(state_));
    return state_->listener->address();
}

void AdminServer::close() {
    state_->is_closed = true;
    if (state_->listener) {
        state_->listener->close();
    }
    for (Stream* const stream : state_->streams) {
        stream->close();
    }
}

}  // namespace proxy::control
