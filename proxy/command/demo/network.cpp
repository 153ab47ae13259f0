#include "proxy/command/demo/network.hpp"

#include "proxy/command/child_process.hpp"
#include "proxy/command/demo/work_directory.hpp"

#include <fmt/format.h>

#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

namespace proxy::command::demo {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view k_folder = "/run/netns";

/// Runs `ip` with its commands on standard input; the error is what `ip` said.
policy::Result<void> run_ip(const std::string& network_namespace, const std::string& batch) {
    std::vector<std::string> argv{find_program("ip")};
    if (!network_namespace.empty()) {
        argv.insert(argv.end(), {"-n", network_namespace});
    }
    argv.insert(argv.end(), {"-batch", "-"});
    const auto output = run_process(argv, batch);
    if (!output) {
        return output.error();
    }
    if (output->exit_code != 0) {
        return fmt::format("`ip` failed: {}", output->standard_error);
    }
    return {};
}

/// A named namespace is a mount of it on a file; without processes, it ends with the mount. Done
/// by hand rather than by `ip`, which Ctrl-C would end as well.
void remove_namespace(const std::string& name) {
    const std::string path = fmt::format("{}/{}", k_folder, name);
    ::umount2(path.c_str(), MNT_DETACH);
    ::unlink(path.c_str());
}

/// Tried in a child, because the try changes who makes it.
bool may_unshare_network() {
    const pid_t pid = ::fork();
    if (pid == 0) {
        ::_exit(::unshare(CLONE_NEWNET) == 0 ? 0 : 1);
    }
    int status = 0;
    return pid > 0 && ::waitpid(pid, &status, 0) == pid && WIFEXITED(status) &&
           WEXITSTATUS(status) == 0;
}

}  // namespace

std::optional<std::string> namespaces_refused() {
    if (::geteuid() != 0) {
        return "only root may create network namespaces (sudo ./run demo)";
    }
    if (find_program("ip").empty()) {
        return "the program `ip` is missing (apt-get install iproute2)";
    }
    if (find_program("nft").empty() && find_program("iptables").empty()) {
        return "neither nft nor iptables is here (apt-get install nftables)";
    }
    if (!may_unshare_network()) {
        return "this container may not create network namespaces (it lacks CAP_SYS_ADMIN)";
    }
    return std::nullopt;
}

policy::Result<Network> Network::make(const Plan& plan) {
    Network made;
    std::string batch;
    // Registered before they exist: what a failure leaves behind goes too.
    made.namespaces_.push_back(plan.bridge_namespace);
    for (const Pod& pod : plan.pods) {
        made.namespaces_.push_back(pod.network_namespace);
    }
    for (const std::string& name : made.namespaces_) {
        batch += fmt::format("netns add {}\n", name);
    }
    if (const auto done = run_ip("", batch); !done) {
        return done.error();
    }
    if (const auto done = run_ip(plan.bridge_namespace, bridge_batch(plan)); !done) {
        return done.error();
    }
    for (const Pod& pod : plan.pods) {
        if (const auto done = run_ip(pod.network_namespace, pod_batch(plan, pod)); !done) {
            return done.error();
        }
    }
    return made;
}

Network::Network(Network&& other) noexcept : namespaces_(std::exchange(other.namespaces_, {})) {}

Network::~Network() {
    for (const std::string& name : namespaces_) {
        remove_namespace(name);
    }
}

void remove_leftover_namespaces() {
    std::error_code error;
    std::vector<std::string> leftovers;
    for (const fs::directory_entry& entry : fs::directory_iterator(k_folder, error)) {
        const std::string name = entry.path().filename().string();
        const auto pid = demo_process_of(name);
        if (pid && !is_demo_running(*pid)) {
            leftovers.push_back(name);
        }
    }
    for (const std::string& name : leftovers) {
        remove_namespace(name);
    }
}

std::string bridge_batch(const Plan& plan) {
    std::string batch = fmt::format(
        "link set lo up\n"
        "link add bridge0 type bridge forward_delay 0\n"
        "addr add {}/16 dev bridge0\n"
        "link set bridge0 up\n",
        plan.bridge_address.text()
    );
    if (plan.bridge_address6) {
        batch += fmt::format("addr add {}/64 dev bridge0 nodad\n", plan.bridge_address6->text());
    }
    for (const Pod& pod : plan.pods) {
        batch += fmt::format(
            "link add {0} type veth peer name eth0 netns {1}\n"
            "link set {0} master bridge0\n"
            "link set {0} up\n",
            pod.name,
            pod.network_namespace
        );
    }
    return batch;
}

std::string pod_batch(const Plan& plan, const Pod& pod) {
    // The default route makes ClusterIPs routable, so that connections to them reach the redirect.
    std::string batch = fmt::format(
        "link set lo up\n"
        "addr add {}/16 dev eth0\n"
        "link set eth0 up\n"
        "route add default via {}\n",
        pod.address.text(),
        plan.bridge_address.text()
    );
    if (pod.address6 && plan.bridge_address6) {
        batch += fmt::format(
            "addr add {}/64 dev eth0 nodad\nroute add default via {}\n",
            pod.address6->text(),
            plan.bridge_address6->text()
        );
    }
    return batch;
}

}  // namespace proxy::command::demo
