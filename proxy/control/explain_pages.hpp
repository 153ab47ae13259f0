// /explain/access and /explain/route: why the snapshot in force decides as it does.
#pragma once

#include "policy/question.hpp"
#include "policy/result.hpp"
#include "proxy/control/admin_pages.hpp"

#include <string_view>

namespace proxy::control {

/// `query` is what stands behind the '?', as sent. 200 and the JSON of design.md §1; 400 and a
/// sentence for a parameter that is missing, unknown, said twice or unreadable; 503 before the
/// first snapshot.
[[nodiscard]] AdminPage explain_access_page(const AdminHandlers& handlers, std::string_view query);
[[nodiscard]] AdminPage explain_route_page(const AdminHandlers& handlers, std::string_view query);

}  // namespace proxy::control
