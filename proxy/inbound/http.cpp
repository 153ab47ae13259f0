#include "proxy/inbound/http.hpp"

#include "proxy/http/exchange.hpp"
#include "proxy/http/forwarding.hpp"
#include "proxy/http/request_target.hpp"
#include "proxy/http/respond_failure.hpp"
#include "proxy/http/server_session.hpp"
#include "proxy/inbound/admission.hpp"
#include "proxy/inbound/labels.hpp"
#include "proxy/inbound/upgraded.hpp"
#include "telemetry/request_record.hpp"
#include "telemetry/tcp_record.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <utility>

namespace proxy::inbound {

namespace {

/// One HTTP connection: what its requests share.
struct HttpConnection {
    Connection& connection;
    http::ServerSession session;
    upstream::PlacePin application;  // where connections to our application wait
};

/// A request as the policy sees it, and the target that goes to the application.
struct Gathered {
    policy::HttpFacts facts;
    std::string_view target;
    bool is_path_refused = false;
};

Gathered gather_facts(HttpConnection& self, const policy::Snapshot* snapshot) {
    const http::RequestHead& request = self.session.request();
    const std::uint16_t port = self.connection.pod_port;
    const bool has_path_rules = snapshot != nullptr && policy::has_path_rules(*snapshot, port) &&
                                snapshot->access_mode(port) != policy::AccessMode::off;
    const http::RequestTarget target = http::read_target(
        request,
        has_path_rules ? http::PathRules::some : http::PathRules::none,
        self.connection.context.worker.configuration.policy,
        self.session.scratch().path,
        self.session.scratch().target
    );
    // Judged are the fields that go on: one that a hop removes must not open anything.
    http::forward_request_fields(request, self.session.scratch().request_fields);
    Gathered gathered;
    gathered.facts.peer = self.connection.peer_or_null();
    gathered.facts.peer_address = self.connection.peer_address;
    gathered.facts.port = port;
    gathered.facts.method = request.method;
    gathered.facts.path = target.path;
    gathered.facts.authority = request.authority;
    gathered.facts.headers = self.session.scratch().request_fields;
    gathered.target = target.target;
    gathered.is_path_refused = target.is_refused;
    return gathered;
}

Admission admit(HttpConnection& self, const SnapshotPin& snapshot, const Gathered& gathered) {
    if (gathered.is_path_refused) {
        return admit_refused_path(self.connection, snapshot, gathered.facts);
    }
    return admit_http(self.connection, snapshot, gathered.facts);
}

/// Denials name the nearest target to authenticated peers only: others learn nothing.
io::Awaitable<bool> respond_denied(HttpConnection& self, const policy::Verdict& verdict) {
    const std::string target =
        self.connection.peer.has_value() && !verdict.rule.name.empty()
            ? std::string(verdict.rule.name_space) + "/" + std::string(verdict.rule.name)
            : std::string();
    http::FailureAnswer answer;
    answer.reason = verdict.reason;
    answer.target = target;
    // Whoever proved nothing holds no connection of ours.
    answer.closes_client = self.connection.context.worker.is_draining || !self.connection.is_mesh;
    const bool may_go_on =
        co_await http::respond_failure(self.session, answer, self.session.scratch());
    co_return may_go_on;
}

upstream::Target application_of(const Connection& connection) {
    upstream::Target target;
    target.address = connection.application;
    target.is_own_application = connection.is_redirected;
    return target;
}

io::Awaitable<Result<upstream::Lease>> open_application(HttpConnection& self) {
    WorkerContext& worker = self.connection.context.worker;
    telemetry::TcpSeries& series =
        worker.sheet.tcp(tcp_labels(self.connection, telemetry::PeerLabel::dst));
    auto lease = co_await open(worker, self.application, series);
    co_return lease;
}

/// Sends the request to the application, once more where a kept connection proved dead.
io::Awaitable<http::Outcome> forward(HttpConnection& self, const Gathered& gathered) {
    WorkerContext& worker = self.connection.context.worker;
    const http::RequestHead& request = self.session.request();
    const http::RequestLine line{request.method, gathered.target};
    const http::OutgoingRequest outgoing(
        self.session,
        line,
        self.session.scratch().request_fields,
        self.session.scratch().request_head
    );
    const http::ExchangeOptions options{worker.is_draining};
    http::Outcome outcome;
    if (outgoing.is_broken()) {
        outcome.failure = self.session.failure();
        co_return outcome;
    }
    auto check =
        outgoing.may_be_replayed() ? upstream::Pool::Check::long_idle : upstream::Pool::Check::each;
    bool was_retried = false;
    do {
        auto lease = worker.pool.take(self.application, check);
        if (!lease.has_value()) {
            auto opened = co_await open_application(self);
            if (opened.has_error()) {
                outcome.failure = opened.error();
                outcome.may_retry = false;
                co_return outcome;
            }
            lease.emplace(std::move(*opened));
        }
        outcome = co_await http::exchange(
            self.session, lease->session(), outgoing, options, self.session.scratch()
        );
        if (outcome.is_upgraded) {
            AdmittedFacts facts = admitted_facts(gathered.facts, worker.configuration.policy);
            facts.is_mesh = self.connection.is_mesh;
            co_await relay_upgraded(
                self.connection, self.session, lease->session(), std::move(facts)
            );
        }
        check = upstream::Pool::Check::new_only;  // one that cannot have died meanwhile
    } while (outcome.may_retry && !std::exchange(was_retried, true));
    co_return outcome;
}

/// Answers a failure where nothing was sent yet. True when the connection may go on.
io::Awaitable<bool> respond(
    HttpConnection& self, const http::Outcome& outcome, telemetry::RequestRecord& record
) {
    if (!outcome.failure.has_value()) {
        record.on_status(outcome.status);
        co_return outcome.is_client_reusable;
    }
    const Reason reason = outcome.failure->reason;
    record.on_error(to_string(reason));
    record.on_status(outcome.status != 0 ? outcome.status : row_of(reason).http_status);
    self.connection.context.worker.sheet.on_error(
        telemetry::Direction::inbound, true, to_string(reason)
    );
    if (outcome.status != 0) {
        self.connection.stream.abort();  // half an answer must not look whole
        co_return false;
    }
    http::FailureAnswer answer;
    answer.reason = reason;
    if (outcome.failure->side == Side::client) {
        answer.is_request_known = false;
        answer.detail = outcome.failure->cause;
    }
    answer.closes_client = self.connection.context.worker.is_draining;
    const bool may_go_on =
        co_await http::respond_failure(self.session, answer, self.session.scratch());
    co_return may_go_on;
}

/// One request, from its head to the last byte of its answer.
io::Awaitable<bool> serve_request(HttpConnection& self) {
    WorkerContext& worker = self.connection.context.worker;
    const auto begin = std::chrono::steady_clock::now();
    const SnapshotPin snapshot = worker.snapshot;
    const Gathered gathered = gather_facts(self, snapshot != nullptr ? snapshot->get() : nullptr);
    const Admission admission = admit(self, snapshot, gathered);
    telemetry::RequestRecord record(worker.sheet, *admission.requests, begin);
    if (!admission.is_admitted) {
        record.on_status(row_of(admission.verdict.reason).http_status);
        const bool may_go_on = co_await respond_denied(self, admission.verdict);
        co_return may_go_on;
    }
    const http::Outcome outcome = co_await forward(self, gathered);
    const bool may_go_on = co_await respond(self, outcome, record);
    co_return may_go_on;
}

/// A head that is no request beyond doubt never reaches the application.
io::Awaitable<void> respond_malformed(HttpConnection& self, const Failure& failure) {
    self.connection.context.worker.sheet.on_error(
        telemetry::Direction::inbound, true, to_string(failure.reason)
    );
    http::FailureAnswer answer;
    answer.reason = failure.reason;
    answer.is_request_known = false;
    answer.detail = failure.cause;
    [[maybe_unused]] const bool never =
        co_await http::respond_failure(self.session, answer, self.session.scratch());
}

}  // namespace

io::Awaitable<void> serve_http(Connection& connection) {
    WorkerContext& worker = connection.context.worker;
    HttpConnection self{
        connection,
        http::ServerSession(
            connection.stream,
            connection.buffer,
            connection.deadline,
            worker.configuration.limits,
            worker.memories
        ),
        worker.pool.place(application_of(connection))
    };
    std::optional<telemetry::TcpRecord> record;
    if (!connection.stream.is_shared()) {
        record.emplace(
            worker.sheet, worker.sheet.tcp(tcp_labels(connection, telemetry::PeerLabel::src))
        );
    }
    const auto count_bytes = [&self, &record] {
        if (record.has_value()) {
            const net::Traffic& traffic = self.session.traffic();
            record->on_bytes(traffic.read_bytes, traffic.written_bytes);
        }
    };
    bool may_go_on = true;
    while (may_go_on) {
        auto next = co_await self.session.next(worker.client_idle_ms_max());
        if (next.has_error()) {
            co_await respond_malformed(self, next.error());
            break;
        }
        if (*next == http::ServerSession::Next::closed) {
            break;
        }
        may_go_on = co_await serve_request(self);
        if (!may_go_on && !self.session.is_body_complete()) {
            co_await self.session.linger();  // answered early: it may still be sending
        }
        count_bytes();
    }
    count_bytes();
}

}  // namespace proxy::inbound
