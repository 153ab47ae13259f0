#include "proxy/inbound/admission.hpp"

#include "proxy/inbound/labels.hpp"
#include "telemetry/log.hpp"

#include <fmt/format.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace proxy::inbound {

namespace {

using policy::AccessMode;
using policy::HttpFacts;
using policy::Reason;
using policy::Verdict;

std::string peer_text(const Connection& connection) {
    return connection.peer.has_value() ? connection.peer->uri() : "an unauthenticated peer";
}

/// "GET /admin", or "a connection" for null. Peers write both parts: escaped, and cut, for the
/// rest of the line says why.
std::string what_text(const HttpFacts* request) {
    constexpr std::size_t shown_max = 200;
    if (request == nullptr) {
        return "a connection";
    }
    std::string text = telemetry::escaped(request->method.substr(0, shown_max));
    if (!request->path.empty()) {
        text += ' ' + telemetry::escaped(request->path.substr(0, shown_max));
    }
    return text;
}

std::string nearest_text(const Verdict& verdict) {
    if (verdict.rule.name.empty()) {
        return {};
    }
    return fmt::format(
        " (nearest TrafficTarget {}/{})", verdict.rule.name_space, verdict.rule.name
    );
}

/// What audit would deny is what its operator wants to read; a denial is told to the peer and
/// counted, so its line is for debugging.
void log_denial(
    Connection& connection, const Verdict& verdict, const HttpFacts* request, bool is_audited
) {
    using telemetry::LogLevel;
    const LogLevel level = is_audited ? LogLevel::info : LogLevel::debug;
    if (!telemetry::is_logged(level)) {
        return;
    }
    LineAllowance& allowance = connection.context.audit_lines;
    if (is_audited && !allowance.take(connection.context.worker.clock.now())) {
        return;
    }
    telemetry::log(
        level,
        fmt::format(
            "{} {} on port {} from {}: {}{}{}",
            is_audited ? "audit: would deny" : "denied",
            what_text(request),
            connection.pod_port,
            peer_text(connection),
            to_string(verdict.reason),
            nearest_text(verdict),
            is_audited ? allowance.take_skipped_text() : std::string()
        )
    );
}

telemetry::VerdictLabels verdict_labels(
    const Connection& connection, const Verdict& verdict, Effect effect, bool is_http
) {
    telemetry::VerdictLabels labels;
    labels.direction = telemetry::Direction::inbound;
    labels.http = is_http;
    labels.allowed = effect == Effect::admitted;
    labels.audited = effect == Effect::audited;
    labels.port = connection.pod_port;
    labels.reason = to_string(verdict.reason);
    labels.client_id = connection.peer.has_value() ? connection.peer->uri() : "";
    labels.authz_namespace = verdict.rule.name_space;
    labels.authz_name = verdict.rule.name;
    return labels;
}

/// Counts the verdict about a request; returns where the request counts.
telemetry::HttpSeries* count_request(
    Connection& connection, const SnapshotPin& snapshot, const Verdict& verdict, Effect effect
) {
    telemetry::Sheet& sheet = connection.context.worker.sheet;
    const std::uint64_t generation = snapshot != nullptr ? (*snapshot)->generation() : 0;
    const auto& counts = connection.counts.get(generation, verdict, effect, [&] {
        return RuleCounts::Counts{
            sheet.verdict(verdict_labels(connection, verdict, effect, true)),
            &sheet.http(http_labels(connection, verdict.rule))
        };
    });
    counts.verdict.count();
    return counts.requests;
}

/// Counts and logs. `request` is null for raw bytes.
Admission conclude(
    Connection& connection,
    const SnapshotPin& snapshot,
    const Verdict& verdict,
    Effect effect,
    const HttpFacts* request
) {
    Admission admission{effect != Effect::refused, verdict, nullptr};
    if (request != nullptr) {
        admission.requests = count_request(connection, snapshot, verdict, effect);
    } else {
        connection.context.worker.sheet.on_verdict(
            verdict_labels(connection, verdict, effect, false)
        );
    }
    if (effect != Effect::admitted) {
        log_denial(connection, verdict, request, effect == Effect::audited);
    }
    return admission;
}

Verdict denial(Reason reason) {
    Verdict verdict;
    verdict.reason = reason;
    return verdict;
}

/// What stands before any target, in every mode: a snapshot must be there, and on a strict port so
/// must mTLS.
std::optional<Verdict> precheck(const Connection& connection, const SnapshotPin& snapshot) {
    if (snapshot == nullptr) {
        return denial(Reason::not_ready);
    }
    const bool is_strict = (*snapshot)->mtls_mode(connection.pod_port) == policy::MtlsMode::strict;
    if (is_strict && !connection.is_mesh) {
        return denial(Reason::mtls_required);
    }
    return std::nullopt;
}

/// What the mode of the port makes of the verdict that `judge` gives, which off does not ask for.
template <class Judge>
Admission admit(
    Connection& connection,
    const SnapshotPin& snapshot,
    const HttpFacts* request,
    const Judge& judge
) {
    if (const auto refused = precheck(connection, snapshot)) {
        return conclude(connection, snapshot, *refused, Effect::refused, request);
    }
    const AccessMode mode = (*snapshot)->access_mode(connection.pod_port);
    if (mode == AccessMode::off) {
        Verdict verdict;
        verdict.reason = Reason::access_off;
        verdict.allowed = true;
        return conclude(connection, snapshot, verdict, Effect::admitted, request);
    }
    const Verdict verdict = judge(**snapshot);
    if (verdict.allowed) {
        return conclude(connection, snapshot, verdict, Effect::admitted, request);
    }
    const Effect effect = mode == AccessMode::audit ? Effect::audited : Effect::refused;
    return conclude(connection, snapshot, verdict, effect, request);
}

}  // namespace

Admission admit_http(
    Connection& connection, const SnapshotPin& snapshot, const policy::HttpFacts& facts
) {
    return admit(connection, snapshot, &facts, [&facts](const policy::Snapshot& policy) {
        return policy::decide_http(policy, facts);
    });
}

Admission admit_refused_path(
    Connection& connection, const SnapshotPin& snapshot, const policy::HttpFacts& facts
) {
    return admit(connection, snapshot, &facts, [](const policy::Snapshot&) {
        return denial(Reason::path_refused);
    });
}

Admission admit_tcp(Connection& connection, const SnapshotPin& snapshot) {
    policy::TcpFacts facts;
    facts.peer = connection.peer_or_null();
    facts.peer_address = connection.peer_address;
    facts.port = connection.pod_port;
    return admit(connection, snapshot, nullptr, [&facts](const policy::Snapshot& policy) {
        return policy::decide_tcp(policy, facts);
    });
}

}  // namespace proxy::inbound
