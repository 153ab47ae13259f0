#include "proxy/command/configuration_ports.hpp"

#include <limits>
#include <string_view>

namespace proxy::command {
namespace {

std::optional<tls::Clients> parse_clients(std::string_view word) {
    if (word == "mesh") {
        return tls::Clients::mesh;
    }
    return word == "standard" ? std::optional(tls::Clients::standard) : std::nullopt;
}

bool is_named(const Configuration& configuration, std::uint16_t port) {
    return configuration.policy.port_access.contains(port) ||
           configuration.policy.port_mtls.contains(port) ||
           configuration.port_clients.contains(port);
}

/// The parts after the port, each of which may be empty or, at the end, absent.
ValueError set_port(Configuration& configuration, std::uint16_t port, Parts words) {
    words.resize(4);
    const auto access = policy::parse_access_mode(words[1]);
    const auto mtls = policy::parse_mtls_mode(words[2]);
    const auto clients = parse_clients(words[3]);
    if (!access && !words[1].empty()) {
        return "has an access that is not one of: enforce | audit | off";
    }
    if (!mtls && !words[2].empty()) {
        return "has an mtls that is not one of: strict | permissive";
    }
    if (!clients && !words[3].empty()) {
        return "has clients that are not one of: mesh | standard";
    }
    if (access) {
        configuration.policy.port_access.emplace(port, *access);
    }
    if (mtls) {
        configuration.policy.port_mtls.emplace(port, *mtls);
    }
    if (clients) {
        configuration.port_clients.emplace(port, *clients);
    }
    return access || mtls || clients ? std::nullopt
                                     : ValueError("says nothing of access, mtls or clients");
}

}  // namespace

std::optional<std::uint16_t> parse_port(const std::string& text) {
    const auto number = parse_number(text);
    if (!number || *number == 0 || *number > std::numeric_limits<std::uint16_t>::max()) {
        return std::nullopt;
    }
    return static_cast<std::uint16_t>(*number);
}

ConfigurationKey make_ports_key() {
    ConfigurationKey key = describe({
        "policy.ports",
        "port=enforce|audit|off=strict|permissive=mesh|standard …",
        "Single pod ports: their access and mtls, instead of the pod's and the annotations', and "
        "whose TLS is answered there: that of sidecars, or of all clients with a SPIFFE "
        "certificate. What is left out is as for the pod: 9090==permissive.",
    });
    key.is_list = true;
    key.fields = {"port", "access", "mtls", "clients"};
    key.has_optional_fields = true;
    key.set = [](Configuration& configuration, const Parts& parts) -> ValueError {
        const auto port = parse_port(parts[0]);
        if (!port) {
            return k_no_port;
        }
        if (is_named(configuration, *port)) {
            return "names the port a second time";
        }
        return set_port(configuration, *port, parts);
    };
    key.clear = [](Configuration& configuration) {
        configuration.policy.port_access.clear();
        configuration.policy.port_mtls.clear();
        configuration.port_clients.clear();
    };
    key.show = [](Configuration&) { return std::string(); };
    return key;
}

}  // namespace proxy::command
