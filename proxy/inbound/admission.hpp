// The verdict and what the mode makes of it; every branch that is not an explicit yes denies.
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
};

/// Judges a request and counts the verdict. `snapshot` may be null (nothing adopted yet): denied.
[[nodiscard]] Admission admit_http(
    Connection& connection, const SnapshotPin& snapshot, const policy::HttpFacts& facts
);
/// Refuses and counts a request whose path has no canonical form.
[[nodiscard]] Admission refuse_path(Connection& connection);
/// Judges raw bytes and counts the verdict.
[[nodiscard]] Admission admit_tcp(Connection& connection, const SnapshotPin& snapshot);

}  // namespace proxy::inbound
