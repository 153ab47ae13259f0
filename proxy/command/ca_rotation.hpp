// A new root in place of an old one, in steps between which every sidecar of the mesh trusts all
// that is in use. For `smilax identity rotate --ca`.
#pragma once

#include "policy/result.hpp"
#include "tls/authority.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace proxy::command {

struct RotatedDirectories {
    std::string authority;
    std::vector<std::string> identities;  // all that the CA issued for
};

/// None: of the kind that is replaced.
using KeyChoice = std::optional<tls::KeyKind>;
/// None: as long as what is replaced.
using LifetimeChoice = std::optional<std::chrono::seconds>;

/// New leaves, and the present trust bundle, for all identities.
[[nodiscard]] policy::Result<void> reissue(
    const RotatedDirectories& directories, LifetimeChoice lifetime, KeyChoice kind
);

/// Each step leaves files that work, and a rotation that was interrupted goes on where it was:
/// `next/` holds the new CA until it signs, and ca.crt both roots until the old one goes.
class CaRotation {
 public:
    CaRotation(RotatedDirectories directories, LifetimeChoice lifetime, KeyChoice kind)
        : directories_(std::move(directories)), lifetime_(lifetime), kind_(kind) {}

    /// An earlier rotation was interrupted: the steps finish that one.
    [[nodiscard]] bool was_begun() const;
    /// ca.key lies there although an intermediate signs.
    [[nodiscard]] bool has_spare_key() const;

    /// The new root goes into every trust bundle. Let time pass before the next step, so that all
    /// sidecars have read it.
    [[nodiscard]] policy::Result<void> trust_new_root();
    /// From now on the new root signs; every identity is issued again. Again let time pass.
    [[nodiscard]] policy::Result<void> sign_by_new_root();
    /// The old root leaves every trust bundle.
    [[nodiscard]] policy::Result<void> remove_old_root();

 private:
    [[nodiscard]] policy::Result<void> stage();
    [[nodiscard]] policy::Result<void> write_trust_bundles(const std::string& bundle);
    [[nodiscard]] std::string in_authority(const char* name) const;

    RotatedDirectories directories_;
    LifetimeChoice lifetime_;
    KeyChoice kind_;
};

}  // namespace proxy::command
