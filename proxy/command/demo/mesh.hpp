// The demo's mesh as it runs: files, network, applications, sidecars; and the ways to use it.
#pragma once

#include "policy/result.hpp"
#include "proxy/command/demo/application.hpp"
#include "proxy/command/demo/identities.hpp"
#include "proxy/command/demo/metrics_text.hpp"
#include "proxy/command/demo/network.hpp"
#include "proxy/command/demo/outcome.hpp"
#include "proxy/command/demo/plan.hpp"
#include "proxy/command/demo/process.hpp"
#include "proxy/command/demo/work_directory.hpp"

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace proxy::command::demo {

struct MeshOptions {
    bool force_loopback = false;
    std::string keep_files;  // directory; empty: temporary
};

struct Request {
    std::string method = "GET";
    std::string path = "/books";
    HeaderLines headers;
};

/// Owns all that was made; the destructor ends and removes it. Calls and metrics may be asked for
/// from any thread; everything else from the one that made it (see Process::start).
class Mesh {
 public:
    /// Makes files and network. Where namespaces are not possible it uses loopback addresses and
    /// puts the reason into `note`.
    [[nodiscard]] static policy::Result<std::unique_ptr<Mesh>> make(
        const MeshOptions& options, std::string& note
    );
    /// Processes first, then their network, then their files.
    ~Mesh();
    Mesh(const Mesh&) = delete;
    Mesh& operator=(const Mesh&) = delete;

    [[nodiscard]] const Plan& plan() const { return plan_; }
    [[nodiscard]] const std::string& root() const { return files_.root(); }

    /// Starts applications and sidecars, without waiting for the sidecars.
    [[nodiscard]] policy::Result<void> start();
    /// "ready", or what is missing.
    [[nodiscard]] std::string readiness(const Pod& pod) const;
    /// A sentence about a sidecar that ended by itself, with the end of its log.
    [[nodiscard]] std::optional<std::string> ended_sidecar();

    /// The application of `from` sends this to a Service, through its sidecar.
    [[nodiscard]] Outcome call(const Pod& from, const Service& to, const Request& request) const;
    /// The same over IPv6; namespaces with IPv6 only.
    [[nodiscard]] Outcome call_ipv6(const Pod& from, const Service& to, const Request& request)
        const;
    /// The application of `from` sends this to a pod's own address.
    [[nodiscard]] Outcome call_pod(const Pod& from, const Pod& to, const Request& request) const;

    [[nodiscard]] policy::Result<std::vector<Sample>> metrics(const Pod& pod) const;

    [[nodiscard]] policy::Result<void> write_resource(
        const std::string& file, std::string_view text
    ) const;
    [[nodiscard]] policy::Result<void> remove_resource(const std::string& file) const;
    /// New keys and certificates for every sidecar, while they run.
    [[nodiscard]] policy::Result<void> rotate_identities();

 private:
    struct Running {
        const Pod* pod = nullptr;
        Process application;
        std::optional<Process> sidecar;
    };

    Mesh(Plan plan, WorkDirectory files, Identities identities);
    [[nodiscard]] static policy::Result<std::unique_ptr<Mesh>> make_of(
        Plan plan, const MeshOptions& options
    );
    [[nodiscard]] policy::Result<void> make_pod_files(const Pod& pod);
    [[nodiscard]] policy::Result<void> install_redirect(const Pod& pod) const;
    [[nodiscard]] policy::Result<void> start_pod(const Pod& pod);
    /// Users of the sidecars and applications where they are not ours: in namespaces.
    [[nodiscard]] std::optional<uid_t> sidecar_user() const;
    [[nodiscard]] std::optional<uid_t> application_user() const;
    [[nodiscard]] std::string folder_of(const Pod& pod) const;
    [[nodiscard]] std::string control_of(const Pod& pod) const;
    [[nodiscard]] policy::Result<HttpAnswer> call_through(const Pod& from, const HttpCall& call)
        const;

    Plan plan_;
    WorkDirectory files_;
    Identities identities_;
    std::optional<Network> network_;
    std::vector<Running> running_;
};

}  // namespace proxy::command::demo
