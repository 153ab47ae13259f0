#include "proxy/command/configuration_file.hpp"

#include "policy/document.hpp"
#include "proxy/command/configuration_check.hpp"
#include "proxy/command/configuration_table.hpp"
#include "proxy/command/configuration_values.hpp"
#include "proxy/command/text_file.hpp"

#include <fmt/format.h>

#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <iterator>
#include <ostream>
#include <string_view>
#include <utility>

namespace proxy::command {
namespace {

using policy::Problem;

constexpr std::string_view k_prefix = "SMILAX_";
/// SPIFFE_Workload_Endpoint §4: what every client of the Workload API looks at.
constexpr std::string_view k_endpoint_socket_variable = "SPIFFE_ENDPOINT_SOCKET";
constexpr std::size_t k_file_bytes_max = 1024 * 1024;

/// Kubernetes gives every pod variables for each Service of its namespace (docker links): for a
/// Service "smilax" these are SMILAX_SERVICE_HOST, SMILAX_SERVICE_PORT[_NAME], SMILAX_PORT and
/// SMILAX_PORT_80_TCP[_ADDR …]. None of our keys looks like that.
bool is_service_link(std::string_view name, std::string_view value) {
    const auto ends_with_port_url = [&] {
        return name.ends_with("_PORT") &&
               (value.starts_with("tcp://") || value.starts_with("udp://") ||
                value.starts_with("sctp://"));
    };
    const auto has = [name](std::string_view part) {
        return name.find(part) != std::string_view::npos;
    };
    const bool is_port_detail = has("_PORT_") && (has("_TCP") || has("_UDP") || has("_SCTP"));
    return name.ends_with("_SERVICE_HOST") || name.ends_with("_SERVICE_PORT") ||
           has("_SERVICE_PORT_") || is_port_detail || ends_with_port_url();
}

void add_problem(
    ConfigurationValues& values, policy::Origin origin, std::string code, std::string message
) {
    values.problems.push_back(
        {policy::Severity::error, std::move(origin), {}, std::move(code), std::move(message)}
    );
}

/// Returns whether the text gave a tree at all; if not, nothing can be said of missing keys.
bool read_file(const std::string& file, ConfigurationValues& values) {
    const auto text = read_text_file(file, k_file_bytes_max);
    if (text.has_error()) {
        add_problem(
            values,
            {file, 0, 0},
            "unreadable_file",
            "The configuration cannot be read: " + text.error() + "."
        );
        return false;
    }
    policy::ParsedText parsed = policy::parse_text(*text, file);
    if (!parsed.problems.empty()) {
        std::move(
            parsed.problems.begin(), parsed.problems.end(), std::back_inserter(values.problems)
        );
        return false;
    }
    if (parsed.documents.size() > 1) {
        const policy::Node& second = parsed.documents[1];
        add_problem(
            values,
            {file, second.line, second.column},
            "several_documents",
            "The configuration is one YAML document, and here begins a second: put its keys into "
            "the first."
        );
        return false;
    }
    if (!parsed.documents.empty()) {
        collect_file_values(parsed.documents[0], file, values);
    }
    return true;
}

void apply(
    const ConfigurationKey& key,
    const KeyValue& value,
    ConfigurationValues& values,
    Configuration& configuration
) {
    if (key.clear) {
        key.clear(configuration);
    }
    for (const KeyValue::Item& item : value.items) {
        if (const ValueError error = key.set(configuration, item.parts)) {
            add_problem(
                values,
                item.origin,
                "bad_value",
                fmt::format("{}: \"{}\" {}.", value.name, fmt::join(item.parts, "="), *error)
            );
            values.bad.insert(key.path);
        }
    }
}

/// What is named, else the agent that the pod was given, else what is found (smi.md §5.3).
void choose_source(const ConfigurationValues& values, IdentityConfiguration& identity) {
    if (identity.source != IdentitySourceKind::automatic) {
        return;
    }
    for (const char* path :
         {"identity.certificate", "identity.key", "identity.credentialBundle", "identity.directory"
         }) {
        if (values.has(path)) {
            identity.source = IdentitySourceKind::files;
            return;
        }
    }
    if (!identity.endpoint_socket.empty()) {
        identity.source = IdentitySourceKind::workload_api;
    }
}

void resolve_paths(Configuration& configuration, const std::filesystem::path& folder) {
    const auto resolve = [&folder](std::string& path) {
        if (!path.empty()) {
            path = (folder / path).lexically_normal().string();  // an absolute one stays
        }
    };
    resolve(configuration.identity.certificate);
    resolve(configuration.identity.key);
    resolve(configuration.identity.credential_bundle);
    resolve(configuration.identity.directory);
    resolve(configuration.identity.trust_bundle);
    for (tls::FederatedBundle& bundle : configuration.identity.federated) {
        resolve(bundle.file);
    }
    for (std::string& directory : configuration.resource_directories) {
        resolve(directory);
    }
}

}  // namespace

EnvironmentLookup process_environment() {
    EnvironmentLookup environment;
    for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
        const std::string_view text(*entry);
        const std::size_t equals = text.find('=');
        const bool is_for_us =
            text.starts_with(k_prefix) || text.substr(0, equals) == k_endpoint_socket_variable;
        if (!is_for_us || equals == std::string_view::npos) {
            continue;
        }
        const std::string_view name = text.substr(0, equals);
        const std::string_view value = text.substr(equals + 1);
        if (!is_service_link(name, value)) {
            environment.emplace(name, value);
        }
    }
    return environment;
}

policy::Result<Configuration, std::vector<Problem>> load_configuration(
    const std::string& file, const EnvironmentLookup& environment
) {
    using Outcome = policy::Result<Configuration, std::vector<Problem>>;
    ConfigurationValues values;
    values.file = file;
    const bool is_whole = read_file(file, values);
    EnvironmentLookup ours = environment;
    const auto endpoint_socket = ours.extract(std::string(k_endpoint_socket_variable));
    collect_environment_values(ours, values);

    Configuration configuration = default_configuration();
    for (const ConfigurationKey& key : configuration_keys()) {
        const auto found = values.by_path.find(key.path);
        if (found != values.by_path.end()) {
            apply(key, found->second, values, configuration);
        }
    }
    if (!endpoint_socket.empty() && !values.has("identity.endpointSocket")) {
        configuration.identity.endpoint_socket = endpoint_socket.mapped();
        configuration.identity.endpoint_socket_name = k_endpoint_socket_variable;
    }
    choose_source(values, configuration.identity);
    // Pods that name their ports have nothing that redirects.
    if (values.has("inbound.ports") && !values.has("inbound.listen")) {
        configuration.inbound_listen.clear();
    }
    if (is_whole) {
        check_configuration(configuration, values);
    }
    if (!values.problems.empty()) {
        return Outcome(boost::system::in_place_error, std::move(values.problems));
    }
    resolve_paths(configuration, std::filesystem::absolute(file).parent_path());
    return Outcome(std::move(configuration));
}

void print_configuration_reference(std::ostream& out) {
    Configuration defaults = default_configuration();
    for (const ConfigurationKey& key : configuration_keys()) {
        std::string value = key.show(defaults);
        // The compiler's own default; in the file these two have none.
        if (key.path == "workload.namespace" || key.path == "workload.serviceAccount") {
            value.clear();
        }
        out << key.path << ": " << key.form << "\n    " << key.help << "\n    "
            << key.environment_name();
        if (!value.empty()) {
            out << ", default " << value;
        }
        out << '\n';
    }
}

}  // namespace proxy::command
