#include "proxy/command/configuration_table.hpp"

#include "policy/identity.hpp"
#include "proxy/command/configuration_ports.hpp"
#include "tls/workload_api/endpoint.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace proxy::command {
namespace {

// --- Checks of texts ---

ValueError any_text(const std::string&) {
    return std::nullopt;
}

ValueError not_empty(const std::string& text) {
    return text.empty() ? ValueError("is empty") : std::nullopt;
}

/// Judged by the one parser of identities, with the other parts known to be good.
ValueError judge_identity(const std::string& uri) {
    const auto identity = policy::parse_identity(uri);
    if (identity.has_error()) {
        return "cannot be part of a SPIFFE identity: " + identity.error();
    }
    return std::nullopt;
}

ValueError trust_domain(const std::string& text) {
    return judge_identity("spiffe://" + text + "/ns/n/sa/s");
}

/// A namespace or a service account: the same characters are allowed in both.
ValueError identity_segment(const std::string& text) {
    if (text.find('/') != std::string::npos) {
        return "must not contain '/'";
    }
    return judge_identity("spiffe://t/ns/" + text + "/sa/s");
}

ValueError endpoint_socket(const std::string& text) {
    const auto endpoint = tls::workload_api::parse_endpoint(text);
    return endpoint.has_error() ? ValueError(endpoint.error()) : std::nullopt;
}

// --- Rows that exist once ---

ConfigurationKey resource_directories() {
    ConfigurationKey key = describe(
        {"resources",
         "directory …",
         "Directories of Kubernetes manifests: SMI, Services, EndpointSlices, Pods."}
    );
    key.is_list = true;
    key.fields = {"directory"};
    key.set = [](Configuration& configuration, const Parts& parts) -> ValueError {
        configuration.resource_directories.push_back(parts[0]);
        return not_empty(parts[0]);
    };
    key.clear = [](Configuration& configuration) { configuration.resource_directories.clear(); };
    key.show = [](Configuration&) { return std::string(); };
    return key;
}

ConfigurationKey inbound_ports() {
    ConfigurationKey key = describe({
        "inbound.ports",
        "listen=application …",
        "Where nothing redirects: the address to listen on (its port is the pod port) and the "
        "application behind it.",
    });
    key.is_list = true;
    key.fields = {"listen", "application"};
    key.set = [](Configuration& configuration, const Parts& parts) -> ValueError {
        InboundPort& port = configuration.inbound_ports.emplace_back();
        if (ValueError error = parse_address_into(parts[0], port.listen)) {
            return error;
        }
        if (ValueError error = parse_address_into(parts[1], port.application)) {
            return error;
        }
        return port.application.port == 0 ? ValueError("has no port for the application")
                                          : std::nullopt;
    };
    key.clear = [](Configuration& configuration) { configuration.inbound_ports.clear(); };
    key.show = [](Configuration&) { return std::string(); };
    return key;
}

ConfigurationKey opaque_ports() {
    ConfigurationKey key = describe(
        {"inbound.opaquePorts",
         "port …",
         "Pod ports whose bytes are never parsed (databases that speak first, for one)."}
    );
    key.is_list = true;
    key.set = [](Configuration& configuration, const Parts& parts) -> ValueError {
        const auto port = parse_port(parts[0]);
        if (port) {
            configuration.policy.opaque_ports.insert(*port);
        }
        return port ? std::nullopt : ValueError(k_no_port);
    };
    key.clear = [](Configuration& configuration) { configuration.policy.opaque_ports.clear(); };
    key.show = [](Configuration&) { return std::string(); };
    return key;
}

ConfigurationKey federated_bundles() {
    ConfigurationKey key = describe({
        "identity.trustBundles",
        "trustDomain=file …",
        "The CAs of other trust domains, each for its own members; they may be clients only. Not "
        "with the Workload API, whose agent gives these.",
    });
    key.is_list = true;
    key.fields = {"trustDomain", "file"};
    key.set = [](Configuration& configuration, const Parts& parts) -> ValueError {
        auto& bundles = configuration.identity.federated;
        const auto is_same = [&](const auto& bundle) { return bundle.trust_domain == parts[0]; };
        if (std::ranges::any_of(bundles, is_same)) {
            return "names the trust domain a second time";
        }
        bundles.push_back({parts[0], parts[1]});
        const ValueError error = trust_domain(parts[0]);
        return error ? error : not_empty(parts[1]);
    };
    key.clear = [](Configuration& configuration) { configuration.identity.federated.clear(); };
    key.show = [](Configuration&) { return std::string(); };
    return key;
}

ConfigurationKey name_forms() {
    ConfigurationKey key = describe({
        "identity.names",
        "spiffe | osm-spiffe | osm | linkerd | linkerd:NAMESPACE …",
        "How certificates of our trust domain name their workload; others than spiffe are for "
        "migration.",
    });
    key.is_list = true;
    key.set = [](Configuration& configuration, const Parts& parts) -> ValueError {
        auto form = tls::parse_name_form(parts[0]);
        if (form.has_error()) {
            return form.error();
        }
        configuration.identity.names.push_back(std::move(*form));
        return std::nullopt;
    };
    key.clear = [](Configuration& configuration) { configuration.identity.names.clear(); };
    key.show = [](Configuration& configuration) {
        std::string text;
        for (const tls::NameForm& form : configuration.identity.names) {
            text += (text.empty() ? "" : ",") + tls::text_of(form);
        }
        return text;
    };
    return key;
}

ConfigurationKey admin_listen() {
    ConfigurationKey key = describe(
        {"admin.listen",
         "ip:port | none",
         "Where /live, /ready, /metrics, /snapshot and /explain are served."}
    );
    key.set = [](Configuration& configuration, const Parts& parts) -> ValueError {
        configuration.admin_listen.reset();
        if (parts[0] == "none") {
            return std::nullopt;
        }
        return parse_address_into(parts[0], configuration.admin_listen.emplace());
    };
    key.show = [](Configuration& configuration) {
        return configuration.admin_listen ? configuration.admin_listen->text() : "none";
    };
    return key;
}

// --- The table ---

template <class T>
ConfigurationKey make_limit_key(
    std::string name, T Limits::* member, Range range, std::string help
) {
    About about{.path = "limits." + std::move(name), .form = {}, .help = std::move(help)};
    return make_number_key(std::move(about), range, [member](Configuration& configuration) -> T& {
        return configuration.limits.*member;
    });
}

void add_workload_keys(std::vector<ConfigurationKey>& keys) {
    keys.push_back(make_text_key(
        {"workload.trustDomain", "name", "The trust domain of the mesh."},
        [](Configuration& c) -> std::string& { return c.workload.trust_domain; },
        trust_domain
    ));
    keys.push_back(make_text_key(
        {"workload.namespace", "name", "The namespace of the pod (required)."},
        [](Configuration& c) -> std::string& { return c.workload.name_space; },
        identity_segment
    ));
    keys.push_back(make_text_key(
        {"workload.serviceAccount", "name", "The service account of the pod (required)."},
        [](Configuration& c) -> std::string& { return c.workload.service_account; },
        identity_segment
    ));
    keys.push_back(make_text_key(
        {"workload.pod", "name", "The name of the pod, for logs and metrics."},
        [](Configuration& c) -> std::string& { return c.workload.pod; },
        any_text
    ));
    keys.push_back(make_text_key(
        {"workload.owner.kind", "name", "What the pod belongs to: Deployment, StatefulSet …"},
        [](Configuration& c) -> std::string& { return c.owner.kind; },
        any_text
    ));
    keys.push_back(make_text_key(
        {"workload.owner.name", "name", "The name of that owner."},
        [](Configuration& c) -> std::string& { return c.owner.name; },
        any_text
    ));
}

void add_identity_keys(std::vector<ConfigurationKey>& keys) {
    keys.push_back(make_choice_key<IdentitySourceKind>(
        {"identity.source",
         {},
         "Where key and certificates come from. auto: the files or the directory named here, else "
         "the Workload API if it is named, else the first known set of files that is mounted in "
         "its usual place; none is for trying out."},
        [](Configuration& c) -> IdentitySourceKind& { return c.identity.source; },
        {{"auto", IdentitySourceKind::automatic},
         {"files", IdentitySourceKind::files},
         {"workload-api", IdentitySourceKind::workload_api},
         {"none", IdentitySourceKind::none}}
    ));
    keys.push_back(make_text_key(
        {"identity.certificate", "file", "Our certificate chain, PEM, leaf first."},
        [](Configuration& c) -> std::string& { return c.identity.certificate; },
        not_empty
    ));
    keys.push_back(make_text_key(
        {"identity.key", "file", "The private key of the certificate, PEM."},
        [](Configuration& c) -> std::string& { return c.identity.key; },
        not_empty
    ));
    keys.push_back(make_text_key(
        {"identity.credentialBundle", "file", "Key and certificate chain together in one file."},
        [](Configuration& c) -> std::string& { return c.identity.credential_bundle; },
        not_empty
    ));
    keys.push_back(make_text_key(
        {"identity.directory",
         "directory",
         "Where to look for these under the names that cert-manager, Istio, GKE, spiffe-helper and "
         "Kubernetes give them."},
        [](Configuration& c) -> std::string& { return c.identity.directory; },
        not_empty
    ));
    keys.push_back(make_text_key(
        {"identity.trustBundle", "file", "The certificates of the CAs that peers must come from."},
        [](Configuration& c) -> std::string& { return c.identity.trust_bundle; },
        not_empty
    ));
    keys.push_back(federated_bundles());
    keys.push_back(name_forms());
}

void add_endpoint_socket_key(std::vector<ConfigurationKey>& keys) {
    keys.push_back(make_text_key(
        {"identity.endpointSocket",
         "unix:///path | tcp://ip:port",
         "Where the SPIFFE Workload API is. Absent: what SPIFFE_ENDPOINT_SOCKET says."},
        [](Configuration& c) -> std::string& { return c.identity.endpoint_socket; },
        endpoint_socket
    ));
}

void add_policy_keys(std::vector<ConfigurationKey>& keys) {
    using policy::AccessMode;
    using policy::MtlsMode;
    using policy::RegexMode;
    keys.push_back(make_choice_key<std::optional<AccessMode>>(
        {"policy.access",
         {},
         "What a denial does: refuse, only be counted and logged, or not be asked for. Absent: "
         "enforce, unless the Namespace's annotation smilax.dev/access says otherwise."},
        [](Configuration& c) -> std::optional<AccessMode>& { return c.policy.access; },
        {{"enforce", AccessMode::enforce}, {"audit", AccessMode::audit}, {"off", AccessMode::off}}
    ));
    keys.push_back(make_choice_key<std::optional<MtlsMode>>(
        {"policy.mtls",
         {},
         "Whether plaintext may arrive at all. Absent: strict, unless the Namespace's annotation "
         "smilax.dev/mtls says otherwise."},
        [](Configuration& c) -> std::optional<MtlsMode>& { return c.policy.mtls; },
        {{"strict", MtlsMode::strict}, {"permissive", MtlsMode::permissive}}
    ));
    keys.push_back(make_ports_key());
    keys.push_back(make_choice_key<RegexMode>(
        {"policy.pathRegex", {}, "Whether a pathRegex matches a path's start or all of it."},
        [](Configuration& c) -> RegexMode& { return c.policy.path_regex; },
        {{"start", RegexMode::start}, {"full", RegexMode::full}}
    ));
    keys.push_back(make_choice_key<RegexMode>(
        {"policy.headerRegex", {}, "Whether a header's regex matches any part or all of it."},
        [](Configuration& c) -> RegexMode& { return c.policy.header_regex; },
        {{"search", RegexMode::search}, {"full", RegexMode::full}}
    ));
    keys.push_back(make_choice_key<bool>(
        {"policy.allowCrossNamespaceTargets",
         {},
         "Whether a TrafficTarget may be for a destination in another namespace than its own."},
        [](Configuration& c) -> bool& { return c.policy.allow_cross_namespace_targets; },
        {{"false", false}, {"true", true}}
    ));
    keys.push_back(make_choice_key<bool>(
        {"policy.escapedSlash", {}, "What happens to paths with %2F or %5C."},
        [](Configuration& c) -> bool& { return c.policy.keep_escaped_slash; },
        {{"refuse", false}, {"keep", true}}
    ));
    keys.push_back(make_choice_key<bool>(
        {"policy.emptyBackend",
         {},
         "What becomes of the share of a TrafficSplit's backend without a ready endpoint."},
        [](Configuration& c) -> bool& { return c.policy.empty_backends_fail; },
        {{"share", false}, {"fail", true}}
    ));
}

void add_traffic_keys(std::vector<ConfigurationKey>& keys) {
    keys.push_back(make_addresses_key(
        {"inbound.listen",
         {},
         "Where redirected inbound connections arrive. With inbound.ports the default is none."},
        [](Configuration& c) -> std::vector<policy::SocketAddress>& { return c.inbound_listen; }
    ));
    keys.push_back(inbound_ports());
    keys.push_back(opaque_ports());
    keys.push_back(make_addresses_key(
        {"outbound.listen", {}, "Where the application's own connections arrive."},
        [](Configuration& c) -> std::vector<policy::SocketAddress>& { return c.outbound_listen; }
    ));
    keys.push_back(admin_listen());
    keys.push_back(make_number_key(
        {"workers", {}, "Threads that carry traffic; one suffices for most pods."},
        {.min = 1, .max = 64},
        [](Configuration& c) -> std::uint32_t& { return c.workers; }
    ));
    keys.push_back(make_choice_key<std::string>(
        {"log.level", {}, "The least severe lines that are written."},
        [](Configuration& c) -> std::string& { return c.log_level; },
        {{"debug", "debug"}, {"info", "info"}, {"warning", "warning"}, {"error", "error"}}
    ));
}

void add_limit_keys(std::vector<ConfigurationKey>& keys) {
    constexpr Range bytes{.min = 1024, .max = 16 * 1024 * 1024};
    constexpr Range milliseconds{.min = 1, .max = 86'400'000};
    constexpr Range count{.min = 1, .max = 1'000'000};
    const auto add = [&keys](auto... row) { keys.push_back(make_limit_key(row...)); };
    add("headBytesMax", &Limits::head_bytes_max, bytes, "Bytes of a request or response head.");
    add("headFieldsMax", &Limits::head_fields_max, count, "Header lines of a head.");
    add("targetBytesMax", &Limits::target_bytes_max, bytes, "Bytes of a request target.");
    add("trailerBytesMax", &Limits::trailer_bytes_max, bytes, "Bytes of the trailers.");
    add("headMsMax", &Limits::head_ms_max, milliseconds, "First to last byte of a head.");
    add("detectionMsMax",
        &Limits::detection_ms_max,
        milliseconds,
        "Silence before a connection counts as opaque.");
    add("handshakeMsMax", &Limits::handshake_ms_max, milliseconds, "A TLS handshake.");
    add("connectMsMax", &Limits::connect_ms_max, milliseconds, "A connection attempt.");
    add("clientIdleMsMax",
        &Limits::client_idle_ms_max,
        milliseconds,
        "Between the requests of a client's connection.");
    add("upstreamIdleMsMax",
        &Limits::upstream_idle_ms_max,
        milliseconds,
        "A connection kept for reuse; less than servers' own.");
    add("streamIdleMsMax",
        &Limits::stream_idle_ms_max,
        milliseconds,
        "A stream without a byte in either direction.");
    add("drainMsMax",
        &Limits::drain_ms_max,
        milliseconds,
        "From SIGTERM until what is left is closed.");
    add("bufferBytes", &Limits::buffer_bytes, bytes, "A buffer of one connection's direction.");
    add("upstreamIdleConnectionsMax",
        &Limits::upstream_idle_connections_max,
        count,
        "Connections kept for reuse, per worker and upstream.");
    add("connectionsMax", &Limits::connections_max, count, "Connections of one worker.");
    add("labelSetsMax", &Limits::label_sets_max, count, "Label sets of one metric family.");
}

std::vector<ConfigurationKey> make_keys() {
    std::vector<ConfigurationKey> keys;
    add_workload_keys(keys);
    add_identity_keys(keys);
    add_endpoint_socket_key(keys);
    keys.push_back(resource_directories());
    add_policy_keys(keys);
    add_traffic_keys(keys);
    add_limit_keys(keys);
    return keys;
}

}  // namespace

const std::vector<ConfigurationKey>& configuration_keys() {
    static const std::vector<ConfigurationKey> keys = make_keys();
    return keys;
}

Configuration default_configuration() {
    Configuration configuration;
    configuration.inbound_listen = {*policy::parse_socket_address("[::]:15006")};
    configuration.outbound_listen = {
        *policy::parse_socket_address("127.0.0.1:15001"),
        *policy::parse_socket_address("[::1]:15001"),
    };
    configuration.admin_listen = policy::parse_socket_address("127.0.0.1:15020");
    return configuration;
}

}  // namespace proxy::command
