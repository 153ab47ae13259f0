// One HTTP/1.1 request on a connection of its own: what the demo's applications send, and how the
// demo talks to them.
#pragma once

#include "policy/result.hpp"
#include "proxy/control/aio.hpp"

#include <chrono>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace proxy::command::demo {

using HeaderLines = std::vector<std::pair<std::string, std::string>>;

struct HttpCall {
    std::string connect;  // "ip:port", or the path of a Unix socket
    std::string method = "GET";
    std::string target = "/";
    std::string host;
    HeaderLines headers;
    std::string body;
    std::chrono::milliseconds time_max{5'000};
};

struct HttpAnswer {
    unsigned status = 0;
    HeaderLines headers;
    std::string body;

    /// The value of the first line of this name (any case), or empty.
    [[nodiscard]] std::string_view header(std::string_view name) const;
};

/// `call` outlives the coroutine. The error says which step failed and why.
[[nodiscard]] control::aio::Awaitable<policy::Result<HttpAnswer>> exchange(
    control::aio::Executor executor, const HttpCall& call
);

/// The same for a caller that waits.
[[nodiscard]] policy::Result<HttpAnswer> fetch(const HttpCall& call);

}  // namespace proxy::command::demo
