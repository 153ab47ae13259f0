#include "proxy/command/demo/http_client.hpp"

#include "policy/address.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>

#include <algorithm>
#include <cctype>
#include <exception>
#include <optional>

namespace proxy::command::demo {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;

constexpr std::size_t k_body_bytes_max = 8 * 1024 * 1024;  // a /metrics page is the largest

using Stream = boost::beast::basic_stream<asio::generic::stream_protocol, control::aio::Executor>;
using Request = http::request<http::string_body>;

std::optional<asio::generic::stream_protocol::endpoint> endpoint_of(const std::string& connect) {
    if (connect.starts_with('/')) {
        return asio::generic::stream_protocol::endpoint(
            asio::local::stream_protocol::endpoint(connect)
        );
    }
    const auto address = policy::parse_socket_address(connect);
    if (!address) {
        return std::nullopt;
    }
    boost::system::error_code error;
    const auto ip = asio::ip::make_address(address->ip.text(), error);
    return asio::generic::stream_protocol::endpoint(asio::ip::tcp::endpoint(ip, address->port));
}

Request make_request(const HttpCall& call) {
    Request request;
    request.version(11);
    request.method_string(call.method);
    request.target(call.target);
    request.set(http::field::host, call.host.empty() ? "localhost" : call.host);
    for (const auto& [name, value] : call.headers) {
        request.insert(name, value);
    }
    request.set(http::field::connection, "close");
    request.body() = call.body;
    request.prepare_payload();
    return request;
}

policy::Result<HttpAnswer> failed_at(
    const char* step, const HttpCall& call, const control::aio::Error& error
) {
    return policy::failed<HttpAnswer>(
        std::string(step) + " " + call.connect + ": " + error.message()
    );
}

HttpAnswer to_answer(http::response<http::string_body>&& response) {
    HttpAnswer answer;
    answer.status = response.result_int();
    for (const auto& line : response) {
        answer.headers.emplace_back(line.name_string(), line.value());
    }
    answer.body = std::move(response.body());
    return answer;
}

}  // namespace

std::string_view HttpAnswer::header(std::string_view name) const {
    const auto same_letter = [](unsigned char a, unsigned char b) {
        return std::tolower(a) == std::tolower(b);
    };
    for (const auto& [line_name, value] : headers) {
        if (std::ranges::equal(line_name, name, same_letter)) {
            return value;
        }
    }
    return {};
}

control::aio::Awaitable<policy::Result<HttpAnswer>> exchange(
    control::aio::Executor executor, const HttpCall& call
) {
    const auto endpoint = endpoint_of(call.connect);
    if (!endpoint) {
        co_return policy::failed<HttpAnswer>("not an address: " + call.connect);
    }
    Stream stream(executor);
    stream.expires_after(call.time_max);
    auto [connect_error] = co_await stream.async_connect(*endpoint, control::aio::k_await);
    if (connect_error) {
        co_return failed_at("connecting to", call, connect_error);
    }
    const Request request = make_request(call);
    auto [write_error, written] =
        co_await http::async_write(stream, request, control::aio::k_await);
    if (write_error) {
        co_return failed_at("sending to", call, write_error);
    }
    boost::beast::flat_buffer buffer;
    http::response_parser<http::string_body> parser;
    parser.body_limit(k_body_bytes_max);
    parser.skip(call.method == "HEAD");
    auto [read_error, count] =
        co_await http::async_read(stream, buffer, parser, control::aio::k_await);
    if (read_error) {
        co_return failed_at("reading from", call, read_error);
    }
    co_return to_answer(parser.release());
}

policy::Result<HttpAnswer> fetch(const HttpCall& call) {
    asio::io_context context(1);
    policy::Result<HttpAnswer> result = policy::failed<HttpAnswer>(std::string("not started"));
    asio::co_spawn(
        context,
        exchange(context.get_executor(), call),
        [&result](std::exception_ptr exception, policy::Result<HttpAnswer> answer) {
            if (exception) {
                std::rethrow_exception(exception);
            }
            result = std::move(answer);
        }
    );
    context.run();
    return result;
}

}  // namespace proxy::command::demo
