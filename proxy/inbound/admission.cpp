#include "proxy/inbound/admission.hpp"

#include "telemetry/log.hpp"

#include <fmt/format.h>

#include <string>

namespace proxy::inbound {

namespace {

using policy::AccessMode;
using policy::Reason;
using policy::Verdict;

std::string peer_text(const Connection& connection) {
    return connection.peer.has_value() ? connection.peer->uri() : "an unauthenticated peer";
}

void count(
    Connection& connection, const Verdict& verdict, bool is_http, bool is_admitted, bool is_audited
) {
    telemetry::VerdictLabels labels;
    labels.direction = telemetry::Direction::inbound;
    labels.http = is_http;
    labels.allowed = is_admitted && !is_audited;
    labels.audited = is_audited;
    labels.port = connection.pod_port;
    labels.reason = to_string(verdict.reason);
    labels.client_id = connection.peer.has_value() ? connection.peer->uri() : "";
    labels.authz_namespace = verdict.rule.name_space;
    labels.authz_name = verdict.rule.name;
    connection.context.worker.sheet.on_verdict(labels);
    if (!verdict.allowed && telemetry::is_logged(telemetry::LogLevel::debug)) {
        telemetry::log(
            telemetry::LogLevel::debug,
            fmt::format(
                "{} {} on port {} from {}: {}{}",
                is_audited ? "would deny" : "denied",
                is_http ? "a request" : "a connection",
                connection.pod_port,
                peer_text(connection),
                to_string(verdict.reason),
                verdict.rule.name.empty() ? std::string()
                                          : fmt::format(
                                                " (nearest TrafficTarget {}/{})",
                                                verdict.rule.name_space,
                                                verdict.rule.name
                                            )
            )
        );
    }
}

Verdict denial(Reason reason) {
    Verdict verdict;
    verdict.reason = reason;
    return verdict;
}

/// What stands before any target: a snapshot must be there, and on a strict port so must mTLS.
std::optional<Verdict> precheck(const Connection& connection, const SnapshotPin& snapshot) {
    if (snapshot == nullptr) {
        return denial(Reason::not_ready);
    }
    const bool is_strict = connection.context.worker.configuration.mtls == MtlsMode::strict;
    if (is_strict && !connection.is_mesh) {
        return denial(Reason::mtls_required);
    }
    return std::nullopt;
}

Admission refuse(Connection& connection, const Verdict& verdict, bool is_http) {
    count(connection, verdict, is_http, false, false);
    return Admission{false, verdict};
}

/// What the access mode makes of the targets' verdict.
Admission apply_mode(
    Connection& connection, const policy::Snapshot& snapshot, Verdict verdict, bool is_http
) {
    const AccessMode mode = snapshot.access_mode(connection.pod_port);
    if (mode == AccessMode::off) {
        verdict.allowed = true;
        verdict.reason = Reason::access_off;
    }
    const bool is_audited = mode == AccessMode::audit && !verdict.allowed;
    const bool is_admitted = verdict.allowed || is_audited;
    count(connection, verdict, is_http, is_admitted, is_audited);
    return Admission{is_admitted, verdict};
}

}  // namespace

Admission admit_http(
    Connection& connection, const SnapshotPin& snapshot, const policy::HttpFacts& facts
) {
    if (const auto refused = precheck(connection, snapshot)) {
        return refuse(connection, *refused, true);
    }
    return apply_mode(connection, **snapshot, policy::decide_http(**snapshot, facts), true);
}

Admission refuse_path(Connection& connection) {
    return refuse(connection, denial(Reason::path_refused), true);
}

Admission admit_tcp(Connection& connection, const SnapshotPin& snapshot) {
    if (const auto refused = precheck(connection, snapshot)) {
        return refuse(connection, *refused, false);
    }
    policy::TcpFacts facts;
    facts.peer = connection.peer_or_null();
    facts.peer_address = connection.peer_address;
    facts.port = connection.pod_port;
    return apply_mode(connection, **snapshot, policy::decide_tcp(**snapshot, facts), false);
}

}  // namespace proxy::inbound
