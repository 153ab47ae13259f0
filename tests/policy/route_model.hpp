// Small random worlds for routing, and their manifests. What they mean is in route_oracle.hpp.
#pragma once

#include "tests/policy/dice.hpp"
#include "tests/policy/http_model.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace policy::test {

/// A name as text, and what it says. Empty `name`: it names no Service in any form.
struct ModelHost {
    std::string text;    // as written
    std::string folded;  // in small letters, without the dot at its end
    std::string name_space, name;
    bool is_long = false;  // "….svc…", which can be nothing but a Service
};
struct ModelServicePort {
    std::uint16_t number = 80;
    std::uint16_t pod_port = 8080;
    bool is_udp = false;
    bool is_served = true;  // the slice has a port of that name
};
struct ModelService {
    std::string name_space, name, cluster_ip;  // "None": headless
    std::vector<ModelServicePort> ports;
    std::vector<std::pair<std::string, bool>> pods;  // address, is it ready
    bool has_bare_slice = false;  // a slice without ports: the Service's targetPort says them
};
struct ModelWeight {
    const char* text;  // "": the field is absent
    // In thousandths, in v1alpha1 and later: -1 is invalid (§1.3, §1.8).
    long long quantity, number;
};
struct ModelBackend {
    ModelHost service;
    ModelWeight weight;
};
struct ModelSplitMatch {
    std::string kind, name;
};
struct ModelSplit {
    std::string name_space, name;
    int version = 4;
    std::size_t age = 0;  // of k_ages
    ModelHost root;
    std::vector<ModelBackend> backends;
    std::vector<ModelSplitMatch> matches;
    bool is_broken = false;  // a backend's name is no string
};
struct ModelRouteWorld {
    std::string caller = "shop";  // namespace of the client
    std::vector<ModelService> services;
    std::vector<ModelGroup> groups;
    std::vector<ModelSplit> splits;
};
enum class ModelTransport { http, tcp, udp };
/// Host / :authority, in parts.
struct ModelAuthority {
    std::string text;
    ModelHost host;
    std::string ip;                     // when the host is an address
    std::optional<std::uint16_t> port;  // as written
    bool is_valid = true;               // RFC 3986 §3.2, without user info
};
struct ModelAsk {
    ModelTransport transport = ModelTransport::http;
    ModelAuthority authority;
    std::optional<std::pair<std::string, std::uint16_t>> dialled;  // the original destination
    ModelRequest request;
};

struct ModelAge {
    const char* text;
    int order;  // the same instant is the same number; what is no time stamp is the newest
};
constexpr int k_newest = std::numeric_limits<int>::max();
constexpr std::array<ModelAge, 5> k_ages{{
    {"", k_newest},
    {"2024-01-01T00:00:00Z", 1},
    {"2024-01-01T01:00:00+01:00", 1},
    {"2024-06-01T00:00:00.5Z", 2},
    {"yesterday", k_newest},
}};
constexpr std::array<ModelWeight, 14> k_weights{{
    {"1", 1000, 1000},
    {"10", 10'000, 10'000},
    {"0", 0, 0},
    {"2.0", 2000, 2000},
    {"90", 90'000, 90'000},
    {"0.5", 500, -1},
    {"500m", 500, 500},
    {"\"3\"", 3000, 3000},
    {"1e3", 1'000'000, 1'000'000},
    {"-1", -1, -1},
    {".nan", -1, -1},
    {"1e30", -1, -1},
    {"[1]", -1, -1},
    {"", 0, -1},
}};
// What stands twice is chosen twice as often.
constexpr std::array<const char*, 5> k_service_names{"web", "web", "a", "b", "gone"};
constexpr std::array<const char*, 2> k_route_namespaces{"shop", "bank"};
constexpr std::array<std::uint16_t, 4> k_asked_ports{80, 80, 81, 53};

// --- Making some ---

inline std::string decorated(const std::string& folded, Dice& dice) {
    return (dice.one_in(4) ? in_capitals(folded) : folded) + (dice.one_in(4) ? "." : "");
}

/// A Service's name in one of its forms, as said in namespace `here`.
inline ModelHost random_service_host(Dice& dice, const std::string& here, bool stay_here) {
    ModelHost host;
    host.name = dice.pick(k_service_names);
    host.name_space = here;
    const int form = dice.below(4);
    if (form > 0 && !stay_here) {
        host.name_space = dice.pick(k_route_namespaces);
    }
    host.folded = host.name;
    if (form > 0) {
        host.folded += '.' + host.name_space;
        host.is_long = form > 1;
        host.folded += form == 2 ? ".svc" : form == 3 ? ".svc.cluster.local" : "";
    }
    host.text = decorated(host.folded, dice);
    return host;
}

