// Why? The answers of decide() and route(), with the way to them: the same tables, the same
// functions, and for people the first condition that failed wherever one did.
#pragma once

#include "policy/options.hpp"
#include "policy/problem.hpp"
#include "policy/question.hpp"
#include "policy/reason.hpp"
#include "policy/resource.hpp"
#include "policy/snapshot.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace policy {

/// The TrafficTarget that allowed, and the HTTP match of it; `match` is empty when none took part.
struct AllowingRule {
    ObjectName target;
    std::string match;
};

/// A target of this workload that did not allow.
struct ConsideredTarget {
    ObjectName name;
    Reason failed = Reason::source_not_allowed;
    std::string detail;  // a sentence: the first condition that failed, with its values
};

/// `allowed` and `reason` are those of decide(), or malformed_request, mtls_required or
/// path_refused, which the proxy says before it asks any target. What the access mode makes of it
/// is `mode`.
struct AccessExplanation {
    bool allowed = false;
    Reason reason = Reason::no_target;
    std::string asked;                         // "GET /pay from shop/web to port 8080 of shop/pay"
    std::string detail;                        // a sentence: why
    std::optional<AllowingRule> rule;          // when allowed
    std::vector<ConsideredTarget> considered;  // when denied: all of them, the nearest first
    AccessMode mode = AccessMode::enforce;
    MtlsMode mtls = MtlsMode::strict;  // of the port
    bool is_opaque = false;            // the port: what comes in is judged as bytes, whatever it is
    std::vector<std::string> dropped_headers;
};

struct ExplainedBackend {
    ObjectName service;
    std::uint16_t port = 0;
    std::string weight;  // a quantity: "90", "500m"
    double share = 0;    // of all that is routed, after exclusion
    std::vector<std::string> endpoints;
};

struct ExplainedExclusion {
    ObjectName service;
    Reason reason = Reason::backend_missing;
};

/// A TrafficSplit of the root, in the order in which they are tried.
struct TriedSplit {
    enum class Outcome : std::uint8_t { applies, no_match, not_reached };
    ObjectName name;
    Outcome outcome = Outcome::not_reached;
    std::string detail;
};

/// `reason` is that of route(), or malformed_request or path_refused. A host that is no Service of
/// ours is `passthrough`: redirected traffic goes on to where it was going.
struct RouteExplanation {
    Reason reason = Reason::passthrough;
    std::string asked;
    std::string detail;
    std::optional<ObjectName> service;
    std::optional<ObjectName> split;
    std::vector<ExplainedBackend> backends;
    std::vector<ExplainedExclusion> excluded;
    std::vector<TriedSplit> tried;
    std::vector<std::string> dropped_headers;

    [[nodiscard]] bool is_routed() const { return reason == Reason::routed; }
};

[[nodiscard]] AccessExplanation explain_access(
    const Snapshot& snapshot, const AccessQuestion& question
);
[[nodiscard]] RouteExplanation explain_route(
    const Snapshot& snapshot, const RouteQuestion& question
);

/// One JSON object, compact (design.md §1); `problems` are of the resources that were asked.
[[nodiscard]] std::string to_json(
    const AccessExplanation& explanation, std::span<const Problem> problems
);
[[nodiscard]] std::string to_json(
    const RouteExplanation& explanation, std::span<const Problem> problems
);

/// Lines for people. The verdict stands first, up to the first colon.
[[nodiscard]] std::string to_text(
    const AccessExplanation& explanation, std::span<const Problem> problems
);
[[nodiscard]] std::string to_text(
    const RouteExplanation& explanation, std::span<const Problem> problems
);

}  // namespace policy
