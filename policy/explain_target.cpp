#include "policy/explain_target.hpp"

#include "policy/explain_parts.hpp"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace policy {
namespace {

constexpr std::size_t k_shown_items_max = 10;

std::string ports_text(const PortSet& ports) {
    std::vector<std::string> items;
    for (const std::uint16_t port : ports.ports()) {
        items.push_back(std::to_string(port));
    }
    return enumerate(items, k_shown_items_max);
}

std::string port_sentence(const CompiledTarget& target, const AccessQuestion& question) {
    const std::string asked = "port " + std::to_string(question.port);
    if (target.port && *target.port != question.port) {
        return asked + " is not the target's port " + std::to_string(*target.port);
    }
    const bool is_udp = question.protocol == Protocol::udp;
    const std::string kind = is_udp ? "UDPRoute" : "TCPRoute";
    const PortSet& ports = is_udp ? target.udp_ports : target.tcp_ports;
    if (ports.ports().empty()) {
        return "the " + kind +
               " that it names does not exist or cannot be used, so it allows no port";
    }
    return asked + " is not among " + ports_text(ports) + " (" + kind + ")";
}

std::string protocol_sentence(const CompiledTarget& target, const AccessQuestion& question) {
    if (question.protocol == Protocol::udp) {
        return "it names no UDPRoute, and nothing else allows datagrams";
    }
    if (!target.has_tcp && !target.has_http) {
        return "its rules are UDPRoutes, which allow no TCP";
    }
    const std::string why = "raw bytes cannot satisfy its HTTPRouteGroup";
    if (!target.has_tcp) {
        return why + ", and it names no TCPRoute";
    }
    return why + "; declare port " + std::to_string(question.port) +
           " opaque if its TCPRoute alone is to decide";
}

}  // namespace

std::string sources_sentence(
    const CompiledTarget& target, const AccessQuestion& question, const std::string& trust_domain
) {
    std::vector<std::string> sources;
    for (const Identity& source : target.sources) {
        sources.push_back(short_text(source, trust_domain));
    }
    for (const PodSource& source : target.pod_sources) {
        sources.push_back("the pods of IdentityBinding " + short_text(source.binding));
    }
    if (sources.empty()) {
        return "none of its sources can be resolved, so it allows nobody";
    }
    const bool lacks_address = !target.pod_sources.empty() && !question.peer_address;
    return "sources are " + enumerate(sources, k_shown_items_max) +
           (lacks_address ? ", which are told by their addresses too, and none was asked about" : ""
           );
}

std::string failure_sentence(
    const CompiledTarget& target,
    Reason failed,
    const AccessQuestion& question,
    const HttpView& request
) {
    if (failed == Reason::port_not_allowed) {
        return port_sentence(target, question);
    }
    if (failed == Reason::protocol_not_allowed) {
        return protocol_sentence(target, question);
    }
    if (target.http->rules.empty()) {
        return "none of the HTTP matches that it names exists and can be used, so it allows no "
               "request";
    }
    return find_failures(target.http->rules, request);
}

}  // namespace policy
