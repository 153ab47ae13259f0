#include "proxy/command/policy_switches.hpp"

#include "policy/identity.hpp"

#include <CLI/CLI.hpp>

#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

namespace proxy::command {
namespace {

template <class T>
using Words = std::vector<std::pair<std::string, T>>;

/// A switch that takes one of a few words; `place` has the default, if there is one.
template <class T>
void add_choice(
    CLI::App& app, const std::string& name, T& place, const Words<T>& words, const std::string& help
) {
    std::vector<std::string> names;
    std::string present;
    for (const auto& [word, value] : words) {
        names.push_back(word);
        present = value == place ? word : present;
    }
    app.add_option_function<std::string>(
           name,
           [&place, words](const std::string& given) {
               for (const auto& [word, value] : words) {
                   place = word == given ? value : place;
               }
           },
           help
    )
        ->check(CLI::IsMember(names))
        ->default_str(present);
}

void add_mode_switches(CLI::App& app, policy::Options& options) {
    using policy::AccessMode;
    using policy::MtlsMode;
    add_choice(
        app,
        "--access",
        options.access,
        Words<std::optional<AccessMode>>{
            {"enforce", AccessMode::enforce}, {"audit", AccessMode::audit}, {"off", AccessMode::off}
        },
        "The mode in the pod's own configuration, which wins over its Namespace's annotation"
    );
    add_choice(
        app,
        "--mtls",
        options.mtls,
        Words<std::optional<MtlsMode>>{
            {"strict", MtlsMode::strict}, {"permissive", MtlsMode::permissive}
        },
        "The same for mTLS; without it, and without an annotation, it is strict"
    );
}

}  // namespace

void add_policy_switches(CLI::App& app, PolicySwitches& switches) {
    using policy::RegexMode;
    policy::Options& options = switches.options;
    app.add_option("--namespace", switches.name_space, "Namespace of objects without one")
        ->capture_default_str();
    app.add_option("--trust-domain", switches.trust_domain, "Trust domain of the mesh")
        ->capture_default_str();
    add_mode_switches(app, options);
    add_choice(
        app,
        "--path-regex",
        options.path_regex,
        Words<RegexMode>{{"start", RegexMode::start}, {"full", RegexMode::full}},
        "Whether a pathRegex matches a path's start or all of it"
    );
    add_choice(
        app,
        "--header-regex",
        options.header_regex,
        Words<RegexMode>{{"search", RegexMode::search}, {"full", RegexMode::full}},
        "Whether a header's regex matches any part or all of it"
    );
    app.add_flag(
        "--allow-cross-namespace-targets",
        options.allow_cross_namespace_targets,
        "Let a TrafficTarget be for a destination in another namespace"
    );
    add_choice(
        app,
        "--escaped-slash",
        options.keep_escaped_slash,
        Words<bool>{{"refuse", false}, {"keep", true}},
        "What happens to paths with %2F or %5C"
    );
    add_choice(
        app,
        "--empty-backend",
        options.empty_backends_fail,
        Words<bool>{{"share", false}, {"fail", true}},
        "What becomes of the share of a TrafficSplit's backend without a ready endpoint"
    );
    // One value each: a greedy option would swallow the PATHs behind it.
    app.add_option_function<std::vector<std::uint16_t>>(
           "--opaque-port",
           [&options](const std::vector<std::uint16_t>& ports) {
               options.opaque_ports.insert(ports.begin(), ports.end());
           },
           "A pod port whose bytes are never parsed; may be given more than once"
    )
        ->check(CLI::Range(1, int{std::numeric_limits<std::uint16_t>::max()}))
        ->allow_extra_args(false);
}

std::optional<std::string> judge_switches(const PolicySwitches& switches) {
    // Judged where every identity is.
    const policy::Identity identity{switches.trust_domain, switches.name_space, "default"};
    const auto parsed = policy::parse_identity(identity.uri());
    if (parsed.has_error()) {
        return "--trust-domain and --namespace give no identity: " + parsed.error();
    }
    return std::nullopt;
}

}  // namespace proxy::command