/// Any host: mostly a Service's, else one that is none.
inline ModelHost random_host(Dice& dice, const std::string& here, bool stay_here) {
    if (!dice.one_in(5)) {
        return random_service_host(dice, here, stay_here);
    }
    ModelHost host;
    host.folded = dice.pick(std::array<const char*, 3>{
        "app.example.com", "web.shop.svc.example.com", "web.shop.cluster.local"
    });
    host.text = decorated(host.folded, dice);
    return host;
}

inline ModelService random_service(Dice& dice, std::string name_space, std::string name, int id) {
    ModelService service;
    service.name_space = std::move(name_space);
    service.name = std::move(name);
    service.cluster_ip = dice.one_in(5) ? "None" : "10.9.0." + std::to_string(id);
    for (const std::uint16_t number : {std::uint16_t{53}, std::uint16_t{81}, std::uint16_t{80}}) {
        // A Service has a port at least.
        if (number == 80 ? !service.ports.empty() && dice.one_in(6) : dice.one_in(2)) {
            continue;
        }
        ModelServicePort port;
        port.number = number;
        port.pod_port = static_cast<std::uint16_t>(8000 + id * 10 + number % 10);  // T6
        port.is_udp = number == 53 ? !dice.one_in(3) : dice.one_in(10);
        port.is_served = !dice.one_in(8);
        service.ports.push_back(port);
    }
    for (int i = dice.below(4); i > 0; --i) {
        const std::string address = "10.1." + std::to_string(id) + '.' + std::to_string(i);
        service.pods.emplace_back(address, !dice.one_in(4));
    }
    service.has_bare_slice = dice.one_in(6);
    return service;
}

inline ModelSplit random_split(Dice& dice, std::size_t index) {
    ModelSplit split;
    split.name_space = dice.one_in(4) ? "bank" : "shop";
    split.name = dice.pick(std::array<const char*, 3>{"s", "t", "r"}) + std::to_string(index);
    split.version = 1 + dice.below(4);
    split.age = static_cast<std::size_t>(dice.below(static_cast<int>(k_ages.size())));
    split.root = random_host(dice, split.name_space, !dice.one_in(8));
    for (int i = dice.below(4); i > 0; --i) {
        const ModelHost service = random_service_host(dice, split.name_space, !dice.one_in(8));
        split.backends.push_back({service, dice.one_in(2) ? k_weights[0] : dice.pick(k_weights)});
    }
    for (int i = std::max(dice.below(5) - 2, 0); i > 0; --i) {
        split.matches.push_back(
            {dice.one_in(8) ? "TCPRoute" : "HTTPRouteGroup",
             dice.pick(std::array<const char*, 3>{"g", "h", "gone"})}
        );
    }
    split.is_broken = dice.one_in(15);
    return split;
}

inline ModelRouteWorld random_route_world(Dice& dice) {
    ModelRouteWorld world;
    world.caller = dice.one_in(4) ? "bank" : "shop";
    int id = 1;
    for (const char* const name_space : k_route_namespaces) {
        for (const char* const name : {"web", "a", "b"}) {
            if (!dice.one_in(6)) {
                world.services.push_back(random_service(dice, name_space, name, id));
            }
            ++id;
        }
        for (const char* const name : {"g", "h"}) {
            world.groups.push_back({name_space, name, {}});
            for (int i = dice.below(3); i > 0; --i) {
                world.groups.back().matches.push_back(random_match(dice));
            }
        }
    }
    const auto splits = static_cast<std::size_t>(dice.below(7));
    for (std::size_t i = 0; i < splits; ++i) {
        world.splits.push_back(random_split(dice, i));
    }
    return world;
}

inline std::pair<std::string, std::uint16_t> random_address(Dice& dice) {
    const std::string last = std::to_string(1 + dice.below(7));
    return {
        (dice.one_in(3) ? "10.1." + last + ".1" : "10.9.0." + last),
        dice.one_in(4) ? std::uint16_t{8010} : dice.pick(k_asked_ports),
    };
}

inline ModelAuthority random_authority(Dice& dice, const std::string& caller) {
    ModelAuthority authority;
    if (dice.one_in(6)) {
        authority.ip = random_address(dice).first;
        authority.text = authority.ip;
    } else {
        authority.host = random_host(dice, caller, false);
        authority.text = authority.host.text;
    }
    switch (dice.below(6)) {
        case 3:
            authority.text += ':';
            break;
        case 4:
            authority.port = dice.pick(k_asked_ports);
            authority.text += ':' + std::to_string(*authority.port);
            break;
        case 5:
            authority.port = 80;
            authority.text += ":80";
            break;
        default:
            break;
    }
    if (dice.one_in(25)) {
        authority.is_valid = false;
        authority.text = dice.pick(
            std::array<const char*, 6>{"", ":80", "web:0", "web:65536", "me@web", "web:80:80"}
        );
    }
    return authority;
}

