// Instants as Kubernetes writes them.
#pragma once

#include <chrono>
#include <optional>
#include <string_view>

namespace policy {

using Instant = std::chrono::time_point<std::chrono::system_clock, std::chrono::nanoseconds>;

/// RFC 3339 §5.6: "2024-01-31T23:59:60.5+01:00". Digits behind the nanosecond are cut off, and a
/// leap second is the second after. nullopt for anything else, also for years before 1678 or
/// after 2261, which nanoseconds cannot count.
[[nodiscard]] std::optional<Instant> parse_timestamp(std::string_view text);

}  // namespace policy
