#include "proxy/outbound/http.hpp"

#include "policy/route.hpp"
#include "proxy/http/exchange.hpp"
#include "proxy/http/forwarding.hpp"
#include "proxy/http/request_target.hpp"
#include "proxy/http/respond_failure.hpp"
#include "proxy/http/server_session.hpp"
#include "proxy/net/relay.hpp"
#include "proxy/outbound/choice.hpp"
#include "telemetry/log.hpp"
#include "telemetry/request_record.hpp"
#include "telemetry/tcp_record.hpp"

#include <fmt/format.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <utility>

namespace proxy::outbound {

namespace {

/// One HTTP connection: what its requests share.
struct HttpConnection {
    Connection& connection;
    http::ServerSession session;
    /// What the last request named, in the snapshot of `generation`.
    policy::Named named = {};
    std::uint64_t generation = 0;
    std::string authority = {};
};

struct Gathered {
    policy::HttpRouteFacts facts;
    policy::Named named;
    std::string_view target;
    bool is_path_refused = false;
};

/// Requests of one connection mostly name the same.
policy::Named find_named(
    HttpConnection& self, const policy::Snapshot& snapshot, const policy::HttpRouteFacts& facts
) {
    if (self.generation != snapshot.generation() || self.authority != facts.authority) {
        self.named = policy::find_named(snapshot, facts);
        self.generation = snapshot.generation();
        self.authority = facts.authority;
    }
    return self.named;
}

Gathered gather_facts(HttpConnection& self, const policy::Snapshot& snapshot) {
    const http::RequestHead& request = self.session.request();
    Gathered gathered;
    gathered.facts.authority = request.authority;
    gathered.facts.destination = self.connection.destination;
    gathered.facts.method = request.method;
    gathered.named = find_named(self, snapshot, gathered.facts);
    const bool has_path_rules = policy::has_path_rules(gathered.named);
    const http::RequestTarget target = http::read_target(
        request,
        has_path_rules ? http::PathRules::some : http::PathRules::none,
        self.connection.worker.configuration.policy,
        self.session.scratch().path,
        self.session.scratch().target
    );
    // Judged are the fields that go on, as everywhere.
    http::forward_request_fields(request, self.session.scratch().request_fields);
    gathered.facts.path = target.path;
    gathered.facts.headers = self.session.scratch().request_fields;
    gathered.target = target.target;
    gathered.is_path_refused = target.is_refused;
    return gathered;
}

/// Bytes both ways after 101 or a CONNECT.
io::Awaitable<void> relay_upgraded(HttpConnection& self, http::ClientSession& upstream) {
    net::RelayEnd client_end{self.session.stream(), self.session.buffer(), self.session.deadline()};
    net::RelayEnd upstream_end{upstream.stream(), upstream.buffer(), upstream.deadline()};
    [[maybe_unused]] const auto broken =
        co_await net::relay(client_end, upstream_end, self.connection.worker.configuration.limits);
    self.session.traffic().read_bytes += client_end.traffic.read_bytes;
    self.session.traffic().written_bytes += client_end.traffic.written_bytes;
    upstream.traffic().read_bytes += upstream_end.traffic.read_bytes;
    upstream.traffic().written_bytes += upstream_end.traffic.written_bytes;
}

/// A new connection to `choice`, or to its neighbours when that one cannot be reached.
io::Awaitable<Result<upstream::Lease>> open_any(
    WorkerContext& worker,
    const policy::Snapshot& snapshot,
    Choice& choice,
    upstream::Pool::Check check
) {
    const std::size_t attempts = attempts_max(choice);
    for (std::size_t attempt = 1;; ++attempt) {
        telemetry::TcpSeries& series =
            worker.sheet.tcp(tcp_labels(choice, telemetry::PeerLabel::dst));
        auto lease = co_await open(worker, worker.pool.place(target_of(choice)), series);
        if (lease.has_value() || attempt >= attempts) {
            co_return lease;
        }
        choice = choose_again(worker, snapshot, choice);
        auto pooled = worker.pool.take(worker.pool.place(target_of(choice)), check);
        if (pooled.has_value()) {
            co_return std::move(*pooled);
        }
    }
}

/// Sends the request on, once more where a kept connection proved dead.
io::Awaitable<http::Outcome> forward(
    HttpConnection& self,
    const policy::Snapshot& snapshot,
    const http::RequestLine& line,
    Choice& choice,
    const upstream::PlacePin& place
) {
    WorkerContext& worker = self.connection.worker;
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
        auto lease = worker.pool.take(place, check);
        if (!lease.has_value()) {
            auto opened = co_await open_any(worker, snapshot, choice, check);
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
            co_await relay_upgraded(self, lease->session());
        }
        check = upstream::Pool::Check::new_only;  // one that cannot have died meanwhile
    } while (outcome.may_retry && !std::exchange(was_retried, true));
    co_return outcome;
}

/// Answers with a failure of ours. True when the connection may go on.
io::Awaitable<bool> respond_failure(HttpConnection& self, const Failure& failure) {
    WorkerContext& worker = self.connection.worker;
    worker.sheet.on_error(telemetry::Direction::outbound, true, to_string(failure.reason));
    if (row_of(failure.reason).log_as_warning) {
        telemetry::log(
            telemetry::LogLevel::warning,
            fmt::format(
                "outbound request failed: {}: {}",
                to_string(failure.reason),
                telemetry::escaped(failure.cause)
            )
        );
    }
    http::FailureAnswer answer;
    answer.reason = failure.reason;
    if (failure.side == Side::client) {
        answer.is_request_known = false;
        answer.detail = failure.cause;
    }
    answer.closes_client = worker.is_draining;
    const bool may_go_on =
        co_await http::respond_failure(self.session, answer, self.session.scratch());
    co_return may_go_on;
}

/// A routed request, from its choice to the last byte of its answer.
io::Awaitable<bool> serve_routed(
    HttpConnection& self,
    const policy::Snapshot& snapshot,
    const Gathered& gathered,
    const policy::Route& route,
    Choice choice
) {
    WorkerContext& worker = self.connection.worker;
    const upstream::Hop hop = hop_of(worker, snapshot, route, choice);
    telemetry::RequestRecord record(worker.sheet, *hop.requests, std::chrono::steady_clock::now());
    const http::RequestLine line{gathered.facts.method, gathered.target};
    const http::Outcome outcome = co_await forward(self, snapshot, line, choice, hop.place);
    if (!outcome.failure.has_value()) {
        record.on_status(outcome.status);
        co_return outcome.is_client_reusable;
    }
    const Reason reason = outcome.failure->reason;
    record.on_error(to_string(reason));
    record.on_status(outcome.status != 0 ? outcome.status : row_of(reason).http_status);
    if (outcome.status != 0) {
        worker.sheet.on_error(telemetry::Direction::outbound, true, to_string(reason));
        self.connection.stream.abort();  // half an answer must not look whole
        co_return false;
    }
    const bool may_go_on = co_await respond_failure(self, *outcome.failure);
    co_return may_go_on;
}

io::Awaitable<bool> serve_request(HttpConnection& self) {
    WorkerContext& worker = self.connection.worker;
    const SnapshotPin snapshot = worker.snapshot;
    Failure failure;
    if (snapshot == nullptr) {
        failure.reason = Reason::not_ready;
        const bool may_go_on = co_await respond_failure(self, failure);
        co_return may_go_on;
    }
    const Gathered gathered = gather_facts(self, **snapshot);
    if (gathered.is_path_refused) {
        failure.reason = Reason::path_refused;
        const bool may_go_on = co_await respond_failure(self, failure);
        co_return may_go_on;
    }
    const policy::Route route = policy::route_http(gathered.named, gathered.facts);
    auto choice = choose(worker, **snapshot, route, self.connection.destination);
    if (choice.has_error()) {
        const bool may_go_on = co_await respond_failure(self, choice.error());
        co_return may_go_on;
    }
    const bool may_go_on = co_await serve_routed(self, **snapshot, gathered, route, *choice);
    co_return may_go_on;
}

}  // namespace