inline ModelAsk random_ask(Dice& dice, const ModelRouteWorld& world) {
    ModelAsk ask;
    ask.transport = dice.pick(std::array{
        ModelTransport::http, ModelTransport::http, ModelTransport::tcp, ModelTransport::udp
    });
    ask.authority = random_authority(dice, world.caller);
    if (ask.transport != ModelTransport::http || dice.one_in(2)) {
        ask.dialled = random_address(dice);
    }
    ask.request = random_http_request(dice);
    ask.request.authority = ask.authority.text;
    return ask;
}

// --- Their manifests ---

inline std::string manifest(const ModelService& service, Dice& dice) {
    std::vector<std::string> ports;
    std::vector<std::string> pod_ports;
    for (const ModelServicePort& port : service.ports) {
        const std::string name = "{name: p" + std::to_string(port.number) +
                                 (port.is_udp ? ", protocol: UDP" : "") + ", port: ";
        ports.push_back(
            name + std::to_string(port.number) + ", targetPort: " + std::to_string(port.pod_port) +
            '}'
        );
        if (port.is_served) {
            pod_ports.push_back(name + std::to_string(port.pod_port) + '}');
        }
    }
    const std::string place = "name: " + service.name + ", namespace: " + service.name_space;
    std::string text = "---\napiVersion: v1\nkind: Service\nmetadata: {" + place +
                       "}\nspec: {clusterIP: " + service.cluster_ip +
                       ", ports: " + flow_list(ports) + "}\n";
    const std::string served =
        flow_list(service.has_bare_slice ? std::vector<std::string>{} : pod_ports);
    // Endpoints and EndpointSlices are merged (§1.8).
    std::vector<std::string> in_slice;
    std::vector<std::string> ready;
    std::vector<std::string> unready;
    for (const auto& [address, is_ready] : service.pods) {
        if (dice.one_in(2)) {
            const std::string conditions =
                is_ready && dice.one_in(2)
                    ? ""
                    : std::string(", conditions: {ready: ") + (is_ready ? "true}" : "false}");
            in_slice.push_back("{addresses: [" + address + "]" + conditions + '}');
        } else {
            (is_ready ? ready : unready).push_back("{ip: " + address + '}');
        }
    }
    text += "---\napiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\nmetadata: {name: " +
            service.name + "-1, namespace: " + service.name_space +
            ", labels: {kubernetes.io/service-name: " + service.name +
            "}}\naddressType: IPv4\nports: " + served + "\nendpoints: " + flow_list(in_slice) +
            '\n';
    text += "---\napiVersion: v1\nkind: Endpoints\nmetadata: {" + place +
            "}\nsubsets: [{addresses: " + flow_list(ready) +
            ", notReadyAddresses: " + flow_list(unready) + ", ports: " + served + "}]\n";
    return text;
}

inline std::string manifest(const ModelSplit& split) {
    std::vector<std::string> backends;
    for (const ModelBackend& backend : split.backends) {
        const std::string weight = backend.weight.text;
        backends.push_back(
            "{service: " + backend.service.text + (weight.empty() ? "" : ", weight: " + weight) +
            '}'
        );
    }
    if (split.is_broken) {
        backends.emplace_back("{service: [a], weight: 1}");
    }
    std::vector<std::string> matches;
    for (const ModelSplitMatch& match : split.matches) {
        matches.push_back("{kind: " + match.kind + ", name: " + match.name + '}');
    }
    const std::string age = k_ages[split.age].text;
    return "---\napiVersion: split.smi-spec.io/v1alpha" + std::to_string(split.version) +
           "\nkind: TrafficSplit\nmetadata: {name: " + split.name +
           ", namespace: " + split.name_space +
           (age.empty() ? "" : ", creationTimestamp: \"" + age + '"') +
           "}\nspec: {service: " + split.root.text + ", backends: " + flow_list(backends) +
           (matches.empty() ? "" : ", matches: " + flow_list(matches)) + "}\n";
}

inline std::string manifests(const ModelRouteWorld& world, Dice& dice) {
    std::string text;
    for (const ModelService& service : world.services) {
        text += manifest(service, dice);
    }
    for (const ModelGroup& group : world.groups) {
        text += manifest(group, dice);
    }
    for (const ModelSplit& split : world.splits) {
        text += manifest(split);
    }
    return text;
}

}  // namespace policy::test
