// What the admin port answers, path by path; no sockets.
#pragma once

#include "proxy/control/admin_server.hpp"
#include "proxy/control/aio.hpp"

#include <string>
#include <string_view>

namespace proxy::control {

struct AdminPage {
    unsigned status = 200;
    std::string_view content_type = "text/plain; charset=utf-8";
    std::string body;
};

/// The page at `target` for GET and HEAD (only /explain reads a query); 404 where there is none.
/// `handlers` outlive the wait.
[[nodiscard]] aio::Awaitable<AdminPage> admin_page(
    const AdminHandlers& handlers, std::string_view target
);

}  // namespace proxy::control
