#include "proxy/inbound/live_connections.hpp"

#include "policy/path.hpp"

#include <utility>

namespace proxy::inbound {

AdmittedFacts admitted_facts(const policy::HttpFacts& facts, const policy::Options& options) {
    AdmittedFacts copy;
    if (facts.peer != nullptr) {
        copy.peer = *facts.peer;
    }
    copy.peer_address = facts.peer_address;
    copy.port = facts.port;
    copy.is_http = true;
    copy.method = facts.method;
    // No path rule may have taken part yet; the next snapshot may bring one.
    if (policy::canonical_path(facts.path, options.keep_escaped_slash, copy.path) !=
        policy::PathVerdict::ok) {
        copy.path.clear();
    }
    copy.authority = facts.authority;
    for (const policy::HeaderField& field : facts.headers) {
        copy.headers.emplace_back(field.name, field.value);
    }
    return copy;
}

namespace {

policy::Verdict decide_again(const policy::Snapshot& snapshot, const AdmittedFacts& facts) {
    const policy::Identity* peer = facts.peer.has_value() ? &*facts.peer : nullptr;
    if (!facts.is_http) {
        policy::TcpFacts tcp;
        tcp.peer = peer;
        tcp.peer_address = facts.peer_address;
        tcp.port = facts.port;
        return policy::decide_tcp(snapshot, tcp);
    }
    std::vector<policy::HeaderField> headers;
    headers.reserve(facts.headers.size());
    for (const auto& [name, value] : facts.headers) {
        headers.push_back({name, value});
    }
    policy::HttpFacts http;
    http.peer = peer;
    http.peer_address = facts.peer_address;
    http.port = facts.port;
    http.method = facts.method;
    http.path = facts.path;
    http.authority = facts.authority;
    http.headers = headers;
    return policy::decide_http(snapshot, http);
}

}  // namespace

bool is_still_admitted(const policy::Snapshot& snapshot, const AdmittedFacts& facts) {
    if (!facts.is_mesh && snapshot.mtls_mode(facts.port) == policy::MtlsMode::strict) {
        return false;
    }
    return snapshot.access_mode(facts.port) != policy::AccessMode::enforce ||
           decide_again(snapshot, facts).allowed;
}

LiveConnections::Entry::Entry(LiveConnections& connections, io::Socket& socket, AdmittedFacts facts)
    : socket_(socket), facts_(std::move(facts)) {
    connections.entries_.push_back(*this);
}

void LiveConnections::Entry::cut() {
    was_cut_ = true;
    socket_.close();
}

std::size_t LiveConnections::review(const policy::Snapshot& snapshot) {
    std::size_t cut = 0;
    for (Entry& entry : entries_) {
        if (!entry.was_cut_ && !is_still_admitted(snapshot, entry.facts_)) {
            entry.cut();
            ++cut;
        }
    }
    return cut;
}

}  // namespace proxy::inbound
