// The certificates of the demo's sidecars, from a development root of its own.
#pragma once

#include "policy/result.hpp"
#include "proxy/command/demo/plan.hpp"
#include "tls/authority.hpp"

#include <sys/types.h>

#include <optional>
#include <string>

namespace proxy::command::demo {

class Identities {
 public:
    [[nodiscard]] static policy::Result<Identities> make();

    /// Puts the root into `folder`, closed to others, for `smilax identity` by hand.
    [[nodiscard]] policy::Result<void> write_authority(const std::string& folder) const;

    /// Puts a new tls.crt, tls.key and ca.crt for `pod` into `folder`/current, readable by `owner`
    /// only. All three change at once: `current` is a symbolic link to the newest generation, as
    /// Kubernetes swaps projected volumes.
    [[nodiscard]] policy::Result<void> write(
        const Pod& pod, const std::string& folder, std::optional<uid_t> owner
    );

 private:
    explicit Identities(tls::Authority authority) : authority_(std::move(authority)) {}

    tls::Authority authority_;
    int generation_ = 0;
};

}  // namespace proxy::command::demo
