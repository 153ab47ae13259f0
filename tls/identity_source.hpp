// Where our identity comes from. Used on the control thread only.
#pragma once

#include "policy/result.hpp"
#include "tls/material.hpp"
#include "tls/naming.hpp"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace tls {

class IdentitySource {
 public:
    virtual ~IdentitySource() = default;
    /// Called once, before the first load(). A source that is told of changes calls `on_change`
    /// whenever load() has something else to say, later and on this thread; until it is destroyed.
    virtual void start([[maybe_unused]] std::function<void()> on_change) {}
    /// Whether a first identity may still come when load() fails: then the sidecar starts without
    /// one, not ready, and waits. Otherwise it does not start.
    [[nodiscard]] virtual bool may_come_later() const { return false; }
    /// Reads the present state. Called at start and again on each tick (once a second) and each
    /// file event; returns the same pointer as before when nothing changed. An error leaves the
    /// last good material in force: the caller keeps it, logs the sentence once and counts.
    [[nodiscard]] virtual policy::Result<std::shared_ptr<const Material>> load() = 0;
    /// After a load() that saw a change which may be half of one: look again sooner than usual.
    [[nodiscard]] virtual bool is_settling() const { return false; }
    /// What the operator should know although load() succeeded, a key that others may read, say.
    /// Each sentence is given once per cause.
    [[nodiscard]] virtual std::vector<std::string> take_warnings() { return {}; }
};

/// The trust bundle of another trust domain, whose members may be authenticated clients.
struct FederatedBundle {
    std::string trust_domain;
    std::string file;

    bool operator==(const FederatedBundle&) const = default;
};

/// Where the PEM files are (design.md §2 `identity`). Either certificate + key, or
/// credential_bundle (one PEM: key first, then the chain), and the trust bundle.
struct FileSourceOptions {
    std::string certificate;
    std::string key;
    std::string credential_bundle;
    std::string trust_bundle;
    std::vector<FederatedBundle> federated;
    Naming naming;
};

[[nodiscard]] std::unique_ptr<IdentitySource> make_file_source(FileSourceOptions options);

}  // namespace tls