io::Awaitable<void> serve_http(Connection& connection) {
    WorkerContext& worker = connection.worker;
    HttpConnection self{
        connection,
        http::ServerSession(
            connection.stream,
            connection.buffer,
            connection.deadline,
            worker.configuration.limits,
            worker.memories
        )
    };
    telemetry::TcpTarget labels;
    labels.direction = telemetry::Direction::outbound;
    labels.peer = telemetry::PeerLabel::src;
    telemetry::TcpRecord record(worker.sheet, worker.sheet.tcp(labels));
    bool may_go_on = true;
    while (may_go_on) {
        auto next = co_await self.session.next(worker.client_idle_ms_max());
        if (next.has_error()) {
            Failure failure = next.error();
            failure.side = Side::client;  // its head is not known, whoever is to blame
            [[maybe_unused]] const bool never = co_await respond_failure(self, failure);
            break;
        }
        if (*next == http::ServerSession::Next::closed) {
            break;
        }
        may_go_on = co_await serve_request(self);
        if (!may_go_on && !self.session.is_body_complete()) {
            co_await self.session.linger();  // answered early: it may still be sending
        }
        const net::Traffic& traffic = self.session.traffic();
        record.on_bytes(traffic.read_bytes, traffic.written_bytes);
    }
    const net::Traffic& traffic = self.session.traffic();
    record.on_bytes(traffic.read_bytes, traffic.written_bytes);
}

}  // namespace proxy::outbound
