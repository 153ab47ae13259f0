#include "proxy/command/demo/application.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <boost/json.hpp>

#include <chrono>
#include <exception>
#include <utility>

namespace proxy::command::demo {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;

constexpr std::chrono::seconds k_idle{60};
constexpr std::size_t k_body_bytes_max = 1024 * 1024;

using Stream = boost::beast::basic_stream<asio::generic::stream_protocol, control::aio::Executor>;
using Socket = asio::basic_stream_socket<asio::generic::stream_protocol, control::aio::Executor>;
using LocalAcceptor =
    asio::basic_socket_acceptor<asio::local::stream_protocol, control::aio::Executor>;
using Request = http::request<http::string_body>;
using Response = http::response<http::string_body>;

Response answer_json(const Request& request, http::status status, std::string body) {
    Response response(status, request.version());
    response.set(http::field::content_type, "application/json");
    response.keep_alive(request.keep_alive());
    response.body() = std::move(body);
    response.prepare_payload();
    return response;
}

Response tell_request(const std::string& name, const Request& request) {
    boost::json::object headers;
    for (const auto& line : request) {
        headers[line.name_string()] = line.value();
    }
    std::string body = boost::json::serialize(boost::json::object{
        {"app", name},
        {"method", request.method_string()},
        {"path", request.target()},
        {"headers", std::move(headers)},
    });
    return answer_json(request, http::status::ok, body + "\n");
}

control::aio::Awaitable<Response> serve_call(
    control::aio::Executor executor, const Request& request
) {
    if (request.method() != http::verb::post || request.target() != "/call") {
        co_return answer_json(request, http::status::not_found, R"({"error":"POST /call"})");
    }
    const auto call = parse_call(request.body());
    if (!call) {
        const policy::Result<HttpAnswer> refused = policy::failed<HttpAnswer>(call.error());
        co_return answer_json(request, http::status::bad_request, to_json(refused));
    }
    const auto answer = co_await exchange(executor, *call);
    co_return answer_json(request, http::status::ok, to_json(answer));
}

/// Requests of one connection, until it closes or is silent for `k_idle`.
control::aio::Awaitable<void> serve_connection(Socket socket, std::string name, bool is_control) {
    const control::aio::Executor executor = socket.get_executor();
    Stream stream(std::move(socket));
    boost::beast::flat_buffer buffer;
    bool keep_alive = true;
    while (keep_alive) {
        stream.expires_after(k_idle);
        http::request_parser<http::string_body> parser;
        parser.body_limit(k_body_bytes_max);
        auto [read_error, count] =
            co_await http::async_read(stream, buffer, parser, control::aio::k_await);
        if (read_error) {
            co_return;
        }
        const Request request = parser.release();
        Response response;
        if (is_control) {
            response = co_await serve_call(executor, request);
        } else {
            response = tell_request(name, request);
        }
        keep_alive = response.keep_alive();
        auto [write_error, written] =
            co_await http::async_write(stream, response, control::aio::k_await);
        if (write_error) {
            co_return;
        }
    }
}

/// A connection's coroutine is owned by the io_context, and everything it uses by its frame.
void end_on_bug(std::exception_ptr exception) {
    if (exception) {
        std::rethrow_exception(exception);
    }
}

template <class AnyAcceptor>
control::aio::Awaitable<void> accept_connections(
    AnyAcceptor& acceptor, std::string name, bool is_control
) {
    while (true) {
        auto [error, accepted] = co_await acceptor.async_accept(control::aio::k_await);
        if (error == asio::error::operation_aborted || error == asio::error::bad_descriptor) {
            co_return;  // closed by ~Application
        }
        if (!error) {
            const control::aio::Executor executor = acceptor.get_executor();
            Socket socket(std::move(accepted));
            asio::co_spawn(
                executor, serve_connection(std::move(socket), name, is_control), end_on_bug
            );
        }
    }
}

template <class AnyAcceptor, class AnyEndpoint>
control::aio::Error listen_on(AnyAcceptor& acceptor, const AnyEndpoint& endpoint) {
    control::aio::Error error;
    acceptor.open(endpoint.protocol(), error);
    if (!error) {
        acceptor.set_option(asio::socket_base::reuse_address(true), error);
    }
    if (!error) {
        acceptor.bind(endpoint, error);
    }
    if (!error) {
        acceptor.listen(asio::socket_base::max_listen_connections, error);
    }
    return error;
}

}  // namespace

struct Application::State {
    explicit State(asio::io_context& context)
        : acceptor(context.get_executor()), control(context.get_executor()) {}

    control::aio::Acceptor acceptor;
    LocalAcceptor control;
};

policy::Result<std::unique_ptr<Application>> Application::make(
    asio::io_context& context, ApplicationOptions options
) {
    auto state = std::make_unique<State>(context);
    control::aio::Error error;
    const auto ip = asio::ip::make_address(options.listen.ip.text(), error);
    if (!error) {
        error = listen_on(state->acceptor, control::aio::Endpoint(ip, options.listen.port));
    }
    if (error) {
        return "cannot listen on " + options.listen.text() + ": " + error.message();
    }
    if (!options.control.empty()) {
        error = listen_on(state->control, asio::local::stream_protocol::endpoint(options.control));
        if (error) {
            return "cannot listen on " + options.control + ": " + error.message();
        }
        asio::co_spawn(context, accept_connections(state->control, options.name, true), end_on_bug);
    }
    asio::co_spawn(context, accept_connections(state->acceptor, options.name, false), end_on_bug);
    return std::unique_ptr<Application>(new Application(std::move(state)));
}

Application::Application(std::unique_ptr<State> state) : state_(std::move(state)) {}

Application::~Application() = default;

std::uint16_t Application::port() const {
    control::aio::Error error;
    return state_->acceptor.local_endpoint(error).port();
}

}  // namespace proxy::command::demo
