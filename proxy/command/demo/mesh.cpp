#include "proxy/command/demo/mesh.hpp"

#include "proxy/command/demo/free_ports.hpp"
#include "proxy/command/demo/resources.hpp"

#include <fmt/format.h>

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <utility>

namespace proxy::command::demo {
namespace {

/// The redirect leaves this user's connections alone: they are the sidecar's own.
constexpr uid_t k_sidecar_user = 1337;
constexpr uid_t k_application_user = 65534;  // nobody
constexpr std::chrono::milliseconds k_redirect_ms_max{10'000};
constexpr std::chrono::milliseconds k_call_ms_max{5'000};
constexpr std::chrono::milliseconds k_drain_ms_max{3'000};
constexpr std::size_t k_log_tail_bytes = 2'000;

std::string demo_name() {
    return fmt::format("smilax-demo-{}", ::getpid());
}

std::string read_file(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

bool has_ipv6() {
    return read_file("/proc/sys/net/ipv6/conf/default/disable_ipv6").starts_with('0');
}

HttpCall make_call(std::string connect, std::string host, const Request& request) {
    HttpCall call;
    call.connect = std::move(connect);
    call.host = std::move(host);
    call.method = request.method;
    call.target = request.path;
    call.headers = request.headers;
    return call;
}

/// Other demos on this machine have other addresses, as a rule.
std::uint8_t loopback_octet() {
    return static_cast<std::uint8_t>(::getpid() % 250 + 1);
}

}  // namespace

policy::Result<std::unique_ptr<Mesh>> Mesh::make(const MeshOptions& options, std::string& note) {
    if (auto done = check_kept_directory(options.keep_files); !done) {
        return policy::failed<std::unique_ptr<Mesh>>(done.error());
    }
    remove_leftover_namespaces();
    remove_leftover_directories();
    if (!options.force_loopback) {
        if (const auto refused = namespaces_refused()) {
            note = "Loopback addresses instead of network namespaces: " + *refused + ".";
        } else {
            auto made = make_of(plan_namespaces(demo_name(), has_ipv6()), options);
            if (made) {
                return made;
            }
            note = "Loopback addresses instead of network namespaces: " + made.error();
        }
    }
    Plan plan = plan_loopback(demo_name(), loopback_octet());
    use_free_ports(plan);
    return make_of(std::move(plan), options);
}

policy::Result<std::unique_ptr<Mesh>> Mesh::make_of(Plan plan, const MeshOptions& options) {
    using Made = std::unique_ptr<Mesh>;
    WorkDirectoryOptions directory;
    directory.name = plan.name;
    directory.keep = options.keep_files;
    directory.for_other_users = plan.mode == Mode::namespaces;
    auto files = WorkDirectory::make(directory);
    if (!files) {
        return policy::failed<Made>(files.error());
    }
    auto identities = Identities::make();
    if (!identities) {
        return policy::failed<Made>(identities.error());
    }
    if (auto done = identities->write_authority(files->root() + "/ca"); !done) {
        return policy::failed<Made>(done.error());
    }
    Made mesh(new Mesh(std::move(plan), std::move(*files), std::move(*identities)));
    if (auto done = mesh->write_resource("cluster.yaml", cluster_text(mesh->plan_)); !done) {
        return policy::failed<Made>(done.error());
    }
    for (const Pod& pod : mesh->plan_.pods) {
        if (auto done = mesh->make_pod_files(pod); !done) {
            return policy::failed<Made>(done.error());
        }
    }
    if (mesh->plan_.mode == Mode::loopback) {
        return mesh;
    }
    auto network = Network::make(mesh->plan_);
    if (!network) {
        return policy::failed<Made>(network.error());
    }
    mesh->network_.emplace(std::move(*network));
    for (const Pod& pod : mesh->plan_.pods) {
        if (auto done = mesh->install_redirect(pod); !done) {
            return policy::failed<Made>(done.error());
        }
    }
    return mesh;
}

Mesh::Mesh(Plan plan, WorkDirectory files, Identities identities)
    : plan_(std::move(plan)), files_(std::move(files)), identities_(std::move(identities)) {}

Mesh::~Mesh() {
    // All at once, so that they drain together.
    for (Running& running : running_) {
        running.application.terminate();
        if (running.sidecar) {
            running.sidecar->terminate();
        }
    }
    const auto end = std::chrono::steady_clock::now() + k_drain_ms_max;
    for (Running& running : running_) {
        if (running.sidecar) {
            const auto left = end - std::chrono::steady_clock::now();
            static_cast<void>(running.sidecar->wait_for(
                std::chrono::duration_cast<std::chrono::milliseconds>(left)
            ));
        }
    }
    running_.clear();  // what still runs is killed
}

policy::Result<void> Mesh::make_pod_files(const Pod& pod) {
    // People may look into a pod's folder; keys and the control socket are for their users.
    const mode_t mode = plan_.mode == Mode::namespaces ? 0755 : 0700;
    for (const std::string& path : {folder_of(pod), files_.sockets() + "/" + pod.name}) {
        if (auto done = make_directory(path, mode); !done) {
            return done;
        }
    }
    const std::string socket_folder = files_.sockets() + "/" + pod.name + "/control";
    if (auto done = make_private_directory(socket_folder, application_user()); !done) {
        return done;
    }
    if (!pod.is_meshed()) {
        return {};
    }
    const std::string identity = folder_of(pod) + "/identity";
    if (auto done = make_private_directory(identity, sidecar_user()); !done) {
        return done;
    }
    if (auto done = identities_.write(pod, identity, sidecar_user()); !done) {
        return done;
    }
    const SidecarFiles sidecar{files_.resources(), identity + "/current"};
    return replace_file(
        folder_of(pod) + "/proxy.yaml", sidecar_text(plan_, pod, sidecar), 0644, std::nullopt
    );
}

policy::Result<void> Mesh::install_redirect(const Pod& pod) const {
    if (!pod.is_meshed()) {
        return {};
    }
    ProcessOptions options;
    options.arguments = {"redirect", "install"};
    options.network_namespace = pod.network_namespace;
    options.log = folder_of(pod) + "/redirect.log";
    auto process = Process::start(options);
    if (!process) {
        return process.error();
    }
    if (process->wait_for(k_redirect_ms_max) != 0) {
        return fmt::format(
            "`smilax redirect install` failed in {}: {}",
            pod.network_namespace,
            read_file(options.log)
        );
    }
    return {};
}

policy::Result<void> Mesh::start() {
    for (const Pod& pod : plan_.pods) {
        if (auto done = start_pod(pod); !done) {
            return done;
        }
    }
    return {};
}

policy::Result<void> Mesh::start_pod(const Pod& pod) {
    ProcessOptions options;
    options.arguments = {"demo-app", "--name", pod.name};
    options.arguments.insert(
        options.arguments.end(), {"--listen", pod.application.text(), "--control", control_of(pod)}
    );
    options.network_namespace = pod.network_namespace;
    options.user = application_user();
    options.log = folder_of(pod) + "/application.log";
    auto application = Process::start(options);
    if (!application) {
        return application.error();
    }
    Running running{&pod, std::move(*application), std::nullopt};
    if (pod.is_meshed()) {
        options.arguments = {"proxy", "--config", folder_of(pod) + "/proxy.yaml"};
        options.user = sidecar_user();
        options.log = folder_of(pod) + "/proxy.log";
        auto sidecar = Process::start(options);
        if (!sidecar) {
            return sidecar.error();
        }
        running.sidecar.emplace(std::move(*sidecar));
    }
    running_.push_back(std::move(running));
    return {};
}

std::string Mesh::readiness(const Pod& pod) const {
    HttpCall call;
    call.connect = pod.admin.text();
    call.target = "/ready";
    const auto answer = call_through(pod, call);
    if (!answer) {
        return answer.error();
    }
    return answer->status == 200 ? "ready" : fmt::format("{} {}", answer->status, answer->body);
}

std::optional<std::string> Mesh::ended_sidecar() {
    for (Running& running : running_) {
        const auto code = running.sidecar ? running.sidecar->exit_code() : std::nullopt;
        if (code) {
            const std::string log = read_file(folder_of(*running.pod) + "/proxy.log");
            return fmt::format(
                "the sidecar of {} ended with code {}:\n{}",
                running.pod->name,
                *code,
                log.substr(log.size() - std::min(log.size(), k_log_tail_bytes))
            );
        }
    }
    return std::nullopt;
}

Outcome Mesh::call(const Pod& from, const Service& to, const Request& request) const {
    // Redirected on its way to the ClusterIP; or, where nothing redirects, the application
    // addresses its sidecar and Host says where to.
    const std::string connect = plan_.mode == Mode::namespaces
                                    ? policy::SocketAddress{to.cluster_ips.front(), to.port}.text()
                                    : from.outbound.text();
    return outcome_of(call_through(from, make_call(connect, to.host(), request)));
}

Outcome Mesh::call_ipv6(const Pod& from, const Service& to, const Request& request) const {
    const std::string connect = policy::SocketAddress{to.cluster_ips.back(), to.port}.text();
    return outcome_of(call_through(from, make_call(connect, to.host(), request)));
}

Outcome Mesh::call_pod(const Pod& from, const Pod& to, const Request& request) const {
    const std::string connect = policy::SocketAddress{to.address, to.port}.text();
    return outcome_of(call_through(from, make_call(connect, connect, request)));
}

policy::Result<std::vector<Sample>> Mesh::metrics(const Pod& pod) const {
    HttpCall call;
    call.connect = pod.admin.text();
    call.target = "/metrics";
    const auto answer = call_through(pod, call);
    if (!answer) {
        return policy::failed<std::vector<Sample>>(answer.error());
    }
    return parse_metrics(answer->body);
}

policy::Result<void> Mesh::write_resource(const std::string& file, std::string_view text) const {
    return replace_file(files_.resources() + "/" + file, text, 0644, std::nullopt);
}

policy::Result<void> Mesh::remove_resource(const std::string& file) const {
    const std::string path = files_.resources() + "/" + file;
    if (::unlink(path.c_str()) != 0) {
        return "cannot remove " + path + ": " + std::strerror(errno);
    }
    return {};
}

policy::Result<void> Mesh::rotate_identities() {
    for (const Pod& pod : plan_.pods) {
        if (!pod.is_meshed()) {
            continue;
        }
        if (auto done = identities_.write(pod, folder_of(pod) + "/identity", sidecar_user());
            !done) {
            return done;
        }
    }
    return {};
}

std::optional<uid_t> Mesh::sidecar_user() const {
    return plan_.mode == Mode::namespaces ? std::optional<uid_t>(k_sidecar_user) : std::nullopt;
}

std::optional<uid_t> Mesh::application_user() const {
    return plan_.mode == Mode::namespaces ? std::optional<uid_t>(k_application_user) : std::nullopt;
}

std::string Mesh::folder_of(const Pod& pod) const {
    return files_.root() + "/" + pod.name;
}

std::string Mesh::control_of(const Pod& pod) const {
    return files_.sockets() + "/" + pod.name + "/control/socket";
}

policy::Result<HttpAnswer> Mesh::call_through(const Pod& from, const HttpCall& call) const {
    HttpCall control;
    control.connect = control_of(from);
    control.method = "POST";
    control.target = "/call";
    control.body = to_json(call);
    // The application gives up first and tells why.
    control.time_max = k_call_ms_max + std::chrono::seconds(1);
    const auto answer = fetch(control);
    return answer ? parse_answer(answer->body) : answer;
}

}  // namespace proxy::command::demo
