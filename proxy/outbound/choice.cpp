#include "proxy/outbound/choice.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

namespace proxy::outbound {

namespace {

constexpr std::size_t k_attempts_max = 3;

/// Only a meshed endpoint gets our mTLS, and only when we have an identity to show; endpoints
/// outside the mesh get plaintext, never our identity.
void aim(const WorkerContext& worker, const policy::Endpoint& endpoint, Choice& choice) {
    choice.endpoint = &endpoint;
    choice.address = endpoint.address;
    const bool has_identity = worker.configuration.identity.source != IdentitySourceKind::none;
    if (endpoint.meshed && endpoint.identity.has_value() && has_identity) {
        choice.identity = &*endpoint.identity;
    }
}

Choice choose_endpoint(WorkerContext& worker, const policy::Backend& backend) {
    Choice choice;
    choice.backend = &backend;
    aim(worker, backend.endpoints[worker.balancer.next(backend)], choice);
    return choice;
}

Choice pass_through(
    const WorkerContext& worker,
    const policy::Snapshot& snapshot,
    const policy::SocketAddress& destination
) {
    Choice choice;
    if (const policy::Endpoint* endpoint = snapshot.find_endpoint(destination)) {
        aim(worker, *endpoint, choice);
    } else {
        choice.address = destination;
    }
    return choice;
}

/// What a turn of `backend` counts: the split's, and each backend of it that had no endpoint.
std::vector<telemetry::Counter> split_counters(
    telemetry::Sheet& sheet, const policy::Route& route, const policy::Backend& backend
) {
    telemetry::SplitLabels labels;
    labels.split_namespace = route.split_namespace;
    labels.split_name = route.split_name;
    labels.root = route.service_name;
    labels.backend = backend.service;
    std::vector<telemetry::Counter> counters{sheet.split(labels)};
    if (backend.endpoints.empty()) {
        counters.push_back(sheet.empty_split(labels));
    }
    for (const policy::ExcludedBackend& excluded : route.excluded) {
        if (excluded.reason == Reason::backend_no_endpoint) {
            labels.backend = excluded.service;
            counters.push_back(sheet.empty_split(labels));
        }
    }
    return counters;
}

void count_split(
    WorkerContext& worker,
    const policy::Snapshot& snapshot,
    const policy::Route& route,
    const policy::Backend& backend
) {
    if (route.split_name.empty()) {
        return;
    }
    const auto& counters = worker.splits.get(snapshot.generation(), route.choice_id, &backend, [&] {
        return split_counters(worker.sheet, route, backend);
    });
    for (const telemetry::Counter& counter : counters) {
        counter.count();
    }
}

telemetry::TlsLabel tls_label(const Choice& choice) {
    return choice.identity != nullptr ? telemetry::TlsLabel::yes : telemetry::TlsLabel::no_identity;
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
        count_split(worker, snapshot, route, backend);
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
        return pass_through(worker, snapshot, failed.address);
    }
    return choose_endpoint(worker, *failed.backend);
}

upstream::Target target_of(const Choice& choice) {
    upstream::Target target;
    target.address = choice.address;
    if (choice.identity != nullptr) {
        target.identity = *choice.identity;
        target.is_standard = choice.endpoint != nullptr && choice.endpoint->standard;
    }
    return target;
}

upstream::Hop hop_of(
    WorkerContext& worker,
    const policy::Snapshot& snapshot,
    const policy::Route& route,
    const Choice& choice
) {
    const auto make = [&] {
        return upstream::Hop{
            worker.pool.place(target_of(choice)), &worker.sheet.http(http_labels(choice, route))
        };
    };
    if (choice.endpoint == nullptr) {
        return make();  // addresses outside the mesh are without number
    }
    // With a backend the choice is a Service's or a split's; without one the id is none of theirs.
    const std::uint64_t choice_id = choice.backend != nullptr ? route.choice_id : 0;
    return worker.hops.get(snapshot.generation(), choice_id, choice.endpoint, make);
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
    if (choice.identity != nullptr) {
        labels.server_id = choice.identity->uri();
    }
    if (choice.backend != nullptr) {
        labels.target = choice.address;
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
    if (choice.identity != nullptr) {
        labels.server_id = choice.identity->uri();
    }
    if (choice.backend != nullptr) {
        labels.target = choice.address;
        labels.dst_namespace = choice.backend->name_space;
        labels.dst_service = choice.backend->service;
    }
    if (choice.endpoint != nullptr) {
        labels.dst_pod = choice.endpoint->pod;
    }
    return labels;
}

}  // namespace proxy::outbound
