// The verdict and what the mode of the port makes of it: enforce refuses what is denied, audit lets
// it pass but counts and logs it, off judges nothing. Every branch that is not an explicit yes
// denies.
#pragma once

#include "policy/decide.hpp"
#include "proxy/inbound/connection.hpp"
#include "proxy/worker_context.hpp"

#include <cstdint>

namespace proxy::inbound {

/// `verdict` views the snapshot that `pin` holds.
struct Admission {
    bool is_admitted = false;
    policy::Verdict verdict;
    telemetry::HttpSeries* requests = nullptr;  // where the request counts; null for raw bytes
};

/// Judges a request and counts the verdict. `snapshot` may be null (nothing adopted yet): denied.
[[nodiscard]] Admission admit_http(
    Connection& connection, const SnapshotPin& snapshot, const policy::HttpFacts& facts
);
/// The same for a request whose path has no canonical form where a path rule takes part: no target
/// can allow it. `facts` have the path as it was sent.
[[nodiscard]] Admission admit_refused_path(
    Connection& connection, const SnapshotPin& snapshot, const policy::HttpFacts& facts
);
/// Judges raw bytes and counts the verdict.
[[nodiscard]] Admission admit_tcp(Connection& connection, const SnapshotPin& snapshot);

}  // namespace proxy::inbound
