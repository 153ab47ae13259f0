#include "proxy/outbound/choice.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace proxy::outbound {

namespace {

constexpr std::size_t k_attempts_max = 3;

/// Only a meshed endpoint gets our mTLS, and only when we have an identity to show; endpoints
/// outside the mesh get plaintext, never our identity.
upstream::Target target_of(const WorkerContext& worker, const policy::Endpoint& endpoint) {
    upstream::Target target;
    target.address = endpoint.address;
    const bool has_identity = worker.configuration.identity.source != IdentitySourceKind::none;
    if (endpoint.meshed && endpoint.identity.has_value() && has_identity) {
        target.identity = endpoint.identity;
    }
    return target;
}

Choice choose_endpoint(WorkerContext& worker, const policy::Backend& backend) {
    Choice choice;
    choice.backend = &backend;
    choice.endpoint = &backend.endpoints[worker.balancer.next(backend)];
    choice.target = target_of(worker, *choice.endpoint);
    return choice;
}

Choice pass_through(
    const WorkerContext& worker,
    const policy::Snapshot& snapshot,
    const policy::SocketAddress& destination
) {
    Choice choice;
    choice.endpoint = snapshot.find_endpoint(destination);
    if (choice.endpoint != nullptr) {
        choice.target = target_of(worker, *choice.endpoint);
    } else {
        choice.target.address = destination;
    }
    return choice;
}

void count_split(
    WorkerContext& worker, const policy::Route& route, const policy::Backend& backend
) {
    if (route.split_name.empty()) {
        return;
    }
    telemetry::SplitLabels labels;
    labels.split_namespace = route.split_namespace;
    labels.split_name = route.split_name;
    labels.root = route.service_name;
    labels.backend = backend.service;
    worker.sheet.on_split(labels);
    if (backend.endpoints.empty()) {
        worker.sheet.on_empty_split(labels);
    }
    for (const policy::ExcludedBackend& excluded : route.excluded) {
        if (excluded.reason == Reason::backend_no_endpoint) {
            labels.backend = excluded.service;
            worker.sheet.on_empty_split(labels);
        }
    }
}

telemetry::TlsLabel tls_label(const Choice& choice) {
    return choice.target.identity.has_value() ? telemetry::TlsLabel::yes
                                              : telemetry::TlsLabel::no_identity;
}

}  // namespace

Result<Choice> choose(
    WorkerContext& worker,
    const policy::Snapshot& snapshot,
    const policy::Route& route,
    const std::optional<policy::SocketAddress>& destination
) {
    if (route.reason == Reason::routed && !route.backends.empty()) {
        const std::size_t turn = worker.turns.next(route.choice_id, route.backends);
        const policy::Backend& backend = *route.backends[turn].backend;
        count_split(worker, route, backend);
        if (backend.endpoints.empty()) {
            const Reason reason = Reason::backend_no_endpoint;
            return Failure{reason, Side::ours, std::string(to_string(reason))};
        }
        return choose_endpoint(worker, backend);
    }
    if (route.reason == Reason::passthrough && destination.has_value()) {
        return pass_through(worker, snapshot, *destination);
    }
    const Reason reason =
        route.reason == Reason::passthrough ? Reason::unknown_service : route.reason;
    return Failure{reason, Side::ours, std::string(to_string(reason))};
}

Choice choose_again(WorkerContext& worker, const policy::Snapshot& snapshot, const Choice& failed) {
    if (failed.backend == nullptr) {
        return pass_through(worker, snapshot, failed.target.address);
    }
    return choose_endpoint(worker, *failed.backend);
}

std::size_t attempts_max(const Choice& choice) {
    return choice.backend == nullptr ? 1
                                     : std::min(choice.backend->endpoints.size(), k_attempts_max);
}

telemetry::TcpTarget tcp_labels(const Choice& choice, telemetry::PeerLabel peer) {
    telemetry::TcpTarget labels;
    labels.direction = telemetry::Direction::outbound;
    labels.peer = peer;
    labels.tls = tls_label(choice);
    if (choice.target.identity.has_value()) {
        labels.server_id = choice.target.identity->uri();
    }
    if (choice.backend != nullptr) {
        labels.target = choice.target.address;
        labels.dst_namespace = choice.backend->name_space;
        labels.dst_service = choice.backend->service;
    }
    return labels;
}

telemetry::HttpTarget http_labels(const Choice& choice, const policy::Route& route) {
    telemetry::HttpTarget labels;
    labels.direction = telemetry::Direction::outbound;
    labels.tls = tls_label(choice);
    if (route.service_name.empty()) {
        labels.authority = "other";  // hosts outside the mesh are without number
    } else {
        const auto port = choice.backend != nullptr ? choice.backend->port : std::uint16_t{0};
        labels.authority = fmt::format(
            "{}.{}.svc.cluster.local:{}", route.service_name, route.service_namespace, port
        );
    }
    if (choice.target.identity.has_value()) {
        labels.server_id = choice.target.identity->uri();
    }
    if (choice.backend != nullptr) {
        labels.target = choice.target.address;
        labels.dst_namespace = choice.backend->name_space;
        labels.dst_service = choice.backend->service;
    }
    if (choice.endpoint != nullptr) {
        labels.dst_pod = choice.endpoint->pod;
    }
    return labels;
}

}  // namespace proxy::outbound
