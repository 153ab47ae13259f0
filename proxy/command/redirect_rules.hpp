// The rules that lead a pod's traffic through its sidecar, as text for nft or iptables-restore
// (design.md §5). Pure: the same options give the same text.
#pragma once

#include "policy/result.hpp"

#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace proxy::command {

enum class AddressFamily : std::uint8_t { ipv4, ipv6 };

/// The sources from which the sidecar connects to the application beside it: by them these
/// connections are told from those that it makes for the application.
inline constexpr std::string_view k_application_source_v4 = "127.0.0.6";
inline constexpr std::string_view k_application_source_v6 = "::6";

struct RedirectOptions {
    std::uint16_t inbound_port = 15006;
    std::uint16_t outbound_port = 15001;
    std::uint16_t admin_port = 15020;
    std::uint32_t user = 1337;  // the sidecar's
    std::set<std::uint16_t> exclude_inbound_ports;
    std::set<std::uint16_t> exclude_outbound_ports;
    std::vector<std::string> exclude_outbound_cidrs;  // as parse_cidr gave them
};

/// "10.0.0.0/8", "2001:db8::/32" or a single address, in one canonical form; the error says what
/// is wrong with it, as the end of a sentence.
[[nodiscard]] policy::Result<std::string> parse_cidr(std::string_view text);

/// Input of `nft -f -`: one transaction that replaces the table `inet smilax` as a whole.
[[nodiscard]] std::string nft_rules(const RedirectOptions& options);
/// The transaction that removes it, whether it is there or not.
[[nodiscard]] std::string nft_removal();

/// Input of `iptables-restore --noflush` or `ip6tables-restore --noflush`: replaces our own chains
/// and leaves others' alone. `present` is what `iptables -t nat -S` printed: our jumps that are
/// there already are taken out first, in the same transaction.
[[nodiscard]] std::string iptables_rules(
    const RedirectOptions& options, AddressFamily family, std::string_view present
);
/// The input that removes what `present` holds of ours; empty when there is nothing.
[[nodiscard]] std::string iptables_removal(std::string_view present);

}  // namespace proxy::command
