// Why one TrafficTarget does not allow, as sentences. Private to explain.
#pragma once

#include "policy/http_rule.hpp"
#include "policy/question.hpp"
#include "policy/reason.hpp"
#include "policy/snapshot_data.hpp"

#include <string>

namespace policy {

/// Whom `target` lists, for a peer that is not among them.
[[nodiscard]] std::string sources_sentence(
    const CompiledTarget& target, const AccessQuestion& question, const std::string& trust_domain
);

/// `failed` is the step at which `target`, which lists the peer, did not allow.
[[nodiscard]] std::string failure_sentence(
    const CompiledTarget& target,
    Reason failed,
    const AccessQuestion& question,
    const HttpView& request
);

}  // namespace policy
