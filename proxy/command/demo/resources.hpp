// The texts the demo writes: Kubernetes and SMI objects for the resource directory, and the
// configuration of each sidecar. Pure functions of the plan.
#pragma once

#include "proxy/command/demo/plan.hpp"

#include <string>

namespace proxy::command::demo {

/// Pods, Services and EndpointSlices, as `kubectl get -o yaml` would print them.
[[nodiscard]] std::string cluster_text(const Plan& plan);

/// An HTTPRouteGroup and a TrafficTarget: web may GET /books (and what is below) of api.
[[nodiscard]] std::string access_text();

/// A TrafficSplit of `api` between api-v1 and api-v2.
[[nodiscard]] std::string weighted_split_text(int weight_v1, int weight_v2);

/// A TrafficSplit that sends requests with `x-canary: yes` to api-v2, and no others.
[[nodiscard]] std::string canary_split_text();

/// Where a sidecar finds its files.
struct SidecarFiles {
    std::string resources;  // directory
    std::string identity;   // directory with tls.crt, tls.key, ca.crt
};

/// What `smilax proxy --config` reads.
[[nodiscard]] std::string sidecar_text(const Plan& plan, const Pod& pod, const SidecarFiles& files);

}  // namespace proxy::command::demo
