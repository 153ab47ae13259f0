// The request as it goes onto the wire, made once for all connections.
#pragma once

#include "bench/load/options.hpp"

#include <string>

namespace bench::load {

/// `is_last`: asks the server to close after its answer.
[[nodiscard]] std::string request_text(const RequestOptions& request, bool is_last);

}  // namespace bench::load
