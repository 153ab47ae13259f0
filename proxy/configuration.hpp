// What `smilax proxy --config FILE` was told, as plain values (design.md §2). Read by
// command/configuration_file; immutable afterwards.
#pragma once

#include "policy/address.hpp"
#include "policy/options.hpp"
#include "proxy/limits.hpp"
#include "tls/identity_source.hpp"
#include "tls/naming.hpp"
#include "tls/resumption.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace proxy {

/// Automatic: nothing was named, so the first known source that is there (smi.md §5.3).
enum class IdentitySourceKind : std::uint8_t { automatic, files, workload_api, none };

struct OwnerReference {
    std::string kind;  // "Deployment"
    std::string name;
};

struct IdentityConfiguration {
    IdentitySourceKind source = IdentitySourceKind::automatic;
    std::string certificate;
    std::string key;
    std::string credential_bundle;
    std::string directory;  // where files with known names are (tls/file_sets)
    std::string trust_bundle;
    std::vector<tls::FederatedBundle> federated;
    std::vector<tls::NameForm> names{tls::NameForm()};
    std::string endpoint_socket;  // a URI
    /// The key or the variable that says so, for sentences.
    std::string endpoint_socket_name = "identity.endpointSocket";

    [[nodiscard]] bool names_files() const {
        return !certificate.empty() || !key.empty() || !credential_bundle.empty();
    }
};

/// A listener that nothing redirects to: what arrives at `listen` is for pod port `listen.port`
/// and goes to `application`.
struct InboundPort {
    policy::SocketAddress listen;
    policy::SocketAddress application;
};

struct Configuration {
    policy::Workload workload;
    OwnerReference owner;
    IdentityConfiguration identity;
    std::vector<std::string> resource_directories;
    policy::Options policy;
    /// Of single pod ports: whose TLS we answer there. Elsewhere that of the mesh alone.
    std::map<std::uint16_t, tls::Clients> port_clients;
    std::vector<policy::SocketAddress> inbound_listen;
    std::vector<InboundPort> inbound_ports;
    std::vector<policy::SocketAddress> outbound_listen;
    std::optional<policy::SocketAddress> admin_listen;
    std::uint32_t workers = 1;
    std::string log_level = "info";  // debug | info | warning | error
    Limits limits;

    [[nodiscard]] tls::Clients clients_of(std::uint16_t port) const {
        const auto found = port_clients.find(port);
        return found == port_clients.end() ? tls::Clients::mesh : found->second;
    }
};

}  // namespace proxy
