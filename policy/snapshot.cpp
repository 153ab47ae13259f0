#include "policy/snapshot.hpp"

#include "policy/snapshot_data.hpp"

#include <algorithm>
#include <utility>

namespace policy {

const DestinationPort* Destination::find_port(const PortKey& key) const {
    const auto place = std::lower_bound(
        ports.begin(),
        ports.end(),
        key,
        [](const auto& entry, const PortKey& wanted) { return entry->key < wanted; }
    );
    return place != ports.end() && (*place)->key == key ? place->get() : nullptr;
}

Snapshot::Snapshot(std::unique_ptr<const SnapshotData> data) : data_(std::move(data)) {}
Snapshot::~Snapshot() = default;

std::uint64_t Snapshot::generation() const {
    return data_->generation;
}

AccessMode Snapshot::access_mode(std::uint16_t port) const {
    const auto of_port = data_->port_access.find(port);
    return of_port == data_->port_access.end() ? data_->access : of_port->second;
}

MtlsMode Snapshot::mtls_mode(std::uint16_t port) const {
    const auto of_port = data_->port_mtls.find(port);
    return of_port == data_->port_mtls.end() ? data_->mtls : of_port->second;
}

bool Snapshot::is_opaque(std::uint16_t port) const {
    return data_->opaque_ports.contains(port);
}

const Endpoint* Snapshot::find_endpoint(const SocketAddress& address) const {
    const auto found = data_->endpoints.find(address);
    return found == data_->endpoints.end() ? nullptr : found->second;
}

}  // namespace policy
