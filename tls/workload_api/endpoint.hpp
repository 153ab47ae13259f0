// Where the Workload API is (SPIFFE_Workload_Endpoint §4): a URI, as SPIFFE_ENDPOINT_SOCKET has it.
#pragma once

#include "policy/address.hpp"
#include "policy/result.hpp"

#include <string>
#include <string_view>
#include <variant>

namespace tls::workload_api {

struct UnixSocket {
    std::string path;
    bool operator==(const UnixSocket&) const = default;
};
using Endpoint = std::variant<UnixSocket, policy::SocketAddress>;

/// "unix:///absolute/path" or "tcp://IP:port", and no part of a URI besides. The error is the end
/// of a sentence: "is not …".
[[nodiscard]] policy::Result<Endpoint> parse_endpoint(std::string_view uri);

}  // namespace tls::workload_api
