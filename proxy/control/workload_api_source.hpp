// Our identity from the SPIFFE Workload API: a stream of updates from the agent on the node.
#pragma once

#include "policy/identity.hpp"
#include "tls/identity_source.hpp"
#include "tls/naming.hpp"
#include "tls/workload_api/endpoint.hpp"

#include <boost/asio/io_context.hpp>

#include <chrono>
#include <memory>
#include <string>

namespace proxy::control {

struct WorkloadApiOptions {
    tls::workload_api::Endpoint endpoint;
    std::string name;  // "identity.endpointSocket: unix:///…", the beginning of every sentence
    policy::Identity self;
    tls::Naming naming;
    std::chrono::milliseconds connect_max{5'000};
    /// The first answer, each message from its first byte to its last, and each of our writes.
    std::chrono::milliseconds answer_max{30'000};
    std::chrono::milliseconds retry_first{1'000};
    std::chrono::milliseconds retry_most{30'000};
};

/// Keeps a stream open from start() on, and opens it again when it ends. load() gives the newest
/// good material, or what is wrong now: there is none yet, the agent is away, or its last update
/// was refused. It begins anew by itself, so that no silence lasts: with back-off after a message
/// that was refused, which may be good later, and when nine tenths of the identity's time are over.
/// Control thread; `context` outlives it.
[[nodiscard]] std::unique_ptr<tls::IdentitySource> make_workload_api_source(
    boost::asio::io_context& context, WorkloadApiOptions options
);

}  // namespace proxy::control
