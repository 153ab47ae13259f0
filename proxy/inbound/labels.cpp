#include "proxy/inbound/labels.hpp"

namespace proxy::inbound {

telemetry::TcpTarget tcp_labels(const Connection& connection, telemetry::PeerLabel peer) {
    telemetry::TcpTarget labels;
    labels.direction = telemetry::Direction::inbound;
    labels.peer = peer;
    labels.target.port = connection.pod_port;
    const bool is_accepted_side = peer == telemetry::PeerLabel::src;
    labels.tls = connection.is_mesh && is_accepted_side ? telemetry::TlsLabel::yes
                                                        : telemetry::TlsLabel::no_identity;
    if (connection.peer.has_value() && is_accepted_side) {
        labels.client_id = connection.peer->uri();
    }
    return labels;
}

telemetry::HttpTarget http_labels(const Connection& connection, const policy::RuleId& rule) {
    telemetry::HttpTarget labels;
    labels.direction = telemetry::Direction::inbound;
    labels.target.port = connection.pod_port;
    labels.tls = connection.is_mesh ? telemetry::TlsLabel::yes : telemetry::TlsLabel::no_identity;
    if (connection.peer.has_value()) {
        labels.client_id = connection.peer->uri();
    }
    labels.route_name = rule.match;
    labels.authz_namespace = rule.name_space;
    labels.authz_name = rule.name;
    return labels;
}

}  // namespace proxy::inbound
