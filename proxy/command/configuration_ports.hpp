// The row of what single pod ports do otherwise than the pod.
#pragma once

#include "proxy/command/configuration_key.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace proxy::command {

inline constexpr const char* k_no_port = "is not a port (1 to 65535)";
[[nodiscard]] std::optional<std::uint16_t> parse_port(const std::string& text);

/// policy.ports.
[[nodiscard]] ConfigurationKey make_ports_key();

}  // namespace proxy::command
