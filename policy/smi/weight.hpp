// Weights of split backends: Kubernetes quantities in thousandths (smi.md §1.3).
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace policy::smi {

/// Weights above 10^12 are refused, so that the sum of any split's weights fits 64 bits.
constexpr std::uint64_t k_weight_milli_max = 1'000'000'000'000'000;

/// Thousandths of a quantity ("1", "500m", "0.25", "1e3", "2k"), rounded up as Kubernetes does;
/// nullopt when it is none, is negative or exceeds k_weight_milli_max.
[[nodiscard]] std::optional<std::uint64_t> parse_weight_milli(std::string_view text);

}  // namespace policy::smi
