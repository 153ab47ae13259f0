#include "proxy/command/configuration_check.hpp"

#include "proxy/command/configuration_ports.hpp"
#include "tls/workload_api/endpoint.hpp"

#include <fmt/format.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace proxy::command {
namespace {

using policy::IpAddress;
using policy::SocketAddress;

void report_at(
    ConfigurationValues& values, policy::Origin origin, std::string code, std::string message
) {
    values.problems.push_back(
        {policy::Severity::error, std::move(origin), {}, std::move(code), std::move(message)}
    );
}

void report(
    ConfigurationValues& values, const std::string& path, std::string code, std::string message
) {
    report_at(values, values.origin_of(path), std::move(code), std::move(message));
}

void check_workload(ConfigurationValues& values) {
    struct Required {
        const char* path;
        const char* variable;
        const char* field;
    };
    // Guessing these would apply the policy of somebody else.
    constexpr std::array<Required, 2> required{{
        {"workload.namespace", "SMILAX_WORKLOAD_NAMESPACE", "metadata.namespace"},
        {"workload.serviceAccount", "SMILAX_WORKLOAD_SERVICE_ACCOUNT", "spec.serviceAccountName"},
    }};
    for (const Required& key : required) {
        if (!values.has(key.path)) {
            report(
                values,
                key.path,
                "missing_key",
                fmt::format(
                    "{} is missing: write it here or set {} (downward API: {}).",
                    key.path,
                    key.variable,
                    key.field
                )
            );
        }
    }
    if (values.has("workload.owner.kind") != values.has("workload.owner.name")) {
        report(values, "workload.owner", "missing_key", "workload.owner needs both kind and name.");
    }
}

std::set<std::uint16_t> ports_named(const Configuration& configuration) {
    std::set<std::uint16_t> ports;
    for (const auto& [port, mode] : configuration.policy.port_mtls) {
        ports.insert(port);
    }
    for (const auto& [port, clients] : configuration.port_clients) {
        ports.insert(port);
    }
    return ports;
}

void check_pair(ConfigurationValues& values) {
    const auto need = [&values](const char* path, const char* other) {
        if (!values.has(path)) {
            report(
                values,
                path,
                "missing_key",
                fmt::format(
                    "{} is missing: {} needs it; name both, or identity.credentialBundle instead.",
                    path,
                    other
                )
            );
        }
    };
    need("identity.certificate", "identity.key");
    need("identity.key", "identity.certificate");
}

void check_named_files(const IdentityConfiguration& identity, ConfigurationValues& values) {
    const bool has_pair = values.has("identity.certificate") || values.has("identity.key");
    const bool has_bundle = values.has("identity.credentialBundle");
    if (values.has("identity.directory")) {
        if (has_pair || has_bundle) {
            report(
                values,
                "identity.directory",
                "conflict",
                "identity.directory is where files with known names are looked for: remove it, or "
                "remove identity.certificate, identity.key and identity.credentialBundle."
            );
        }
        return;  // what is there shows when it is looked at
    }
    if (!has_pair && !has_bundle) {
        report(
            values,
            "identity.source",
            "missing_key",
            "identity.source files names no files: set identity.directory, or "
            "identity.trustBundle with identity.certificate and identity.key, or with "
            "identity.credentialBundle."
        );
        return;
    }
    if (has_pair && has_bundle) {
        report(
            values,
            "identity.credentialBundle",
            "conflict",
            "identity.credentialBundle holds key and certificate: remove it, or remove "
            "identity.certificate and identity.key."
        );
    } else if (has_pair) {
        check_pair(values);
    }
    if (identity.trust_bundle.empty() && !values.bad.contains("identity.trustBundle")) {
        report(
            values,
            "identity.trustBundle",
            "missing_key",
            "identity.trustBundle is missing: without the CA's certificates no peer can be "
            "verified."
        );
    }
}

/// Whoever names an agent means to be given what it says.
void check_identity_files(const IdentityConfiguration& identity, ConfigurationValues& values) {
    if (values.has("identity.endpointSocket")) {
        report(
            values,
            "identity.endpointSocket",
            "conflict",
            fmt::format(
                "{} is not used, for the identity comes from files: remove it, or set "
                "identity.source to workload-api and remove the keys that name files.",
                values.by_path.at("identity.endpointSocket").name
            )
        );
    }
    check_named_files(identity, values);
}

/// One domain, one bundle: two would be two answers to the question of whom it trusts.
void check_federation(const Configuration& configuration, ConfigurationValues& values) {
    for (const tls::FederatedBundle& bundle : configuration.identity.federated) {
        if (bundle.trust_domain == configuration.workload.trust_domain) {
            report(
                values,
                "identity.trustBundles",
                "conflict",
                fmt::format(
                    "identity.trustBundles names {}, our own trust domain: its CAs belong in "
                    "identity.trustBundle.",
                    bundle.trust_domain
                )
            );
        }
    }
}

void check_no_identity(const Configuration& configuration, ConfigurationValues& values) {
    // Said here: an annotation can be changed by who could not change this.
    if (configuration.policy.mtls != policy::MtlsMode::permissive &&
        !values.bad.contains("policy.mtls")) {
        report(
            values,
            "identity.source",
            "conflict",
            "identity.source none proves no identity, which policy.mtls strict requires: "
            "set policy.mtls to permissive to try things out, or give files."
        );
    }
    const auto needs_identity = [&configuration](std::uint16_t port) {
        const auto mtls = configuration.policy.port_mtls.find(port);
        return (mtls != configuration.policy.port_mtls.end() &&
                mtls->second == policy::MtlsMode::strict) ||
               configuration.clients_of(port) == tls::Clients::standard;
    };
    for (const std::uint16_t port : ports_named(configuration)) {
        if (needs_identity(port)) {
            report(
                values,
                "policy.ports",
                "conflict",
                fmt::format(
                    "policy.ports makes port {} strict or open to standard mTLS clients, which "
                    "takes an identity of our own: identity.source is none.",
                    port
                )
            );
        }
    }
}

void check_endpoint_socket(const IdentityConfiguration& identity, ConfigurationValues& values) {
    if (values.bad.contains("identity.endpointSocket")) {
        return;
    }
    if (identity.endpoint_socket.empty()) {
        report(
            values,
            "identity.source",
            "missing_key",
            "identity.endpointSocket is missing, and so is the variable SPIFFE_ENDPOINT_SOCKET: "
            "identity.source workload-api needs one of them, as unix:///path/of/the/socket."
        );
        return;
    }
    const auto endpoint = tls::workload_api::parse_endpoint(identity.endpoint_socket);
    if (endpoint.has_error()) {
        // The key's own value was judged when it was read: this is the variable's.
        report_at(
            values,
            {},
            "bad_value",
            fmt::format(
                "{}: \"{}\" {}.",
                identity.endpoint_socket_name,
                identity.endpoint_socket,
                endpoint.error()
            )
        );
    }
}

/// Trust that was written down and is not looked at would be believed to hold.
void check_workload_api(const IdentityConfiguration& identity, ConfigurationValues& values) {
    check_endpoint_socket(identity, values);
    for (const char* path :
         {"identity.certificate",
          "identity.key",
          "identity.credentialBundle",
          "identity.directory",
          "identity.trustBundle",
          "identity.trustBundles"}) {
        if (values.has(path)) {
            report(
                values,
                path,
                "conflict",
                fmt::format(
                    "{} is not used with the Workload API{}, whose agent gives certificate, key "
                    "and trust bundles, those of federated trust domains too: remove it, or set "
                    "identity.source to files and name them all.",
                    values.by_path.at(path).name,
                    identity.endpoint_socket.empty()
                        ? ""
                        : fmt::format(" of {}", identity.endpoint_socket_name)
                )
            );
        }
    }
}

void check_identity(const Configuration& configuration, ConfigurationValues& values) {
    if (values.bad.contains("identity.source")) {
        return;
    }
    switch (configuration.identity.source) {
        case IdentitySourceKind::automatic:
            return;  // what is there shows when it is looked at
        case IdentitySourceKind::files:
            check_identity_files(configuration.identity, values);
            return;
        case IdentitySourceKind::workload_api:
            check_workload_api(configuration.identity, values);
            return;
        case IdentitySourceKind::none:
            check_no_identity(configuration, values);
            return;
    }
}

/// Where nothing redirects, inbound.ports is the whole list of pod ports. A slip in a number would
/// leave the port that was meant as it is, without a word.
void check_policy_ports(const Configuration& configuration, ConfigurationValues& values) {
    const auto found = values.by_path.find("policy.ports");
    if (found == values.by_path.end() || !configuration.inbound_listen.empty()) {
        return;
    }
    std::set<std::uint16_t> there;
    for (const InboundPort& port : configuration.inbound_ports) {
        there.insert(port.listen.port);
    }
    if (there.contains(0)) {
        return;  // the kernel chooses it
    }
    for (const KeyValue::Item& item : found->second.items) {
        const auto port = parse_port(item.parts[0]);
        if (port && !there.contains(*port)) {
            report_at(
                values,
                item.origin,
                "conflict",
                fmt::format(
                    "{} names port {}, but {}: correct the number, or remove it.",
                    found->second.name,
                    *port,
                    there.empty() ? "there are no inbound ports"
                                  : fmt::format("inbound.ports has only {}", fmt::join(there, ", "))
                )
            );
        }
    }
}

void check_resources(const Configuration& configuration, ConfigurationValues& values) {
    if (configuration.resource_directories.empty() && !values.bad.contains("resources")) {
        report(
            values,
            "resources",
            "missing_key",
            "resources is missing or empty: name the directory of the SMI and Service manifests, "
            "as resources: [{directory: /etc/smilax/resources}]."
        );
    }
}

/// Whether binding `a` takes `b` too. Our sockets are dual-stack: [::] includes IPv4.
bool covers(const SocketAddress& a, const SocketAddress& b) {
    static const IpAddress any_v6{};
    static const IpAddress any_v4 = policy::parse_ip("0.0.0.0").value();
    const bool is_wildcard = a.ip == any_v6 || (a.ip == any_v4 && b.ip.is_v4());
    return a.port == b.port && a.port != 0 && (a.ip == b.ip || is_wildcard);
}

/// Listening twice is not left to the kernel: workers share their sockets' addresses
/// (SO_REUSEPORT), so it would split the connections between, say, inbound and outbound.
void check_listen_addresses(const Configuration& configuration, ConfigurationValues& values) {
    std::vector<std::pair<SocketAddress, std::string>> all;
    for (const SocketAddress& address : configuration.inbound_listen) {
        all.emplace_back(address, "inbound.listen");
    }
    for (const InboundPort& port : configuration.inbound_ports) {
        all.emplace_back(port.listen, "inbound.ports");
    }
    for (const SocketAddress& address : configuration.outbound_listen) {
        all.emplace_back(address, "outbound.listen");
    }
    if (configuration.admin_listen) {
        all.emplace_back(*configuration.admin_listen, "admin.listen");
    }
    for (std::size_t i = 0; i < all.size(); ++i) {
        for (std::size_t j = 0; j < i; ++j) {
            const auto& [address, path] = all[i];
            const auto& [other_address, other_path] = all[j];
            if (covers(address, other_address) || covers(other_address, address)) {
                // The place of the one that was written rather than of a default.
                report(
                    values,
                    values.has(path) ? path : other_path,
                    "conflict",
                    fmt::format(
                        "{} {} and {} {} listen on the same address: change one of the ports.",
                        path,
                        address.text(),
                        other_path,
                        other_address.text()
                    )
                );
            }
        }
    }
    if (configuration.inbound_listen.empty() && configuration.inbound_ports.empty() &&
        configuration.outbound_listen.empty()) {
        report(
            values,
            "inbound.listen",
            "missing_key",
            "There is nothing to listen on: set inbound.listen, inbound.ports or outbound.listen."
        );
    }
}

}  // namespace

void check_configuration(const Configuration& configuration, ConfigurationValues& values) {
    check_workload(values);
    check_identity(configuration, values);
    check_federation(configuration, values);
    check_resources(configuration, values);
    const bool are_addresses_known =
        !values.bad.contains("inbound.listen") && !values.bad.contains("inbound.ports") &&
        !values.bad.contains("outbound.listen") && !values.bad.contains("admin.listen");
    if (are_addresses_known) {
        check_policy_ports(configuration, values);
        check_listen_addresses(configuration, values);
    }
}

}  // namespace proxy::command
