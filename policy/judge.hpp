// How one target judges one request, step by step: what decide() loops over and what tells people
// where a target failed. Private to policy/.
#pragma once

#include "policy/http_rule.hpp"
#include "policy/reason.hpp"
#include "policy/snapshot_data.hpp"

#include <cstdint>

namespace policy {

/// `reason` is Reason::allowed, or the first step that failed, in this order: port, protocol,
/// route. That the target lists the peer is the caller's to know.
struct TargetJudgement {
    Reason reason = Reason::port_not_allowed;
    const HttpRule* rule = nullptr;  // the HTTP match that allowed, when one took part
};

[[nodiscard]] TargetJudgement judge_http(
    const CompiledTarget& target, std::uint16_t port, const HttpView& request
);
[[nodiscard]] TargetJudgement judge_tcp(
    const CompiledTarget& target, std::uint16_t port, bool is_opaque
);

}  // namespace policy
