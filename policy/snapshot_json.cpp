// Snapshot::to_json: everything a decision depends on, in a stable order.
#include "policy/json_writer.hpp"
#include "policy/snapshot.hpp"
#include "policy/snapshot_data.hpp"

#include <algorithm>
#include <map>
#include <string>
#include <vector>

namespace policy {
namespace {

std::string name_text(const ObjectName& name) {
    return name.name_space + '/' + name.name;
}

void write_ports(JsonWriter& json, const PortSet& ports) {
    if (ports.is_all()) {
        json.value("all");
        return;
    }
    json.begin_array();
    for (const std::uint16_t port : ports.ports()) {
        json.value(std::uint64_t{port});
    }
    json.end_array();
}

void write_rule(JsonWriter& json, const HttpRule& rule) {
    json.begin_object();
    json.member("name", rule.name);
    if (!rule.methods.is_any()) {
        json.key("methods");
        json.begin_array();
        for (const std::string& method : rule.method_names) {
            json.value(method);
        }
        json.end_array();
    }
    if (rule.path) {
        json.member("pathRegex", rule.path->pattern());
    }
    if (!rule.headers.empty()) {
        json.key("headers");
        json.begin_array();
        for (const HeaderRule& header : rule.headers) {
            json.begin_object();
            json.member("name", header.name);
            json.member("pattern", header.matcher.pattern());
            json.end_object();
        }
        json.end_array();
    }
    json.end_object();
}

void write_rules(JsonWriter& json, const std::vector<const HttpRule*>& rules) {
    json.begin_array();
    for (const HttpRule* rule : rules) {
        write_rule(json, *rule);
    }
    json.end_array();
}

void write_pod_sources(JsonWriter& json, const std::vector<PodSource>& sources) {
    json.begin_array();
    for (const PodSource& source : sources) {
        json.begin_object();
        json.member("binding", name_text(source.binding));
        json.key("addresses");
        json.begin_array();
        for (const IpAddress& address : source.addresses) {
            json.value(address.text());
        }
        json.end_array();
        json.end_object();
    }
    json.end_array();
}

void write_target(JsonWriter& json, const CompiledTarget& target) {
    json.begin_object();
    json.member("name", name_text(target.name));
    json.key("sources");
    json.begin_array();
    for (const Identity& source : target.sources) {
        json.value(source.uri());
    }
    json.end_array();
    if (!target.pod_sources.empty()) {
        json.key("podSources");
        write_pod_sources(json, target.pod_sources);
    }
    if (target.port) {
        json.member("port", std::uint64_t{*target.port});
    }
    if (target.has_tcp) {
        json.key("tcpPorts");
        write_ports(json, target.tcp_ports);
    }
    if (target.has_udp) {
        json.key("udpPorts");
        write_ports(json, target.udp_ports);
    }
    if (target.has_http) {
        json.key("httpMatches");
        write_rules(json, target.http->rules);
    }
    json.end_object();
}

void write_endpoint(JsonWriter& json, const Endpoint& endpoint) {
    json.begin_object();
    json.member("address", endpoint.address.text());
    json.key("identity");
    if (endpoint.identity) {
        json.value(endpoint.identity->uri());
    } else {
        json.null();
    }
    json.member("meshed", endpoint.meshed);
    if (endpoint.standard) {
        json.member("standard", true);
    }
    json.member("pod", endpoint.pod);
    json.end_object();
}

void write_split(JsonWriter& json, const SplitAtPort& at_port) {
    json.begin_object();
    json.member("name", name_text(at_port.split->name));
    if (at_port.split->has_matches) {
        json.key("matches");
        write_rules(json, at_port.split->list->rules);
    }
    json.key("backends");
    json.begin_array();
    for (const WeightedBackend& weighted : at_port.backends) {
        json.begin_object();
        json.member("service", weighted.backend->service);
        json.member("weight", weighted.weight);
        json.end_object();
    }
    json.end_array();
    json.key("excluded");
    json.begin_array();
    for (const ExcludedBackend& excluded : at_port.excluded) {
        json.begin_object();
        json.member("service", excluded.service);
        json.member("reason", to_string(excluded.reason));
        json.end_object();
    }
    json.end_array();
    json.end_object();
}

void write_port(JsonWriter& json, const DestinationPort& entry) {
    json.begin_object();
    json.member("port", std::uint64_t{entry.key.port});
    if (entry.key.transport == Transport::udp) {
        json.member("protocol", "UDP");
    }
    if (entry.service != nullptr) {
        json.member("opaque", entry.service->opaque);
        json.key("endpoints");
        json.begin_array();
        for (const Endpoint& endpoint : entry.service->endpoints) {
            write_endpoint(json, endpoint);
        }
        json.end_array();
    }
    json.key("splits");
    json.begin_array();
    for (const SplitAtPort& at_port : entry.splits) {
        write_split(json, at_port);
    }
    json.end_array();
    json.end_object();
}

void write_destination(JsonWriter& json, const Destination& destination) {
    json.begin_object();
    json.member("name", name_text(destination.name));
    json.key("clusterIPs");
    json.begin_array();
    for (const IpAddress& ip : destination.cluster_ips) {
        json.value(ip.text());
    }
    json.end_array();
    json.key("ports");
    json.begin_array();
    for (const auto& entry : destination.ports) {
        write_port(json, *entry);
    }
    json.end_array();
    json.end_object();
}

template <class Mode>
void write_port_modes(JsonWriter& json, const std::map<std::uint16_t, Mode>& modes) {
    json.begin_object();
    for (const auto& [port, mode] : modes) {
        json.member(std::to_string(port), to_string(mode));
    }
    json.end_object();
}

void write_workload(JsonWriter& json, const Workload& workload) {
    json.begin_object();
    json.member("trustDomain", workload.trust_domain);
    json.member("namespace", workload.name_space);
    json.member("serviceAccount", workload.service_account);
    json.member("pod", workload.pod);
    json.end_object();
}

/// What find_endpoint() knows beyond the Services' ready endpoints.
void write_other_endpoints(JsonWriter& json, const SnapshotData& data) {
    std::vector<const Endpoint*> sorted;
    for (const Endpoint& endpoint : data.other_endpoints) {
        if (data.endpoints.at(endpoint.address) == &endpoint) {
            sorted.push_back(&endpoint);
        }
    }
    std::sort(sorted.begin(), sorted.end(), [](const Endpoint* left, const Endpoint* right) {
        return left->address < right->address;
    });
    json.begin_array();
    for (const Endpoint* endpoint : sorted) {
        write_endpoint(json, *endpoint);
    }
    json.end_array();
}

}  // namespace

std::string Snapshot::to_json() const {
    JsonWriter json(JsonWriter::Layout::indented);
    json.begin_object();
    json.member("generation", data_->generation);
    json.key("workload");
    write_workload(json, data_->workload);
    json.member("access", to_string(data_->access));
    json.key("portAccess");
    write_port_modes(json, data_->port_access);
    json.member("mtls", to_string(data_->mtls));
    json.key("portMtls");
    write_port_modes(json, data_->port_mtls);
    json.key("opaquePorts");
    write_ports(json, data_->opaque_ports);
    json.key("targets");
    json.begin_array();
    for (const CompiledTarget& target : data_->targets) {
        write_target(json, target);
    }
    json.end_array();
    json.key("invalidTargets");
    json.begin_array();
    for (const InvalidTarget& target : data_->invalid_targets) {
        json.begin_object();
        json.member("name", name_text(target.name));
        json.member("detail", target.detail);
        json.end_object();
    }
    json.end_array();
    json.key("services");
    json.begin_array();
    for (const auto& [name, destination] : data_->destinations) {
        write_destination(json, destination);
    }
    for (const auto& [host, destination] : data_->foreign_roots) {
        write_destination(json, destination);
    }
    json.end_array();
    json.key("otherEndpoints");
    write_other_endpoints(json, *data_);
    json.end_object();
    return json.text();
}

}  // namespace policy
