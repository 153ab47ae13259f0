// The demo's HTTP application: says what reached it, and calls others when told to.
#pragma once

#include "policy/address.hpp"
#include "policy/result.hpp"
#include "proxy/command/demo/http_client.hpp"
#include "proxy/control/aio.hpp"

#include <memory>
#include <string>
#include <string_view>

namespace proxy::command::demo {

struct ApplicationOptions {
    std::string name;
    policy::SocketAddress listen;
    std::string control;  // path of a Unix socket; empty: none
};

/// Listens on two sockets, on one thread:
///  - `listen`: any request is answered with {"app", "method", "path", "headers"};
///  - `control`: POST /call with {"connect", "method", "target", "host", "headers"} makes the
///    application send that request and answers {"status", "headers", "body"} or {"error"}.
///    Only the demo reaches it, so nobody on the network can use the application as a relay.
class Application {
 public:
    /// `context` outlives this object and runs it.
    [[nodiscard]] static policy::Result<std::unique_ptr<Application>> make(
        boost::asio::io_context& context, ApplicationOptions options
    );
    ~Application();
    Application(const Application&) = delete;
    Application& operator=(const Application&) = delete;

    /// The port it listens on, when 0 was asked for.
    [[nodiscard]] std::uint16_t port() const;

 private:
    struct State;
    explicit Application(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

/// The body of POST /call, and back. The error is a sentence.
[[nodiscard]] std::string to_json(const HttpCall& call);
[[nodiscard]] policy::Result<HttpCall> parse_call(std::string_view json);
[[nodiscard]] std::string to_json(const policy::Result<HttpAnswer>& answer);
[[nodiscard]] policy::Result<HttpAnswer> parse_answer(std::string_view json);

}  // namespace proxy::command::demo
