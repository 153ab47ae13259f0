// Our identity over time: loaded or asked for before anything runs, refreshed from then on.
#pragma once

#include "policy/result.hpp"
#include "proxy/configuration.hpp"
#include "tls/context.hpp"
#include "tls/identity_source.hpp"

#include <boost/asio/io_context.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace proxy::control {

/// Owned by the controller, control thread only. An identity that cannot be used changes nothing:
/// the last good one stays in force, until it expires.
class IdentityKeeper {
 public:
    /// Gives a new identity to the workers, once per generation; null takes the last one away.
    using Publish = std::function<policy::Result<void>(std::shared_ptr<const tls::Material>)>;

    /// `context` and `configuration` outlive this.
    IdentityKeeper(
        boost::asio::io_context& context, const Configuration& configuration, Publish publish
    );

    /// With identity.source: none there is nothing to load, which is logged loudly. Succeeds
    /// without an identity where one may come later.
    [[nodiscard]] policy::Result<void> load_first();
    /// Looks for a new one, and whether the present one has expired. Errors are logged once per
    /// cause and counted.
    void refresh();

    /// The next look should come soon.
    [[nodiscard]] bool is_settling() const { return source_ != nullptr && source_->is_settling(); }

    /// Null with identity.source: none, and before load_first().
    [[nodiscard]] const std::shared_ptr<const tls::Material>& material() const { return material_; }
    /// Whether connections can be served: with a valid identity, or with none on purpose.
    [[nodiscard]] bool is_loaded() const {
        return source_ == nullptr || (material_ != nullptr && !is_withdrawn_);
    }
    /// A sentence, when it is not.
    [[nodiscard]] std::string why_not_loaded() const;
    [[nodiscard]] std::uint64_t refreshes() const { return refreshes_; }
    [[nodiscard]] std::uint64_t refresh_errors() const { return refresh_errors_; }

 private:
    [[nodiscard]] policy::Result<void> take(std::shared_ptr<const tls::Material> material);
    void heed_expiry();

    boost::asio::io_context& context_;
    const Configuration& configuration_;
    Publish publish_;
    std::unique_ptr<tls::IdentitySource> source_;
    std::shared_ptr<const tls::Material> material_;
    bool is_withdrawn_ = false;  // material_ has expired, and the workers have nothing
    std::string last_error_;
    std::uint64_t refreshes_ = 0;
    std::uint64_t refresh_errors_ = 0;
};

}  // namespace proxy::control
