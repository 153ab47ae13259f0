// Network namespaces for the pods, joined by veth pairs to a bridge that has one of its own: the
// host's network is left as it is.
#pragma once

#include "policy/result.hpp"
#include "proxy/command/demo/plan.hpp"

#include <optional>
#include <string>
#include <vector>

namespace proxy::command::demo {

/// Why pods cannot be network namespaces here, as a sentence; nullopt when they can.
[[nodiscard]] std::optional<std::string> namespaces_refused();

/// The namespaces of one plan; removed by the destructor, with all interfaces in them. The
/// processes inside must have ended by then.
class Network {
 public:
    [[nodiscard]] static policy::Result<Network> make(const Plan& plan);
    Network(Network&& other) noexcept;
    Network& operator=(Network&&) = delete;
    Network(const Network&) = delete;
    Network& operator=(const Network&) = delete;
    ~Network();

 private:
    Network() = default;

    std::vector<std::string> namespaces_;
};

/// Removes the namespaces of demos that ended without doing so (SIGKILL, a crash).
void remove_leftover_namespaces();

/// What `ip -batch` is told, apart so that it can be tested.
[[nodiscard]] std::string bridge_batch(const Plan& plan);
[[nodiscard]] std::string pod_batch(const Plan& plan, const Pod& pod);

}  // namespace proxy::command::demo
