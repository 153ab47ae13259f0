// What the Workload API gave us, made into the Material that is ours.
#pragma once

#include "policy/identity.hpp"
#include "policy/result.hpp"
#include "tls/material.hpp"
#include "tls/naming.hpp"
#include "tls/workload_api/svid_response.hpp"

#include <cstddef>
#include <memory>
#include <string>

namespace tls::workload_api {

/// Of one response, bundles of other trust domains included.
inline constexpr std::size_t k_certificates_max = 1'000;

/// Takes the first SVID that names `self`, and the bundles of all trust domains. The agent is
/// trusted to say who we are, and still held to it: the leaf must name what `spiffe_id` says, and
/// make_material checks the rest. Every error is a sentence that begins with `name`.
[[nodiscard]] policy::Result<std::shared_ptr<const Material>> material_of(
    const SvidResponse& response,
    const policy::Identity& self,
    const Naming& naming,
    const std::string& name
);

}  // namespace tls::workload_api
