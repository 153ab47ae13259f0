// Resources as text, one line per part, for the goldens in tests/data/policy.
#pragma once

#include "policy/resource.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace policy::test {

inline std::string joined(const std::vector<std::string>& words) {
    std::string text;
    for (const std::string& word : words) {
        text += (text.empty() ? "" : " ") + word;
    }
    return '[' + text + ']';
}

inline std::string joined(const std::vector<IpAddress>& addresses) {
    std::vector<std::string> words;
    for (const IpAddress& address : addresses) {
        words.push_back(address.text());
    }
    return joined(words);
}

/// Writes one resource; overloads below, one per kind.
class Describer {
 public:
    std::string operator()(const TrafficTarget& target) {
        begin("TrafficTarget", target.metadata, target.is_spoiled);
        if (target.destination) {
            line("destination " + subject(*target.destination));
        }
        if (target.port) {
            line("port " + std::to_string(*target.port));
        }
        for (const Subject& source : target.sources) {
            line("source " + subject(source));
        }
        for (const RuleReference& rule : target.rules) {
            line("rule " + rule.kind + ' ' + rule.name + ' ' + joined(rule.matches));
        }
        return text_;
    }

    std::string operator()(const HttpRouteGroup& group) {
        begin("HTTPRouteGroup", group.metadata, group.is_spoiled);
        for (const HttpMatch& match : group.matches) {
            std::string words = "match " + match.name + " path " + match.path_regex.value_or("-") +
                                " methods " + joined(match.methods);
            for (const HeaderCondition& header : match.headers) {
                words += ' ' + header.name + "~" + header.pattern;
            }
            line(words + (match.is_spoiled ? " SPOILED" : ""));
        }
        return text_;
    }

    std::string operator()(const TcpRoute& route) { return port_route("TCPRoute", route); }
    std::string operator()(const UdpRoute& route) { return port_route("UDPRoute", route); }

    std::string operator()(const TrafficSplit& split) {
        begin("TrafficSplit", split.metadata, split.is_spoiled);
        line("service " + split.service);
        for (const SplitBackend& backend : split.backends) {
            const auto weight = backend.weight_milli;
            line("backend " + backend.service + ' ' + (weight ? std::to_string(*weight) : "-"));
        }
        for (const SplitMatch& match : split.matches) {
            line("match " + match.kind + ' ' + match.name);
        }
        return text_;
    }

    std::string operator()(const Service& service) {
        begin("Service", service.metadata, false);
        line("ips " + joined(service.cluster_ips));
        for (const auto& [key, value] : service.selector) {
            line("selector " + key + '=' + value);
        }
        for (const ServicePort& port : service.ports) {
            line(
                "port " + port.name + ' ' + std::to_string(port.port) + " -> " + target_port(port) +
                ' ' + port.protocol + ' ' + port.app_protocol
            );
        }
        return text_;
    }

    std::string operator()(const EndpointSlice& slice) {
        begin("EndpointSlice", slice.metadata, false);
        line("of " + slice.service.name_space + '/' + slice.service.name);
        for (const EndpointPort& port : slice.ports) {
            line(
                "port " + port.name + ' ' + std::to_string(port.port) + ' ' + port.protocol + ' ' +
                port.app_protocol
            );
        }
        for (const EndpointEntry& entry : slice.endpoints) {
            line(
                "endpoint " + joined(entry.addresses) + (entry.is_ready ? " ready " : " unready ") +
                entry.pod
            );
        }
        return text_;
    }

    std::string operator()(const Pod& pod) {
        begin("Pod", pod.metadata, false);
        line("account " + pod.service_account + ' ' + joined(pod.addresses));
        for (const auto& [name, port] : pod.named_ports) {
            line("port " + name + ' ' + std::to_string(port));
        }
        return text_;
    }

    std::string operator()(const IdentityBinding& binding) {
        begin("IdentityBinding", binding.metadata, binding.is_spoiled);
        if (binding.pod_labels) {
            line("pods");
            for (const auto& [key, value] : *binding.pod_labels) {
                line("label " + key + '=' + value);
            }
        }
        for (const auto& id : binding.spiffe_ids) {
            line("id " + id.text + " at " + std::to_string(id.origin.line));
        }
        if (!binding.service_account.empty()) {
            line("account " + binding.service_account);
        }
        return text_;
    }

    std::string operator()(const NamespaceObject& object) {
        begin("Namespace", object.metadata, false);
        return text_;
    }

 private:
    void begin(std::string_view kind, const Metadata& metadata, bool is_spoiled) {
        text_ = std::string(kind) + ' ' + metadata.name.name_space + '/' + metadata.name.name +
                " at " + std::to_string(metadata.origin.line) + ':' +
                std::to_string(metadata.origin.column) + (is_spoiled ? " SPOILED" : "") + '\n';
        if (!metadata.creation_timestamp.empty()) {
            line("created " + metadata.creation_timestamp);
        }
        for (const auto& [key, value] : metadata.annotations) {
            line("annotation " + key + '=' + value);
        }
    }

    void line(const std::string& words) {
        std::string trimmed = words;
        while (trimmed.ends_with(' ') || trimmed.ends_with('\n')) {
            trimmed.pop_back();
        }
        text_ += "  " + trimmed + '\n';
    }

    std::string port_route(std::string_view kind, const PortRoute& route) {
        begin(kind, route.metadata, route.is_spoiled);
        for (const std::uint16_t port : route.ports) {
            line("port " + std::to_string(port));
        }
        return text_;
    }

    static std::string subject(const Subject& subject) {
        return subject.kind + ' ' + subject.name_space + '/' + subject.name;
    }

    static std::string target_port(const ServicePort& port) {
        if (const auto* number = std::get_if<std::uint16_t>(&port.target_port)) {
            return std::to_string(*number);
        }
        const auto* name = std::get_if<std::string>(&port.target_port);
        return name != nullptr ? *name : "same";
    }

    std::string text_;
};

}  // namespace policy::test
