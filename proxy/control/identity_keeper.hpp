// Our identity over time: loaded once before anything runs, refreshed from then on.
#pragma once

#include "policy/result.hpp"
#include "proxy/configuration.hpp"
#include "tls/context.hpp"
#include "tls/identity_source.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace proxy::control {

/// Owned by the controller, control thread only. An identity that cannot be used changes nothing:
/// the last good one stays in force.
class IdentityKeeper {
 public:
    /// Gives a new identity to the workers; called once per generation.
    using Publish = std::function<policy::Result<void>(std::shared_ptr<const tls::Material>)>;

    /// `configuration` outlives this.
    IdentityKeeper(const Configuration& configuration, Publish publish);

    /// With identity.source: none there is nothing to load, which is logged loudly.
    [[nodiscard]] policy::Result<void> load_first();
    /// Looks for a new one. Errors are logged once per cause and counted.
    void refresh();

    /// Null with identity.source: none, and before load_first().
    [[nodiscard]] const std::shared_ptr<const tls::Material>& material() const { return material_; }
    [[nodiscard]] bool is_loaded() const { return source_ == nullptr || material_ != nullptr; }
    [[nodiscard]] std::uint64_t refreshes() const { return refreshes_; }
    [[nodiscard]] std::uint64_t refresh_errors() const { return refresh_errors_; }

 private:
    [[nodiscard]] policy::Result<void> take(std::shared_ptr<const tls::Material> material);

    const Configuration& configuration_;
    Publish publish_;
    std::unique_ptr<tls::IdentitySource> source_;
    std::shared_ptr<const tls::Material> material_;
    std::string last_error_;
    std::uint64_t refreshes_ = 0;
    std::uint64_t refresh_errors_ = 0;
};

}  // namespace proxy::control
