// What TCPRoute and UDPRoute share.
#include "policy/smi/specs.hpp"

#include <utility>

namespace policy::smi {
namespace {

/// Every place where `ports` has ever stood: spec.matches.ports (v1alpha4), matches.ports (at the
/// root, by analogy with HTTPRouteGroup), spec.ports (a draft). To overlook ports that are
/// written down would open all of them.
std::vector<Field> places_of_ports(const Field& object, ObjectReader& reader) {
    std::vector<Field> places;
    const auto add_matches_of = [&](const Field& parent) {
        if (const auto matches = reader.mapping(parent, "matches")) {
            reader.refuse_unknown(*matches, {"ports", "name"});
            if (matches->node->find("ports") != nullptr) {
                places.push_back(*matches);
            }
        }
    };
    reader.refuse_unknown(object, {"apiVersion", "kind", "metadata", "spec", "status", "matches"});
    add_matches_of(object);
    if (const auto spec = reader.mapping(object, "spec")) {
        reader.refuse_unknown(*spec, {"matches", "ports"});
        add_matches_of(*spec);
        if (spec->node->find("ports") != nullptr) {
            places.push_back(*spec);
        }
    }
    return places;
}

}  // namespace

PortRoute read_port_route(
    const Field& object, Metadata metadata, bool has_ports, ObjectReader& reader
) {
    const std::size_t errors_before = reader.errors();
    PortRoute route;
    route.metadata = std::move(metadata);
    const std::vector<Field> places = places_of_ports(object, reader);
    if (places.size() > 1) {
        reader.error(
            *places[0].node->find("ports"),
            "misplaced_field",
            "ports are listed twice: leave spec.matches.ports"
        );
    } else if (!places.empty()) {
        if (!has_ports || places[0].path != "spec.matches") {
            reader.warn(
                *places[0].node->find("ports"),
                "misplaced_field",
                places[0].path +
                    ".ports is no field of this version; it is enforced all the same: "
                    "write spec.matches.ports of v1alpha4"
            );
        }
        for (const Field& item : reader.list(places[0], "ports").value_or(std::vector<Field>{})) {
            if (const auto port = reader.as_port(item)) {
                route.ports.push_back(*port);
            }
        }
    }
    route.is_spoiled = reader.errors() != errors_before;
    return route;
}

}  // namespace policy::smi
