#include "proxy/command/redirect_rules.hpp"

#include "policy/address.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <optional>
#include <system_error>

namespace proxy::command {
namespace {

constexpr std::string_view k_inbound_chain = "SMILAX_INBOUND";
constexpr std::string_view k_outbound_chain = "SMILAX_OUTBOUND";

/// Ports of inbound connections that stay as they are. Our own listeners are among them: sent to
/// the inbound listener instead, a stranger's connection to 15001 would reach the outbound side as
/// if the application had made it.
std::set<std::uint16_t> untouched_inbound_ports(const RedirectOptions& options) {
    std::set<std::uint16_t> ports = options.exclude_inbound_ports;
    ports.insert({options.inbound_port, options.outbound_port, options.admin_port});
    return ports;
}

bool is_v6(std::string_view cidr) {
    return cidr.find(':') != std::string_view::npos;
}

// --- nft ---

/// "        tcp dport { 22, 80 } return" or nothing.
std::string nft_return(const std::set<std::uint16_t>& ports) {
    if (ports.empty()) {
        return {};
    }
    return fmt::format("        tcp dport {{ {} }} return\n", fmt::join(ports, ", "));
}

// --- iptables ---

std::vector<std::string_view> lines_of(std::string_view text) {
    std::vector<std::string_view> lines;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        lines.push_back(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return lines;
}

bool is_our_chain(std::string_view name) {
    return name == k_inbound_chain || name == k_outbound_chain;
}

/// "-D PREROUTING … -j SMILAX_INBOUND" for each such line of `present`, of foreign chains.
std::string jump_removals(std::string_view present) {
    std::string text;
    for (const std::string_view line : lines_of(present)) {
        const std::size_t target = line.rfind(' ');
        const bool is_rule = line.starts_with("-A ") && target != std::string_view::npos;
        if (is_rule && is_our_chain(line.substr(target + 1)) && !line.starts_with("-A SMILAX_")) {
            text += fmt::format("-D {}\n", line.substr(3));
        }
    }
    return text;
}

struct FamilyWords {
    std::string_view loopback;
    std::string_view application_source;
};

FamilyWords words_of(AddressFamily family) {
    switch (family) {
        case AddressFamily::ipv4:
            return {"127.0.0.0/8", "127.0.0.6/32"};
        case AddressFamily::ipv6:
            return {"::1/128", "::6/128"};
    }
    return {};
}

}  // namespace

policy::Result<std::string> parse_cidr(std::string_view text) {
    const auto refused = [](std::string_view why) {
        return policy::failed<std::string>(std::string(why));
    };
    const std::size_t slash = text.find('/');
    std::optional<policy::IpAddress> ip = policy::parse_ip(text.substr(0, slash));
    if (!ip || text.starts_with('[')) {
        return refused("is not an address block: write 10.0.0.0/8 or 2001:db8::/32");
    }
    const std::size_t bits_max = ip->is_v4() ? 32 : 128;
    std::size_t bits = bits_max;
    if (slash != std::string_view::npos) {
        const std::string_view length = text.substr(slash + 1);
        const char* const last = length.data() + length.size();
        const auto [end, code] = std::from_chars(length.data(), last, bits);
        if (code != std::errc() || end != last || length.empty() || bits > bits_max) {
            return refused(fmt::format("has no prefix length from 0 to {}", bits_max));
        }
    }
    // Host bits beyond the prefix are cut off, as both tools do, so that one block has one text.
    for (std::size_t bit = bits + (128 - bits_max); bit < 128; ++bit) {
        const auto mask = static_cast<std::uint8_t>(~(0x80U >> (bit % 8)));
        ip->bytes[bit / 8] &= mask;
    }
    return {boost::system::in_place_value, fmt::format("{}/{}", ip->text(), bits)};
}

std::string nft_removal() {
    // Deleting what is not there is an error, adding what is there is not.
    return "add table inet smilax\ndelete table inet smilax\n";
}

std::string nft_rules(const RedirectOptions& options) {
    std::string text = nft_removal();
    text += "table inet smilax {\n";
    text += "    chain inbound {\n";
    text += nft_return(untouched_inbound_ports(options));
    text += fmt::format("        meta l4proto tcp redirect to :{}\n", options.inbound_port);
    text += "    }\n";
    text += "    chain outbound {\n";
    // The sidecar to the application: the end of an inbound connection's way.
    text += fmt::format(
        "        oifname \"lo\" ip saddr {} return\n"
        "        oifname \"lo\" ip6 saddr {} return\n",
        k_application_source_v4,
        k_application_source_v6
    );
    // The sidecar to its own pod: the application called its own Service. Inbound like any other.
    text += fmt::format(
        "        oifname \"lo\" meta skuid {0} ip daddr != 127.0.0.0/8 goto inbound\n"
        "        oifname \"lo\" meta skuid {0} ip6 daddr != ::1 goto inbound\n"
        "        meta skuid {0} return\n",
        options.user
    );
    text += "        ip daddr 127.0.0.0/8 return\n        ip6 daddr ::1 return\n";
    text += nft_return(options.exclude_outbound_ports);
    // One rule each: blocks that overlap are an error within one set.
    for (const std::string& cidr : options.exclude_outbound_cidrs) {
        text += fmt::format("        {} daddr {} return\n", is_v6(cidr) ? "ip6" : "ip", cidr);
    }
    text += fmt::format("        meta l4proto tcp redirect to :{}\n", options.outbound_port);
    text += "    }\n";
    // -100 is where destination NAT belongs.
    text +=
        "    chain prerouting {\n"
        "        type nat hook prerouting priority -100; policy accept;\n"
        "        iifname != \"lo\" meta l4proto tcp goto inbound\n"
        "    }\n"
        "    chain output {\n"
        "        type nat hook output priority -100; policy accept;\n"
        "        meta l4proto tcp goto outbound\n"
        "    }\n"
        "}\n";
    return text;
}

std::string iptables_rules(
    const RedirectOptions& options, AddressFamily family, std::string_view present
) {
    const FamilyWords words = words_of(family);
    // A declared chain is emptied if it is there and made if not.
    std::string text =
        fmt::format("*nat\n:{} - [0:0]\n:{} - [0:0]\n", k_inbound_chain, k_outbound_chain);
    text += jump_removals(present);
    for (const std::uint16_t port : untouched_inbound_ports(options)) {
        text += fmt::format("-A {} -p tcp --dport {} -j RETURN\n", k_inbound_chain, port);
    }
    text += fmt::format(
        "-A {} -p tcp -j REDIRECT --to-ports {}\n", k_inbound_chain, options.inbound_port
    );
    // In the order of the nft chain above, which says why.
    const auto add = [&text](const std::string& rule) {
        text += fmt::format("-A {} {}\n", k_outbound_chain, rule);
    };
    add(fmt::format("-s {} -o lo -j RETURN", words.application_source));
    add(fmt::format(
        "! -d {} -o lo -m owner --uid-owner {} -g {}", words.loopback, options.user, k_inbound_chain
    ));
    add(fmt::format("-m owner --uid-owner {} -j RETURN", options.user));
    add(fmt::format("-d {} -j RETURN", words.loopback));
    for (const std::uint16_t port : options.exclude_outbound_ports) {
        add(fmt::format("-p tcp --dport {} -j RETURN", port));
    }
    for (const std::string& cidr : options.exclude_outbound_cidrs) {
        if (is_v6(cidr) == (family == AddressFamily::ipv6)) {
            add(fmt::format("-d {} -j RETURN", cidr));
        }
    }
    add(fmt::format("-p tcp -j REDIRECT --to-ports {}", options.outbound_port));
    text += fmt::format("-A PREROUTING ! -i lo -p tcp -j {}\n", k_inbound_chain);
    text += fmt::format("-A OUTPUT -p tcp -j {}\n", k_outbound_chain);
    text += "COMMIT\n";
    return text;
}

std::string iptables_removal(std::string_view present) {
    std::string text = jump_removals(present);
    std::string deletions;
    for (const std::string_view line : lines_of(present)) {
        if (line.starts_with("-N ") && is_our_chain(line.substr(3))) {
            text += fmt::format("-F {}\n", line.substr(3));
            deletions += fmt::format("-X {}\n", line.substr(3));
        }
    }
    text += deletions;
    return text.empty() ? text : "*nat\n" + text + "COMMIT\n";
}

}  // namespace proxy::command
