// The immutable result of `compile`: what decide() and route() read. Published across threads as
// shared_ptr<const Snapshot>; every reference into it lives as long as the caller's pin.
#pragma once

#include "policy/address.hpp"
#include "policy/identity.hpp"
#include "policy/options.hpp"
#include "policy/reason.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace policy {

/// A header line as it was sent. Views live as long as the message they came from.
struct HeaderField {
    std::string_view name;
    std::string_view value;
};

/// One place to send to: a ready pod of a Service, at the port the Service maps to.
struct Endpoint {
    SocketAddress address;
    /// Who must answer there; only endpoints with an identity that are not opted out are meshed.
    std::optional<Identity> identity;
    bool meshed = false;
    /// It has the identity but no sidecar of ours: mTLS with standard ALPN.
    bool standard = false;
    std::string pod;  // name, empty when unknown
};

enum class Transport : std::uint8_t { tcp, udp };

/// A Service at one of its ports.
struct Backend {
    std::string name_space;
    std::string service;
    Transport transport = Transport::tcp;
    std::uint16_t port = 0;           // the Service's port
    std::uint64_t turn_id = 0;        // of the Service at this port: stable in this process
    bool opaque = false;              // appProtocol tcp/opaque or similar: never parsed
    std::vector<Endpoint> endpoints;  // ready ones only, sorted by address, no duplicates
};

struct WeightedBackend {
    const Backend* backend = nullptr;
    std::uint64_t weight = 0;  // relative, > 0
};

/// A backend of a TrafficSplit that gets nothing, and why.
struct ExcludedBackend {
    std::string service;  // as the split writes it
    Reason reason = Reason::backend_missing;
};

class SnapshotData;  // the compiled tables; private to policy/ (snapshot_data.hpp)

class Snapshot {
 public:
    explicit Snapshot(std::unique_ptr<const SnapshotData> data);
    ~Snapshot();
    Snapshot(const Snapshot&) = delete;
    Snapshot& operator=(const Snapshot&) = delete;

    [[nodiscard]] const SnapshotData& data() const { return *data_; }
    /// Counts up with each compile of one Compiler; 0 is never used.
    [[nodiscard]] std::uint64_t generation() const;
    /// enforce, audit or off for what arrives at this pod port.
    [[nodiscard]] AccessMode access_mode(std::uint16_t port) const;
    /// Whether plaintext may arrive at this pod port.
    [[nodiscard]] MtlsMode mtls_mode(std::uint16_t port) const;
    /// Declared opaque (configuration or appProtocol of a Service of this pod): never sniffed.
    [[nodiscard]] bool is_opaque(std::uint16_t port) const;
    /// The endpoint at exactly this TCP address, for traffic that dials a pod itself; nullptr when
    /// it is unknown. Ready or not, and a Pod's named port without a Service as well: who dials it
    /// has chosen it, and plaintext to a pod of the mesh would be a downgrade.
    [[nodiscard]] const Endpoint* find_endpoint(const SocketAddress& address) const;
    /// JSON of the whole snapshot for /snapshot and goldens: stable order, for people and tests.
    [[nodiscard]] std::string to_json() const;

 private:
    std::unique_ptr<const SnapshotData> data_;
};

}  // namespace policy
